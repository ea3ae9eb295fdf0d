"""Decisions with their fills as arrays: what execution truth is computed from.

1. `desk_of` keeps the decisions that were ordered or filled, and the fills that execute
   them.
2. `Desk.priced` looks up the prices of each instrument: at the decision, the arrival,
   the end, and the averages of the market over the execution.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.labels.base import CENSORED, LABELLED, MISSING_NS, PENDING, Floats, Times
from tradeloop.labels.execution.fill_truth import Marks, put
from tradeloop.labels.execution.market import Book, Market, rows_of
from tradeloop.labels.execution.mids import Known, Mids, Rows, nothing
from tradeloop.labels.execution.shortfall import WHOLE, Parts
from tradeloop.labels.execution.suspicion import together
from tradeloop.labels.execution.tape import day_close, interval_twap, interval_vwap

ARRIVALS = ("order", "order_mid", "first_fill", "decision")
QUANTITIES = ("decision", "orders", "fills")
TAPES = ("trades", "bars")


@dataclass(frozen=True, slots=True, eq=False)
class Desk:
    """Decisions that were ordered or filled, and the fills that execute them.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n, any)
        As in `market.Book`.
    named, fills : polars.DataFrame
        All fills that name one of them, and those that execute it; ``of`` is the row.
    kept : ndarray of shape (n_fills,)
        Rows of ``fills`` in the book.
    parts : Parts
        The fills as arrays.
    first_ns, last_ns : ndarray of shape (n,)
        First and last fill, `MISSING_NS` without.
    ordered : ndarray of shape (n,)
        Units of the paper portfolio.
    ordered_by : ndarray of shape (n,)
        Place in `QUANTITIES` of who says so.
    """

    decisions: pl.DataFrame
    named: pl.DataFrame
    fills: pl.DataFrame
    kept: Rows
    parts: Parts
    first_ns: Times
    last_ns: Times
    ordered: Floats
    ordered_by: NDArray[np.int64]

    def __len__(self) -> int:
        return self.decisions.height

    def latest(self, values: Times) -> Times:
        """Latest time over the fills of each decision, `MISSING_NS` without fills."""
        found = np.full(len(self), MISSING_NS)
        np.maximum.at(found, self.parts.of, values)
        return found

    def known_ns(self) -> Times:
        """When decision, orders and fills of each decision were all known."""
        found = self.decisions.select(
            pl.max_horizontal("received_ns", "orders_ns")
        ).to_series()
        known: Times = found.to_numpy().copy()
        rows = self.named["of"].to_numpy()
        np.maximum.at(known, rows, self.named["received_ns"].to_numpy())
        return known

    @property
    def undone(self) -> NDArray[np.bool_]:
        """Whether a rest was left, or nobody says that none was."""
        rest = self.ordered - self.parts.total(self.parts.quantity)
        none_says = self.ordered_by == QUANTITIES.index("fills")
        left: NDArray[np.bool_] = (rest > WHOLE * self.ordered) | none_says
        return left


def numbers(column: pl.Series) -> Floats:
    """Numbers of a column, NaN for null."""
    values: Floats = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return values


def moments(column: pl.Series) -> Times:
    """Return the times of a column, `MISSING_NS` for null."""
    values: Times = column.cast(pl.Int64).fill_null(MISSING_NS).to_numpy()
    return values


def desk_of(book: Book) -> Desk:
    """Keep the decisions that were ordered or filled; put the fills into arrays."""
    touched = np.zeros(book.decisions.height, dtype=np.bool_)
    touched[book.fills["of"].drop_nulls().to_numpy()] = True
    touched |= book.decisions["orders_ns"].is_not_null().to_numpy()
    place = np.cumsum(touched) - 1
    decisions = book.decisions.filter(pl.Series(touched))
    named = book.fills.with_row_index("kept").filter(pl.col("of").is_not_null())
    named = named.with_columns(of=pl.Series(place[named["of"].to_numpy()]))
    fills = named.filter(pl.col("left_out").is_null())
    n, at = decisions.height, fills["event_ns"].to_numpy()
    of = fills["of"].to_numpy().astype(np.intp)
    parts = Parts(
        of,
        numbers(fills["price"]),
        numbers(fills["quantity"]),
        numbers(fills["fees"]),
        n,
    )
    last, first = np.full(n, MISSING_NS), np.full(n, np.iinfo(np.int64).max)
    np.maximum.at(last, of, at)
    np.minimum.at(first, of, at)
    wanted, placed = numbers(decisions["wanted"]), numbers(decisions["ordered"])
    filled = parts.total(parts.quantity)
    says = [wanted > 0, placed > 0]
    return Desk(
        decisions=decisions,
        named=named,
        fills=fills,
        kept=fills["kept"].to_numpy().astype(np.intp),
        parts=parts,
        first_ns=np.where(last == MISSING_NS, MISSING_NS, first),
        last_ns=last,
        ordered=np.maximum(np.select(says, [wanted, placed], filled), filled),
        ordered_by=np.select(says, [0, 1], 2),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """Prices that decisions are measured against.

    Parameters
    ----------
    decision : ndarray of shape (n,)
        Last price known at the decision.
    arrival : ndarray of shape (n,)
        Mid as of the arrival.
    arrival_ns : ndarray of shape (n,)
        When that was.
    arrival_from : ndarray of shape (n,)
        Place in `ARRIVALS` of where it was taken from.
    end, vwap, twap, close : Known
        Price at the end; averages of the market from the arrival to the last fill.
    vwap_from : ndarray of shape (n,)
        Place in `TAPES`.
    """

    decision: Floats
    arrival: Floats
    arrival_ns: Times
    arrival_from: NDArray[np.int64]
    end: Known
    vwap: Known
    twap: Known
    close: Known
    vwap_from: NDArray[np.int64]


def arrival(
    desk: Desk, rows: Rows, mids: Mids, decided: Floats
) -> tuple[Floats, Times, NDArray[np.int64]]:
    """Take the arrival's price from the first of `ARRIVALS` that has one.

    Parameters
    ----------
    desk : Desk
        Decisions and fills.
    rows : ndarray of shape (n,)
        Decisions of one instrument.
    mids : Mids
        Of the instrument.
    decided : ndarray of shape (n,)
        Price at each decision.

    Returns
    -------
    price, time_ns, source : ndarray of shape (n,)
        ``source`` is the place in `ARRIVALS`.
    """
    part = desk.decisions[rows]
    stated, at = numbers(part["arrival_price"]), moments(part["arrival_ns"])
    first = desk.first_ns[rows]
    received = part["received_ns"].to_numpy()
    found = [stated, mids.then(at), mids.then(first), decided]
    has = [~np.isnan(values) & (values > 0) for values in found]
    source = np.select(has, range(4), 3)
    return (
        np.select(has, found, np.nan),
        np.select(has, [at, at, first, received], received),
        source,
    )


def priced(desk: Desk, market: Market, end_after_ns: int) -> Priced:
    """Look up the prices of all decisions, instrument by instrument.

    Parameters
    ----------
    desk : Desk
        Decisions and fills.
    market : Market
        Prices.
    end_after_ns : int
        From the decision to the price at which the rest is valued.
    """
    n = len(desk)
    made = Priced(
        np.full(n, np.nan),
        np.full(n, np.nan),
        np.full(n, MISSING_NS),
        np.full(n, 3),
        nothing(n),
        nothing(n),
        nothing(n),
        nothing(n),
        np.full(n, 0),
    )
    own = desk.parts if market.rule.own_on_tape else None
    zero = np.zeros(n)
    value = zero if own is None else own.total(own.price * own.quantity)
    quantity = zero if own is None else own.total(own.quantity)
    at = desk.decisions["received_ns"].to_numpy()
    for name, rows in rows_of(desk.decisions).items():
        mids, tape = market.mids(name), market.tape(name)
        made.decision[rows] = decided = mids.known_at(at[rows])
        price, begin, source = arrival(desk, rows, mids, decided)
        made.arrival[rows], made.arrival_ns[rows] = price, begin
        made.arrival_from[rows] = source
        due = np.maximum(at[rows] + np.int64(end_after_ns), desk.last_ns[rows])
        put(made.end, rows, mids.at_end(due))
        some = rows[desk.last_ns[rows] != MISSING_NS]
        begin = np.minimum(made.arrival_ns[some], desk.last_ns[some])
        until = desk.last_ns[some]
        put(
            made.vwap,
            some,
            interval_vwap(
                tape,
                begin,
                until,
                own_value=value[some],
                own_quantity=quantity[some],
            ),
        )
        put(made.twap, some, interval_twap(mids, tape, begin, until))
        day_end = market.rule.session_end_ns
        if day_end is not None:
            put(made.close, some, day_close(mids, until, day_end))
        made.vwap_from[rows] = TAPES.index("trades" if tape.moments else "bars")
    return made


def settled_ns(known: Times, figures: list[Known]) -> Times:
    """Tell when all figures were known as well; `MISSING_NS` while one is pending.

    Parameters
    ----------
    known : ndarray of shape (n,)
        Not before this.
    figures : list of Known
        Censored ones do not count: there is nothing to wait for.
    """
    waiting = np.zeros(known.shape, dtype=np.bool_)
    for figure in figures:
        known = np.where(
            figure.state == LABELLED, np.maximum(known, figure.end_ns), known
        )
        waiting |= figure.state == PENDING
    return np.where(waiting, MISSING_NS, known)


def doubts(desk: Desk, reasons: pl.Series) -> pl.DataFrame:
    """Gather what is odd about the fills of each decision.

    Parameters
    ----------
    desk : Desk
        Decisions and fills.
    reasons : polars.Series of shape (n_fills,)
        Of each fill that executes a decision, null where it breaks no rule.

    Returns
    -------
    polars.DataFrame of shape (n, 3)
        ``fill_suspect``, ``fill_suspect_reason`` and ``suspect_fills``; null without
        fills.
    """
    told = (
        pl.DataFrame({"of": desk.parts.of, "reason": reasons})
        .group_by("of")
        .agg(pl.col("reason").drop_nulls())
    )
    rows = pl.DataFrame({"of": np.arange(len(desk), dtype=np.intp)}).join(
        told, on="of", how="left", maintain_order="left"
    )
    count = rows["reason"].list.len().cast(pl.Int64)
    words = [together(found) if found else None for found in rows["reason"].to_list()]
    return pl.DataFrame(
        {
            "fill_suspect": count > 0,
            "fill_suspect_reason": pl.Series(words, dtype=pl.String),
            "suspect_fills": count,
        }
    )


def doubted(desk: Desk, marks: Marks) -> Known:
    """When it was known whether the fills of each decision can be believed.

    Parameters
    ----------
    desk : Desk
        Decisions and fills.
    marks : Marks
        Of the fills that execute the decisions.
    """
    end = np.full(len(desk), MISSING_NS)
    waits = np.zeros(len(desk), dtype=np.bool_)
    for each in (marks.better, marks.held):
        end = np.maximum(end, desk.latest(each.end_ns))
        waits[desk.parts.of[each.state == PENDING]] = True
    state = np.where(waits, PENDING, np.where(end == MISSING_NS, CENSORED, LABELLED))
    return Known(np.zeros(len(desk)), end, state.astype(np.int8))
