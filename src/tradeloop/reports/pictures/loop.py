"""The loop from a decision to a better model, for the README."""

from tradeloop.reports.drawing import PICTURE_CSS
from tradeloop.reports.palette import theme_css

_WIDTH, _HIGH = 960, 372
_BOX, _TALL, _GAP = 196, 92, 44
_LEFT, _TOP, _LOW = 22, 62, 244
_ROW = 4

_STEPS = (
    ("1  Decide", "strategies and people", "decisions, fills, quotes"),
    ("2  Capture", "durable journal", "two times on each event"),
    ("3  Know", "point-in-time features", "one fold: history and live"),
    ("4  Label", "once the future came", "outcome in bps, its state"),
    ("5  Assemble", "dataset with certificate", "purged; version is a hash"),
    ("6  Learn", "calibrated model", "interval beside no-skill"),
    ("7  Signal", "same features, ONNX", "or abstain, with a reason"),
    ("8  Judge", "back-test after costs", "same scorer as live"),
)


def _place(step: int) -> tuple[int, int]:
    """Left and top of a step: four above from left to right, four below back."""
    column = step if step < _ROW else 2 * _ROW - 1 - step
    return _LEFT + column * (_BOX + _GAP), _TOP if step < _ROW else _LOW


def _box(step: int) -> str:
    x, y = _place(step)
    name, first, second = _STEPS[step]
    own = " strong" if step in (2, 4) else ""
    return (
        f'<rect class="box{own}" x="{x}" y="{y}" width="{_BOX}"'
        f' height="{_TALL}" rx="7"/>'
        f'<text class="name" x="{x + 14}" y="{y + 31}">{name}</text>'
        f'<text class="word" x="{x + 14}" y="{y + 54}">{first}</text>'
        f'<text class="word" x="{x + 14}" y="{y + 73}">{second}</text>'
    )


def _arrow(step: int) -> str:
    """Draw the way from a step to the next; the last one closes the loop."""
    (x, y), (to_x, to_y) = _place(step), _place((step + 1) % len(_STEPS))
    middle = y + _TALL // 2
    if x == to_x:
        at = x + _BOX // 2
        start, end = (y + _TALL, to_y - 3) if to_y > y else (y, to_y + _TALL + 3)
        return (
            f'<path class="way" d="M{at} {start}V{end}" marker-end="url(#loop-tip)"/>'
        )
    start, end = (x + _BOX, to_x - 3) if to_x > x else (x, to_x + _BOX + 3)
    return (
        f'<path class="way" d="M{start} {middle}H{end}" marker-end="url(#loop-tip)"/>'
    )


def loop_picture() -> str:
    """Draw the loop as an SVG file that follows the reader's light or dark.

    Returns
    -------
    str
        A whole SVG document; the same at each call.
    """
    style = (
        f"{theme_css('svg')}{PICTURE_CSS}"
        ".box{fill:var(--panel);stroke:var(--line)}"
        ".strong{stroke:var(--accent);stroke-width:1.6}"
        ".name{font-size:17px;font-weight:600;fill:var(--ink)}"
        ".word{font-size:13px;fill:var(--muted)}"
        ".lead{font-size:15px;fill:var(--ink)}"
        ".way{fill:none;stroke:var(--muted);stroke-width:1.5}"
        ".tip{fill:var(--muted)}.paper{fill:var(--paper)}"
        ".back{font-size:13px;fill:var(--accent)}"
    )
    first, last = _place(0), _place(7)
    middle = (first[1] + _TALL + last[1]) // 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" role="img"'
        f' viewBox="0 0 {_WIDTH} {_HIGH}" aria-labelledby="loop-title loop-desc">'
        '<title id="loop-title">From a decision to a better model</title>'
        '<desc id="loop-desc">Eight steps in a ring: decide, capture, know, label,'
        " assemble, learn, signal, judge; what was judged feeds the next decision."
        " Received is always labelled plus pending plus censored plus quarantined."
        "</desc>"
        f"<style>{style}</style>"
        '<defs><marker id="loop-tip" viewBox="0 0 8 8" refX="7" refY="4"'
        ' markerWidth="8" markerHeight="8" orient="auto"><path class="tip"'
        ' d="M0 0L8 4L0 8z"/></marker></defs>'
        f'<rect class="paper" width="{_WIDTH}" height="{_HIGH}"/>'
        f'<text class="lead" x="{_LEFT}" y="36">Every trading decision becomes a'
        " training row that cannot leak.</text>"
        + "".join(_arrow(step) for step in range(len(_STEPS)))
        + "".join(_box(step) for step in range(len(_STEPS)))
        + f'<text class="back" x="{first[0] + _BOX // 2 + 12}" y="{middle + 5}">'
        "what was judged feeds the next decision</text>"
        f'<text class="back" text-anchor="end" x="{_LEFT + 3 * (_BOX + _GAP) + 84}"'
        f' y="{middle + 5}">received = labelled + pending + censored + quarantined'
        "</text>"
        "</svg>\n"
    )
