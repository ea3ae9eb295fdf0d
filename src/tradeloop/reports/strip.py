"""A small picture beside a figure: its interval, itself, and the baseline."""

from tradeloop.reports.report import Measure

_WIDTH, _HIGH, _EDGE = 200.0, 18.0, 6.0

Scale = tuple[float, float]


def scale_of(measures: tuple[Measure, ...]) -> Scale | None:
    """Find the scale on which all of the figures can be drawn.

    Parameters
    ----------
    measures : tuple of Measure
        Figures of one kind.

    Returns
    -------
    tuple of float, or None
        Lowest and highest of values, intervals and baselines, with room; None where no
        figure has an interval.
    """
    ends = [
        number
        for m in measures
        if m.low is not None and m.high is not None
        for number in (m.low, m.high, m.value, m.baseline)
        if number is not None
    ]
    if not ends:
        return None
    low, high = min(ends), max(ends)
    room = 0.04 * (high - low) or abs(high) or 1.0
    return low - room, high + room


def strip(measure: Measure, scale: Scale | None = None) -> str:
    """Draw the interval of a figure as a line, the figure as a dot on it.

    Parameters
    ----------
    measure : Measure
        The figure.
    scale : tuple of float, optional
        Lowest and highest number of the strip, to compare several; else its own.

    Returns
    -------
    str
        An SVG element, hidden from screen readers, since the words stand beside it.
        Empty where the figure has no interval.
    """
    scale = scale or scale_of((measure,))
    if scale is None or measure.low is None or measure.high is None:
        return ""

    def at(number: float) -> str:
        share = (number - scale[0]) / (scale[1] - scale[0])
        return f"{_EDGE + share * (_WIDTH - 2 * _EDGE):.1f}"

    middle = _HIGH / 2
    parts = [
        f'<line class="rule" x1="0" x2="{_WIDTH:g}" y1="{middle:g}" y2="{middle:g}"/>'
    ]
    if measure.baseline is not None:
        x = at(measure.baseline)
        parts.append(
            f'<line class="base" x1="{x}" x2="{x}" y1="1" y2="{_HIGH - 1:g}"/>'
        )
    low, high = at(measure.low), at(measure.high)
    parts.append(
        f'<line class="span" x1="{low}" x2="{high}" y1="{middle:g}" y2="{middle:g}"/>'
    )
    if measure.value is not None:
        dot = at(measure.value)
        parts.append(f'<circle class="dot" cx="{dot}" cy="{middle:g}" r="4.2"/>')
    box = f"0 0 {_WIDTH:g} {_HIGH:g}"
    body = "".join(parts)
    where = f'viewBox="{box}" preserveAspectRatio="xMinYMid" aria-hidden="true"'
    return f'<svg class="strip" {where}>{body}</svg>'
