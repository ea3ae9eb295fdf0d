"""Execution truth of each fill: spreads, markouts, and whether it can be believed.

1. Fills are joined to their decisions and orders (`market.book_of`).
2. Each instrument's fills get the mids as of them and at the horizons (`Marks`).
3. What cannot have happened as told is marked (`suspicion`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.labels.base import CENSORED, MISSING_NS, PENDING, Floats, Times
from tradeloop.labels.execution.market import Book, Market, book_of, rows_of
from tradeloop.labels.execution.markouts import markout
from tradeloop.labels.execution.mids import Known, nothing
from tradeloop.labels.execution.rule import ExecutionRule, checked_horizons
from tradeloop.labels.execution.schema import fill_schema, shaped
from tradeloop.labels.execution.spreads import effective_spread, spreads
from tradeloop.labels.execution.suspicion import (
    bar_over,
    better_than_market,
    outside_bar,
    suspicions,
)

_RULE = ExecutionRule()


def put(into: Known, rows: NDArray[np.intp], values: Known) -> None:
    """Write values at these rows."""
    into.value[rows], into.end_ns[rows] = values.value, values.end_ns
    into.state[rows] = values.state


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Mids that fills are measured against.

    Parameters
    ----------
    mid : ndarray of shape (n_fills,)
        As of each fill, NaN where there is none.
    mid_ns : ndarray of shape (n_fills,)
        When it was known.
    quoted : ndarray of shape (n_fills,)
        Whether it is a mid of quotes.
    later : mapping of str to Known
        Mid at each horizon.
    better : Known
        1 where the fill is better than every quote of its moment.
    held : Known
        When it was known which bar held the fill.
    """

    mid: Floats
    mid_ns: Times
    quoted: NDArray[np.bool_]
    later: Mapping[str, Known]
    better: Known
    held: Known

    def of(self, rows: NDArray[np.intp]) -> "Marks":
        """Take the marks of some of the fills."""
        return Marks(
            self.mid[rows],
            self.mid_ns[rows],
            self.quoted[rows],
            {h: each.at(rows) for h, each in self.later.items()},
            self.better.at(rows),
            self.held.at(rows),
        )


def marks_of(fills: pl.DataFrame, market: Market, horizons: Mapping[str, int]) -> Marks:
    """Look up the mids of fills, instrument by instrument.

    Parameters
    ----------
    fills : polars.DataFrame of shape (n_fills, any)
        Columns of FILL.
    market : Market
        Prices.
    horizons : mapping of str to int
        Text of each horizon, and ns.
    """
    n = fills.height
    made = Marks(
        np.full(n, np.nan),
        np.full(n, MISSING_NS),
        np.zeros(n, dtype=np.bool_),
        {h: nothing(n) for h in horizons},
        nothing(n),
        nothing(n),
    )
    at_ns, side = fills["event_ns"].to_numpy(), fills["side"].to_numpy()
    price = fills["price"].to_numpy()
    for name, rows in rows_of(fills).items():
        mids, t = market.mids(name), at_ns[rows]
        made.mid[rows], made.mid_ns[rows] = mids.then(t), mids.known_then(t)
        made.quoted[rows] = mids.quoted
        for h, horizon_ns in horizons.items():
            put(made.later[h], rows, mids.later(t, horizon_ns))
        quotes, bars = (market.part(kind, name) for kind in ("quotes", "bars"))
        better = better_than_market(quotes, side[rows], price[rows], t, market.rule)
        put(made.better, rows, better)
        put(made.held, rows, bar_over(bars, t, market.rule))
    return made


@dataclass(frozen=True, slots=True, eq=False)
class FillFigures:
    """Figures of fills; all of one horizon stand and fall together.

    Parameters
    ----------
    effective : ndarray of shape (n_fills,)
    realised, impact : mapping of str to ndarray of shape (n_fills,)
        By horizon.
    markouts : mapping of str to Known
        By horizon, with the times at which all of the horizon was known.
    """

    effective: Floats
    realised: Mapping[str, Floats]
    impact: Mapping[str, Floats]
    markouts: Mapping[str, Known]


def figures_of(fills: pl.DataFrame, marks: Marks) -> FillFigures:
    """Spreads and markouts of fills; spreads only where there are quotes."""
    side = fills["side"].to_numpy().astype(np.float64)
    price, received = fills["price"].to_numpy(), fills["received_ns"].to_numpy()
    mid = np.where(marks.quoted, marks.mid, np.nan)
    realised, impact, gained = {}, {}, {}
    for h, later in marks.later.items():
        cut = spreads(side, price, mid, later.value)
        realised[h], impact[h] = cut.realised, cut.impact
        value = markout(side, price, marks.mid, later.value)
        good = ~np.isnan(value)
        end = np.maximum(np.maximum(later.end_ns, received), marks.mid_ns)
        state = np.where(np.isnan(marks.mid), CENSORED, later.state)
        gained[h] = Known(value, np.where(good, end, MISSING_NS), state.astype(np.int8))
    return FillFigures(effective_spread(side, price, mid), realised, impact, gained)


