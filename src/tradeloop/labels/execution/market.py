"""Frames that execution truth is made of, checked and cut by instrument."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from tradeloop.capture import instrument_names
from tradeloop.errors import InputError
from tradeloop.events import BAR, DECISION, FILL, ORDER_EVENT, QUOTE, TRADE, Record
from tradeloop.labels.execution.mids import Mids, Rows, mids_of
from tradeloop.labels.execution.orders import ordered, with_decision
from tradeloop.labels.execution.rule import ExecutionRule
from tradeloop.labels.execution.tape import Tape, tape_of
from tradeloop.labels.groups import need_columns

_NEEDED = {
    DECISION.kind: ("decision_id", "instrument", "side", "received_ns"),
    FILL.kind: ("instrument", "side", "event_ns", "received_ns", "price", "quantity"),
}


def checked(frame: pl.DataFrame | None, record: Record) -> pl.DataFrame:
    """Return the frame in the columns of its record; refuse what no figure can do with.

    Raises
    ------
    InputError
        A column that is needed is absent or holds a null.
    """
    if frame is None:
        return record.empty()
    needed = _NEEDED.get(record.kind, record.required)
    need_columns(frame, needed, record, who="Figures of executions")
    absent = [name for name in record.required if name not in frame.columns]
    return record.conform(
        frame.with_columns(
            pl.lit(None, record.schema[name]).alias(name) for name in absent
        )
    )


def _meant(frame: pl.DataFrame, known: pl.Series) -> pl.DataFrame:
    """Give symbols the name of the instrument that they mean, where there is one."""
    names = instrument_names(frame["instrument"], known)
    joined = frame.join(
        names,
        left_on="instrument",
        right_on="symbol",
        how="left",
        maintain_order="left",
    )
    return joined.with_columns(instrument=pl.coalesce("meant", "instrument")).drop(
        "meant", "matches"
    )


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Prices of all instruments.

    Parameters
    ----------
    bars, quotes, trades : polars.DataFrame
        Columns of their records; may be empty.
    rule : ExecutionRule
        Clock, waits, and as of when.
    """

    bars: pl.DataFrame
    quotes: pl.DataFrame
    trades: pl.DataFrame
    rule: ExecutionRule
    _parts: dict[str, dict[tuple[object, ...], pl.DataFrame]] = field(
        default_factory=dict
    )
    _mids: dict[str, Mids] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        bars: pl.DataFrame | None,
        quotes: pl.DataFrame | None,
        trades: pl.DataFrame | None,
        rule: ExecutionRule,
    ) -> "Market":
        """Check the frames.

        Raises
        ------
        InputError
            A column is absent or holds a null.
        """
        return cls(
            checked(bars, BAR), checked(quotes, QUOTE), checked(trades, TRADE), rule
        )

    def part(self, kind: str, instrument: str) -> pl.DataFrame:
        """Rows of one instrument; kind is bars, quotes or trades."""
        frame: pl.DataFrame = getattr(self, kind)
        if kind not in self._parts:
            self._parts[kind] = frame.partition_by("instrument", as_dict=True)
        return self._parts[kind].get((instrument,), frame.clear())

    def mids(self, instrument: str) -> Mids:
        """Mids of the instrument, or the closes of its bars."""
        if instrument not in self._mids:
            quotes, bars = (self.part(kind, instrument) for kind in ("quotes", "bars"))
            self._mids[instrument] = mids_of(quotes, bars, self.rule)
        return self._mids[instrument]

    def tape(self, instrument: str) -> Tape:
        """Look up what the instrument traded."""
        trades, bars = (self.part(kind, instrument) for kind in ("trades", "bars"))
        return tape_of(trades, bars, self.rule)

    @property
    def instruments(self) -> pl.Series:
        """Names of all that has prices."""
        frames = (self.bars, self.quotes, self.trades)
        return pl.concat([frame["instrument"] for frame in frames]).unique()


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """What was decided, ordered and filled, as far as it was known.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n_decisions, any)
        Columns of DECISION, ``decided_ns``, and those of `orders.ordered`.
    fills : polars.DataFrame of shape (n_fills, any)
        Columns of FILL; of their decision ``of`` (its row), ``decided_ns``,
        ``arrival_ns``; ``left_out``: why it does not execute its decision, or null.
    """

    decisions: pl.DataFrame
    fills: pl.DataFrame


