"""Cut frames of decisions and prices into spans, instrument by instrument.

1. The frames are checked: columns, nulls, sides, ids, benchmark.
2. Each instrument gets the path of its prices: ticks where there are quotes of it,
   else bars.
3. For each horizon a span is cut.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.events import BAR, DECISION, QUOTE, Record
from tradeloop.labels.base import PricePath, bar_path, tick_path
from tradeloop.labels.rules import LabelPlan
from tradeloop.labels.span import Span, span

_SIDES = (-1, 0, 1)
_DECISION = ("decision_id", "instrument", "side", "received_ns")
_QUOTE = ("instrument", "event_ns", "received_ns", "bid", "ask")
_BAR = ("instrument", "open_ns", "event_ns", "received_ns", "high", "low", "close")


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Decisions on one instrument, with their spans.

    Parameters
    ----------
    instrument : str
        Name of the instrument.
    rows : ndarray of shape (n,)
        Rows of the decisions in their frame.
    spans : tuple of Span
        One per horizon of the plan.
    """

    instrument: str
    rows: NDArray[np.intp]
    spans: tuple[Span, ...]


def need_columns(
    frame: pl.DataFrame, columns: Sequence[str], record: Record, *, who: str = "Labels"
) -> None:
    """Refuse a frame without these columns, or with a null in one.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows of the record.
    columns : sequence of str
        What is needed.
    record : Record
        Names the frame in errors.
    who : str
        Who needs them.

    Raises
    ------
    InputError
        A column is absent (the nearest one is given) or holds a null.
    """
    source = f"{record.kind}s"
    for name in columns:
        if name not in frame.columns:
            near = get_close_matches(name, frame.columns, n=1, cutoff=0.0)
            raise InputError(
                f"{who} need the column {name!r}; it is absent.",
                way_out=f"Is it {near[0]!r}? Then rename it." if near else "Add it.",
                source=source,
                column=name,
            )
        if frame[name].null_count():
            raise InputError(
                f"{name} must have a value in every row, was null.",
                way_out="Put such rows aside.",
                source=source,
                column=name,
                row=int(frame[name].is_null().arg_max() or 0),
            )


def _check_columns(
    frame: pl.DataFrame, columns: Sequence[str], record: Record
) -> pl.DataFrame:
    """Return these columns in the record's types; refuse absent ones and nulls."""
    need_columns(frame, columns, record)
    return frame.select(pl.col(name).cast(record.schema[name]) for name in columns)


def _check_decisions(decisions: pl.DataFrame, benchmark: str | None) -> None:
    outside = ~decisions["side"].is_in(_SIDES)
    if outside.any():
        row = int(outside.arg_max() or 0)
        raise InputError(
            f"side must be +1, -1 or 0, was {decisions['side'][row]}.",
            way_out="Write +1 for a buy, -1 for a sell, 0 for no trade.",
            source="decisions",
            column="side",
            row=row,
        )
    twice = decisions["decision_id"].is_duplicated()
    if twice.any():
        row = int(twice.arg_max() or 0)
        raise InputError(
            f"decision_id must be unique, {decisions['decision_id'][row]!r} is not.",
            way_out="Give each decision its own id.",
            source="decisions",
            column="decision_id",
            row=row,
        )
    if decisions.height and decisions["instrument"].unique().to_list() == [benchmark]:
        raise InputError(
            f"The benchmark {benchmark!r} is the instrument of every decision.",
            way_out="Measure against another instrument, or against cash.",
            source="benchmark",
        )


def _only(decisions: pl.DataFrame, decision_id: str) -> pl.DataFrame:
    found = decisions.filter(pl.col("decision_id") == decision_id)
    if found.height:
        return found
    ids = decisions["decision_id"].head(10_000).to_list()  # nearest of a few is enough
    near = get_close_matches(decision_id, ids, n=1, cutoff=0.0)
    raise InputError(
        f"There is no decision {decision_id!r}.",
        way_out=f"Did you mean {near[0]!r}?" if near else "Give some decisions.",
        source="decision_id",
    )


class Prices:
    """Price paths of the instruments that are asked for.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, any)
        Columns of the bar record.
    quotes : polars.DataFrame of shape (n_quotes, any), or None
        Columns of the quote record.

    Raises
    ------
    InputError
        A column is absent or holds a null.
    """

    def __init__(self, bars: pl.DataFrame, quotes: pl.DataFrame | None) -> None:
        given = _check_columns(bars, _BAR, BAR)
        ticks = QUOTE.empty() if quotes is None else quotes
        self._none = given.clear()
        self._bars = given.partition_by("instrument", as_dict=True)
        self._ticks = _check_columns(ticks, _QUOTE, QUOTE).partition_by(
            "instrument", as_dict=True
        )

    def path(self, instrument: str) -> PricePath:
        """Ticks where there are quotes of the instrument, else bars; maybe no rows."""
        if (instrument,) in self._ticks:
            return tick_path(self._ticks[(instrument,)])
        return bar_path(self._bars.get((instrument,), self._none))

    def benchmark(self, name: str | None) -> PricePath | None:
        """Path of the benchmark; None for cash.

        Raises
        ------
        InputError
            There are no prices of it; the nearest name that has some is given.
        """
        if name is None:
            return None
        known = sorted({str(key[0]) for key in (*self._bars, *self._ticks)})
        if name in known:
            return self.path(name)
        near = get_close_matches(name, known, n=1, cutoff=0.0)
        raise InputError(
            f"The benchmark {name!r} has no prices.",
            way_out=f"Did you mean {near[0]!r}?" if near else "Give prices of it.",
            source="benchmark",
        )


def groups(
    decisions: pl.DataFrame,
    bars: pl.DataFrame,
    quotes: pl.DataFrame | None,
    plan: LabelPlan,
    *,
    only_id: str | None = None,
) -> Iterator[Group]:
    """Cut the spans of all decisions, instrument by instrument.

    Parameters
    ----------
    decisions, bars, quotes
        As in `labels.apply.label`.
    plan : LabelPlan
        Horizons, benchmark, bounds, costs and waits.
    only_id : str, optional
        Cut only the decision of this id; all are checked.

    Raises
    ------
    InputError
        As in `labels.apply.label`, or there is no decision of the id (the nearest one
        is given).
    """
    wanted = _check_columns(decisions, _DECISION, DECISION)
    _check_decisions(wanted, plan.benchmark)
    prices = Prices(bars, quotes)
    benchmark = prices.benchmark(plan.benchmark)
    numbered = wanted.with_row_index("row")
    if only_id is not None:
        numbered = _only(numbered, only_id)
    parts = numbered.partition_by("instrument", as_dict=True)
    for (name,), part in parts.items():
        path, own = prices.path(str(name)), name == plan.benchmark
        times, side = part["received_ns"].to_numpy(), part["side"].to_numpy()
        spans = tuple(
            span(
                times,
                side,
                path,
                horizon_ns=horizon_ns,
                plan=plan,
                benchmark=benchmark,
                own_benchmark=own,
            )
            for horizon_ns in plan.horizons_ns
        )
        yield Group(str(name), part["row"].to_numpy().astype(np.intp), spans)