def suspects_of(fills: pl.DataFrame, marks: Marks, market: Market) -> pl.DataFrame:
    """Say which fills cannot have happened as told.

    Returns
    -------
    polars.DataFrame of shape (n_fills, 2)
        ``fill_suspect_reason`` and ``price_is``.
    """
    known = market.bars.filter(
        pl.max_horizontal("received_ns", "event_ns") <= market.rule.known_until_ns
    )
    held = outside_bar(fills, known, market.rule.price_tolerance)
    told = fills.with_columns(
        *held.get_columns(), pl.Series("better", marks.better.value > 0)
    )
    reason = suspicions(told, market.rule).alias("fill_suspect_reason")
    return pl.DataFrame([reason, held["price_is"]])


def _end_ns(fills: pl.DataFrame, marks: Marks, figures: FillFigures) -> pl.Series:
    """When all of each fill was known; null while a horizon is pending."""
    end = np.maximum(fills["received_ns"].to_numpy(), marks.mid_ns)
    pending = np.zeros(end.shape, dtype=np.bool_)
    for gained in (*figures.markouts.values(), marks.better, marks.held):
        end = np.maximum(end, gained.end_ns)
        pending |= gained.state == PENDING
    return times(np.where(pending, MISSING_NS, end))


def times(values: Times) -> pl.Series:
    """Return times as a column, `MISSING_NS` as null."""
    series = pl.Series(values, dtype=pl.Int64)
    return series.set(series == MISSING_NS, None)


def fill_truth(
    fills: pl.DataFrame,
    bars: pl.DataFrame,
    quotes: pl.DataFrame | None = None,
    *,
    horizons_ns: Sequence[int],
    decisions: pl.DataFrame | None = None,
    orders: pl.DataFrame | None = None,
    rule: ExecutionRule = _RULE,
) -> pl.DataFrame:
    """Measure each fill against the market of its moment and of some horizons.

    Parameters
    ----------
    fills : polars.DataFrame of shape (n_fills, any)
        Columns of the record FILL.
    bars : polars.DataFrame of shape (n_bars, any)
        Columns of the bar record; may be empty.
    quotes : polars.DataFrame of shape (n_quotes, any), optional
        Columns of the quote record. Without them spreads are null, and markouts are
        measured against closes.
    horizons_ns : sequence of int
        From the fill on, different, above 0.
    decisions, orders : polars.DataFrame, optional
        Rows of DECISION and ORDER_EVENT: tell which fills are too early.
    rule : ExecutionRule
        Clock, waits, tolerances, and as of when.

    Returns
    -------
    polars.DataFrame of shape (n_fills, n_columns)
        One row per fill that was known, in the order given; columns of `fill_schema`.
        What is not known is null, never 0.

    Raises
    ------
    InputError
        A column is absent or holds a null, a horizon is not above 0, a price of the
        market is not above 0.
    """
    horizons = checked_horizons(horizons_ns)
    market = Market.of(bars, quotes, None, rule)
    book = book_of(decisions, fills, orders, market)
    marks = marks_of(book.fills, market, horizons)
    figures = figures_of(book.fills, marks)
    suspects = suspects_of(book.fills, marks, market)
    columns = {name: book.fills[name] for name in _as_given(book)}
    columns |= {name: suspects[name] for name in suspects.columns}
    reason = suspects["fill_suspect_reason"]
    source = np.where(marks.quoted, "quotes", "bars")
    columns |= {
        "fill_suspect": reason.is_not_null(),
        "mid": pl.Series(marks.mid),
        "mid_from": pl.Series(source).set(pl.Series(np.isnan(marks.mid)), None),
        "effective_bps": pl.Series(figures.effective),
        "end_ns": _end_ns(book.fills, marks, figures),
    }
    for h, gained in figures.markouts.items():
        columns[f"realised_bps_{h}"] = pl.Series(figures.realised[h])
        columns[f"impact_bps_{h}"] = pl.Series(figures.impact[h])
        columns[f"markout_bps_{h}"] = pl.Series(gained.value)
        columns[f"markout_end_ns_{h}"] = times(gained.end_ns)
    return shaped(columns, fill_schema(horizons_ns))


def _as_given(book: Book) -> list[str]:
    kept = ("of", "decided_ns", "arrival_ns", "venue", "liquidity", "algorithm")
    return [n for n in book.fills.columns if n not in (*kept, "parameters")]