def book_of(
    decisions: pl.DataFrame | None,
    fills: pl.DataFrame,
    orders: pl.DataFrame | None,
    market: Market,
) -> Book:
    """Join decisions, orders and fills as known.

    Parameters
    ----------
    decisions : polars.DataFrame of shape (n_decisions, any), or None
        Columns decision_id (unique), instrument, side, received_ns, and event_ns if
        there is one. Optional column ``quantity``: units that were to be traded.
    fills : polars.DataFrame of shape (n_fills, any)
        Columns of FILL.
    orders : polars.DataFrame of shape (n_events, n_columns of ORDER_EVENT), or None
    market : Market
        Names of the instruments, and as of when.

    Raises
    ------
    InputError
        A column is absent or holds a null, or a decision_id comes twice.
    """
    until = pl.col("received_ns") <= market.rule.known_until_ns
    known = market.instruments
    events = checked(orders, ORDER_EVENT).filter(until)
    asked = checked(decisions, DECISION)
    _check_unique(asked["decision_id"])
    wanted = None if decisions is None else _wanted(decisions)
    asked = asked.with_columns(
        pl.lit(None, pl.Float64).alias("wanted") if wanted is None else wanted,
        decided_ns=pl.coalesce("event_ns", "received_ns"),
    )
    asked = _meant(asked.filter(until), known)
    # Fills may name what was decided on even where it has no prices.
    known = pl.concat([known, asked["instrument"]]).unique()
    done = with_decision(_meant(checked(fills, FILL).filter(until), known), events)
    asked = asked.join(
        ordered(events, done), on="decision_id", how="left", maintain_order="left"
    )
    return Book(asked, _with_terms(done, asked, given=decisions is not None))


def _wanted(decisions: pl.DataFrame) -> pl.Series | None:
    if "quantity" not in decisions.columns:
        return None
    return decisions["quantity"].cast(pl.Float64).alias("wanted")


def _check_unique(ids: pl.Series) -> None:
    twice = ids.is_duplicated()
    if twice.any():
        row = int(twice.arg_max() or 0)
        raise InputError(
            f"decision_id must be unique, {ids[row]!r} is not.",
            way_out="Give each decision its own id.",
            source="decisions",
            column="decision_id",
            row=row,
        )


def _with_terms(
    fills: pl.DataFrame, decisions: pl.DataFrame, *, given: bool
) -> pl.DataFrame:
    terms = decisions.with_row_index("of").select(
        "decision_id",
        pl.col("of").cast(pl.Int64),
        "decided_ns",
        "arrival_ns",
        its_side="side",
        its_instrument="instrument",
    )
    joined = fills.join(terms, on="decision_id", how="left", maintain_order="left")
    sound = (pl.col("price") > 0) & pl.col("price").is_finite()
    sound = sound & (pl.col("quantity") > 0) & pl.col("quantity").is_finite()
    reason = (
        pl.when(~sound)
        .then(pl.lit("no_price_or_quantity"))
        .when(pl.col("of").is_null())
        .then(pl.lit("no_decision" if given else None))
        .when(pl.col("instrument") != pl.col("its_instrument"))
        .then(pl.lit("other_instrument"))
        .when(pl.col("side") != pl.col("its_side"))
        .then(pl.lit("other_side"))
    )
    return joined.with_columns(left_out=reason).drop("its_side", "its_instrument")


def rows_of(frame: pl.DataFrame) -> dict[str, Rows]:
    """Rows of each instrument in a frame, in the order of their first row."""
    parts = frame.select("instrument").with_row_index("row")
    cut = parts.partition_by("instrument", as_dict=True, maintain_order=True)
    return {
        str(name): part["row"].to_numpy().astype(np.intp)
        for (name,), part in cut.items()
    }
