"""Thresholds as rules: what is too bad raises an alarm, or is put aside with a reason.

A rule is data: which figure, of what, below (or for missing_share above) which limit,
and what then. Nothing is lost: whatever is put aside stands in the second frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from tradeloop.errors import InputError
from tradeloop.quality.anomalies.late_tick import source_of
from tradeloop.quality.base import Found
from tradeloop.quality.grouping import MEASURES, window_of

ALARM: Literal["alarm"] = "alarm"
QUARANTINE: Literal["quarantine"] = "quarantine"
REASON = "reason"
"""Column of a quarantined row that says why."""
CERTAIN = (
    "broken_bar",
    "crossed_quote",
    "duplicate_row",
    "duplicate_tick",
    "receive_clock_behind",
)
"""Detectors whose rows are wrong for certain; what is only odd may be news."""
_MARKS = {"_row": pl.UInt32, REASON: pl.String}


@dataclass(frozen=True, slots=True)
class QualityRule:
    """A threshold, and what follows when a figure does not reach it.

    Parameters
    ----------
    measure : str
        One of `MEASURES`. For ``missing_share`` more is worse, for all others less is.
    limit : float
        0 to 1; a figure at the limit is good.
    action : {"alarm", "quarantine"}
        Whether somebody is told, or the rows behind the figure are put aside.

    Raises
    ------
    InputError
        The measure or the action is unknown, or the limit is not between 0 and 1.
    """

    measure: str
    limit: float
    action: Literal["alarm", "quarantine"] = ALARM

    def __post_init__(self) -> None:
        known = {"measure": MEASURES, "action": (ALARM, QUARANTINE)}
        for name, values in known.items():
            if getattr(self, name) not in values:
                raise InputError(
                    f"{name} must be one of {', '.join(values)}, was "
                    f"{getattr(self, name)!r}.",
                    way_out="Choose one of them.",
                    source="quality rule",
                    column=name,
                )
        if not 0 <= self.limit <= 1:
            raise InputError(
                f"A limit lies between 0 and 1, was {self.limit}.",
                way_out="Measures are shares, not per cent.",
                source="quality rule",
                column="limit",
            )

    def broken_by(self, value: float | None) -> bool:
        """Tell whether a figure breaks the rule; one that is absent breaks none."""
        if value is None:
            return False
        if self.measure == "missing_share":
            return value > self.limit
        return value < self.limit


@dataclass(frozen=True, slots=True)
class Breach:
    """A figure that broke a rule.

    Parameters
    ----------
    rule : QualityRule
        The rule.
    group : tuple
        Pairs of key and value that say whose figure it is; empty for the whole.
    value : float
        The figure.
    reason : str
        All of it in a sentence.
    """

    rule: QualityRule
    group: tuple[tuple[str, object], ...]
    value: float
    reason: str


def breaches(figures: pl.DataFrame, rules: Sequence[QualityRule]) -> tuple[Breach, ...]:
    """Hold figures against rules.

    Parameters
    ----------
    figures : polars.DataFrame
        What `by_instrument`, `by_source`, `over_time`, `by_column` or a live stream
        returned: keys, rows and measures.
    rules : sequence of QualityRule
        In the order in which breaches are told.

    Returns
    -------
    tuple of Breach
        Rule by rule, in the order of the figures.
    """
    keys = [name for name in figures.columns if name not in (*MEASURES, "rows")]
    found = []
    for rule in rules:
        for row in figures.iter_rows(named=True):
            value = row[rule.measure]
            if rule.broken_by(value):
                group = tuple((key, row[key]) for key in keys)
                found.append(Breach(rule, group, value, _sentence(rule, group, value)))
    return tuple(found)


def _sentence(
    rule: QualityRule, group: tuple[tuple[str, object], ...], value: float
) -> str:
    of = ", ".join(f"{key} {each}" for key, each in group)
    side = "above" if rule.measure == "missing_share" else "below"
    whose = f" of {of}" if of else ""
    return f"{rule.measure}{whose} is {value:.4f}, {side} {rule.limit:g}"


def split_rows(
    frame: pl.DataFrame,
    found: Found,
    *,
    kind: str = "bar",
    breached: Sequence[Breach] = (),
    window_ns: int | None = None,
    detectors: Sequence[str] = CERTAIN,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split rows into good ones and quarantined ones, with reasons.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, any)
        The bars, or the ticks of a kind, that ``found`` speaks of, in the same order.
    found : mapping of str to polars.DataFrame
        What `find_all` found in them.
    kind : str
        ``bar``, ``quote``, ``trade`` or ``book_delta``.
    breached : sequence of Breach
        Those whose action is quarantine put all rows of their group aside: of an
        instrument, of a window, or of both.
    window_ns : int, optional
        Length of the windows that breaches speak of.
    detectors : sequence of str
        Detectors whose rows are put aside, by default those of `CERTAIN`.

    Returns
    -------
    good : polars.DataFrame
        Rows that nothing speaks against, in their order.
    quarantined : polars.DataFrame
        All other rows, in their order, with the column ``reason``: what was found,
        joined by "; ".

    Raises
    ------
    InputError
        A breach speaks of windows and ``window_ns`` is missing.
    """
    marks = [_marks(name, found[name], kind) for name in detectors if name in found]
    numbered = frame.with_row_index("_row")
    for breach in breached:
        if breach.rule.action == QUARANTINE:
            rows = numbered.filter(_of_group(breach, window_ns))
            marks.append(rows.select("_row", reason=pl.lit(breach.reason)))
    reasons = (
        pl.concat(marks or [pl.DataFrame(schema=_MARKS)])
        .unique(maintain_order=True)
        .group_by("_row", maintain_order=True)
        .agg(pl.col(REASON).str.join("; "))
    )
    told = numbered.join(reasons, on="_row", how="left", maintain_order="left")
    aside = pl.col(REASON).is_not_null()
    return (
        told.filter(~aside).drop("_row", REASON),
        told.filter(aside).drop("_row"),
    )


def _marks(name: str, rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Rows of a kind that a detector found, with its name for a reason."""
    if "kind" in rows.columns:
        rows = rows.filter(pl.col("kind") == kind)
    elif kind != "bar":
        rows = rows.clear()
    column = next((n for n in ("row", "rows") if n in rows.columns), None)
    if column is None:
        return pl.DataFrame(schema=_MARKS)
    places = rows[column].explode() if column == "rows" else rows[column]
    return pl.DataFrame({"_row": places.drop_nulls().cast(pl.UInt32)}).with_columns(
        pl.lit(name).alias(REASON)
    )


def _of_group(breach: Breach, window_ns: int | None) -> pl.Expr:
    """Rows of the group whose figure broke a rule."""
    chosen = pl.lit(value=True)
    for key, value in breach.group:
        if key == "window_ns":
            if window_ns is None:
                raise InputError(
                    "A breach speaks of a window of time whose length is not known.",
                    way_out="Pass the window_ns that over_time was called with.",
                    source="window_ns",
                )
            chosen &= window_of(pl.col("event_ns"), window_ns) == value
        elif key == "instrument":
            chosen &= pl.col("instrument") == value
        elif key == "source":
            chosen &= source_of(pl.col("instrument")) == value
        else:
            raise InputError(
                f"Rows cannot be put aside by {key}.",
                way_out="Quarantine by figures of by_instrument, by_source or "
                "over_time; take an alarm for others.",
                source="breached",
                column=key,
            )
    return chosen
