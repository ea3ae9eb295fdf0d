"""Execution truth of each decision: the shortfall in its parts, slippage, markouts.

1. Decisions, orders and fills are joined (`market`, `desk`).
2. Prices are looked up, instrument by instrument (`desk.priced`, `fill_truth`).
3. The figures of the fills are weighted by quantity; the shortfall is split.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.labels.base import CENSORED, LABELLED, MISSING_NS, PENDING, Floats
from tradeloop.labels.execution.desk import (
    ARRIVALS,
    QUANTITIES,
    TAPES,
    Desk,
    Priced,
    desk_of,
    doubted,
    doubts,
    priced,
    settled_ns,
)
from tradeloop.labels.execution.fill_truth import (
    FillFigures,
    Marks,
    figures_of,
    marks_of,
    suspects_of,
    times,
)
from tradeloop.labels.execution.market import Market, book_of
from tradeloop.labels.execution.mids import Known
from tradeloop.labels.execution.rule import ExecutionRule, checked_horizons
from tradeloop.labels.execution.schema import execution_schema, shaped
from tradeloop.labels.execution.shortfall import Shortfall, shortfall
from tradeloop.labels.execution.slippage import slippage, slippage_known

_RULE = ExecutionRule()


def execution_truth(
    decisions: pl.DataFrame,
    fills: pl.DataFrame,
    bars: pl.DataFrame,
    quotes: pl.DataFrame | None = None,
    orders: pl.DataFrame | None = None,
    *,
    horizons_ns: Sequence[int],
    trades: pl.DataFrame | None = None,
    rule: ExecutionRule = _RULE,
) -> pl.DataFrame:
    """Measure how each decision was executed.

    Only fills of the decision's own instrument and side execute it; others that name it
    are counted (``fills_left_out``). A decision that was ordered and never filled has a
    row too: all of it is opportunity.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n_decisions, any)
        Columns decision_id (unique), instrument, side, received_ns; event_ns if there
        is one. Optional column ``quantity``: units that were to be traded; else the
        most that the orders committed at any time (`orders`); else what was filled.
    fills : polars.DataFrame of shape (n_fills, any)
        Columns of the record FILL.
    bars : polars.DataFrame of shape (n_bars, any)
        Columns of the bar record; may be empty.
    quotes : polars.DataFrame of shape (n_quotes, any), optional
        Columns of the quote record. Without them spreads are null, and closes stand in
        for mids in all else.
    orders : polars.DataFrame of shape (n_events, any), optional
        Rows of the record ORDER_EVENT: quantity and arrival.
    horizons_ns : sequence of int
        Of realised spread, impact and markouts, from each fill on; different, above 0.
    trades : polars.DataFrame of shape (n_trades, any), optional
        Columns of the record TRADE, for the VWAP; else it is that of the bars.
    rule : ExecutionRule
        Clock, waits, tolerances, when the rest is valued, and as of when.

    Returns
    -------
    polars.DataFrame of shape (n_executed, n_columns)
        One row per decision that was ordered or filled, in the order given; columns of
        `execution_schema`. What is not known is null, never 0. Averages over fills are
        null where one of them is.

    Raises
    ------
    InputError
        A column is absent or holds a null, a decision_id comes twice, a horizon is not
        above 0, a price of the market is not above 0.
    """
    horizons = checked_horizons(horizons_ns)
    market = Market.of(bars, quotes, trades, rule)
    book = book_of(decisions, fills, orders, market)
    desk = desk_of(book)
    marks = marks_of(book.fills, market, horizons)
    suspects = suspects_of(book.fills, marks, market)["fill_suspect_reason"]
    terms = priced(desk, market, rule.end_after_ns or max(horizons.values()))
    columns = _identity(desk, terms)
    columns |= _shortfall(desk, terms)
    columns |= _rest(desk, terms, marks.of(desk.kept))
    odd = doubts(desk, suspects.gather(desk.kept))
    columns |= {name: odd[name] for name in odd.columns}
    return shaped(columns, execution_schema(horizons_ns))


def _words(place: NDArray[np.int64], words: Sequence[str]) -> pl.Series:
    return pl.Series(words, dtype=pl.String).gather(place)


def _identity(desk: Desk, terms: Priced) -> dict[str, pl.Series]:
    frame, n = desk.decisions, len(desk)
    count = np.bincount(desk.parts.of, minlength=n)
    of_all = np.bincount(desk.named["of"].to_numpy(), minlength=n)
    unknown = pl.Series(np.isnan(terms.arrival))
    return {
        "decision_id": frame["decision_id"],
        "instrument": frame["instrument"],
        "side": frame["side"],
        "decision_ns": frame["received_ns"],
        "decision_price": pl.Series(terms.decision),
        "quantity_from": _words(desk.ordered_by, QUANTITIES),
        "fills": pl.Series(count),
        "fills_left_out": pl.Series(of_all - count),
        "fill_price": pl.Series(desk.parts.average_price),
        "first_fill_ns": times(desk.first_ns),
        "last_fill_ns": times(desk.last_ns),
        "arrival_ns": times(terms.arrival_ns).set(unknown, None),
        "arrival_price": pl.Series(terms.arrival),
        "arrival_from": _words(terms.arrival_from, ARRIVALS).set(unknown, None),
    }


def _sides(desk: Desk) -> Floats:
    """Sides, NaN where it was decided not to trade."""
    side = desk.decisions["side"].to_numpy().astype(np.float64)
    return np.where(side == 0, np.nan, side)


def _waited_end(desk: Desk, terms: Priced) -> Known:
    """Price at the end where a rest is left, or nobody says that none is."""
    return Known(
        np.where(desk.undone, terms.end.value, np.nan),
        np.where(desk.undone, terms.end.end_ns, MISSING_NS),
        np.where(desk.undone, terms.end.state, CENSORED).astype(np.int8),
    )


def _shortfall(desk: Desk, terms: Priced) -> dict[str, pl.Series]:
    cut: Shortfall = shortfall(
        desk.parts,
        side=_sides(desk),
        ordered=desk.ordered,
        decision_price=terms.decision,
        arrival_price=terms.arrival,
        end_price=terms.end.value,
    )
    parts = {
        "delay": cut.delay,
        "execution": cut.execution,
        "opportunity": cut.opportunity,
        "fees": cut.fees,
        "shortfall_before_fees": cut.before_fees,
        "shortfall": cut.total,
    }
    end = _waited_end(desk, terms)
    rest = cut.quantity > cut.filled
    columns = {name: pl.Series(part) for name, part in parts.items()}
    columns |= {f"{n}_bps": pl.Series(cut.bps(part)) for n, part in parts.items()}
    return columns | {
        "quantity": pl.Series(cut.quantity),
        "filled_quantity": pl.Series(cut.filled),
        "end_price": pl.Series(np.where(rest, end.value, np.nan)),
        "shortfall_end_ns": times(settled_ns(desk.known_ns(), [end])),
    }


def _weighted(desk: Desk, values: Floats, each: Known) -> Known:
    """Quantity-weighted mean over the fills, known when the last of them was."""
    mean = desk.parts.mean(values)
    waits = desk.parts.total((each.state == PENDING).astype(np.float64)) > 0
    good = ~np.isnan(mean)
    state = np.where(waits, PENDING, np.where(good, LABELLED, CENSORED))
    end = np.where(good, desk.latest(each.end_ns), MISSING_NS)
    return Known(mean, end, state.astype(np.int8))


def _at_horizons(
    desk: Desk, figures: FillFigures
) -> tuple[dict[str, pl.Series], list[Known]]:
    columns: dict[str, pl.Series] = {}
    waited = []
    each: Mapping[str, Known] = figures.markouts
    for h, gained in each.items():
        mean = _weighted(desk, gained.value, gained)
        columns |= {
            f"realised_bps_{h}": pl.Series(desk.parts.mean(figures.realised[h])),
            f"impact_bps_{h}": pl.Series(desk.parts.mean(figures.impact[h])),
            f"markout_bps_{h}": pl.Series(mean.value),
            f"markout_end_ns_{h}": times(mean.end_ns),
        }
        waited.append(mean)
    return columns, waited


def _rest(desk: Desk, terms: Priced, marks: Marks) -> dict[str, pl.Series]:
    figures = figures_of(desk.fills, marks)
    side, average = _sides(desk), desk.parts.average_price
    columns, waited = _at_horizons(desk, figures)
    benchmarks = {"vwap": terms.vwap, "twap": terms.twap, "close": terms.close}
    for name, benchmark in benchmarks.items():
        slipped = slippage_known(side, average, benchmark)
        columns[f"{name}_slippage_bps"] = pl.Series(slipped.value)
        waited.append(slipped)
    no_vwap = pl.Series(np.isnan(terms.vwap.value))
    arrival = slippage(side, average, terms.arrival)
    waited += [_waited_end(desk, terms), doubted(desk, marks)]
    known = desk.known_ns()
    return columns | {
        "arrival_slippage_bps": pl.Series(arrival),
        "vwap_from": _words(terms.vwap_from, TAPES).set(no_vwap, None),
        "effective_bps": pl.Series(desk.parts.mean(figures.effective)),
        "execution_end_ns": times(settled_ns(known, waited)),
    }
