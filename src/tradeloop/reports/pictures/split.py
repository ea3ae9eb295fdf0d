"""The split drawn: what each fold learns from, leaves out and is tested on."""

from typing import TYPE_CHECKING

from tradeloop.clock import NS_PER_DAY
from tradeloop.reports.drawing import Picture, dress, put
from tradeloop.reports.text import one_line
from tradeloop.reports.times import as_day, date_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tradeloop.reports.palette import Palette
    from tradeloop.reports.pictured import Span

_KINDS = ("train", "calibration", "purged", "test")
_LEAST = 0.004  # of the width: a purge of days among years must still be seen


def _folds(spans: "tuple[Span, ...]") -> list[str]:
    return list(dict.fromkeys(span.fold for span in spans))


def _colour(kind: str, p: "Palette") -> str:
    return {"train": p.fine, "calibration": p.neutral, "purged": p.bad}.get(
        kind, p.accent
    )


def _draw_spans(axes: "Axes", spans: "tuple[Span, ...]", p: "Palette") -> None:
    start = min(span.start_ns for span in spans)
    end = max(span.end_ns for span in spans)
    least = max(_LEAST * (end - start), 1.0) / NS_PER_DAY
    rows = {fold: row for row, fold in enumerate(_folds(spans))}
    for kind in _KINDS:
        for span in spans:
            if span.kind != kind:
                continue
            left, right = as_day(span.start_ns), as_day(span.end_ns)
            width = max(right - left, least)
            tall = 0.72 if kind == "purged" else 0.52
            axes.barh(rows[span.fold], width, tall, left, color=_colour(kind, p), lw=0)
            wide = width > 18 * least
            if kind in ("train", "test") and wide:
                axes.text(
                    left + width / 2,
                    rows[span.fold],
                    f"{span.rows:,}",
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color=p.paper if kind == "test" else p.ink,
                )
    axes.set_ylim(len(rows) - 0.45, -0.55)
    axes.set_yticks(range(len(rows)), [one_line(fold, 18) for fold in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(as_day(start), as_day(end) + least)


def _name_kinds(axes: "Axes", spans: "tuple[Span, ...]", p: "Palette") -> None:
    """Name the colours in a row above the folds, with the rows of each."""
    at = 0.0
    for kind in _KINDS:
        rows = sum(span.rows for span in spans if span.kind == kind)
        if not any(span.kind == kind for span in spans):
            continue
        words = f"{kind}, {rows:,} rows" if kind == "purged" else kind
        put(axes, "\u25a0", (at, 1.0), (0, 6), _colour(kind, p), size=11)
        put(axes, words, (at, 1.0), (13, 6.5), p.muted)
        at += 0.05 + 0.0095 * len(words)


def _forward(spans: "tuple[Span, ...]") -> bool:
    """Whether each test begins after all that its fold learned from has ended."""
    tests = {s.fold: s.start_ns for s in spans if s.kind == "test"}
    learned = [s for s in spans if s.kind in ("train", "calibration")]
    return all(s.end_ns <= tests.get(s.fold, s.end_ns) for s in learned)


def split_picture(spans: "tuple[Span, ...]") -> Picture:
    """Draw the folds over time.

    Parameters
    ----------
    spans : tuple of Span
        At least one. Purged spans are drawn at least wide enough to be seen.
    """
    folds = len(_folds(spans))

    def draw(palette: "Palette") -> "Figure":
        from matplotlib.figure import Figure  # noqa: PLC0415

        high = 1.15 + 0.36 * folds
        figure = Figure(figsize=(9.6, high))
        axes = figure.subplots()
        dress(axes, palette, grid="x")
        _draw_spans(axes, spans, palette)
        _name_kinds(axes, spans, palette)
        date_axis(axes, palette.muted)
        axes.set_xlabel("Time of the decision (UTC)")
        axes.set_ylabel("Fold")
        figure.subplots_adjust(
            left=0.105, right=0.985, top=1 - 0.34 / high, bottom=0.55 / high
        )
        return figure

    purged = sum(span.rows for span in spans if span.kind == "purged")
    tested = sum(span.rows for span in spans if span.kind == "test")
    seen = (
        "saw only what came before" if _forward(spans) else "also saw what came later"
    )
    return Picture(
        "split",
        f"{folds} folds test {tested:,} decisions, each on a model that {seen};"
        f" {purged:,} rows purged",
        "One row per fold over time: what the model learned from, what it was"
        " calibrated on, what was left out because its label reaches into the test, and"
        " the test. Figures in the bars are decisions.",
        draw,
    )
