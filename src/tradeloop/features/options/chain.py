"""History of a chain: one row for each underlying and time, of what was known then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.events import OPTION_QUOTE
from tradeloop.features.options.pricing import CALL, NS_PER_YEAR, PUT
from tradeloop.features.options.snapshot import (
    COLUMNS,
    HELD,
    NEVER,
    QUOTE,
    SMILE,
    Basis,
    Stamps,
    absorb,
    observe,
)
from tradeloop.fold import Float, compiled

CONTRACT = ("expiry_ns", "strike", "right", "instrument")
"""What tells a contract from another, in the order of a chain."""
RIGHTS = {"call": CALL, "put": PUT}
_ORDER = ("received_ns", "event_ns", "sequence")
_NEEDED = ("underlying", *CONTRACT, "event_ns", "received_ns")


@dataclass(frozen=True, slots=True)
class ChainRule:
    """How the quotes of a chain are read.

    Parameters
    ----------
    max_age_ns : int
        A contract whose last quote is older than this does not count.
    priced_in : {"currency", "underlying"}
        Unit of the prices of options, such as coins at a venue of inverse options.
    underlying : {"spot", "forward"}
        What ``underlying_price`` is. The forward of a spot is ``spot * exp(rate *
        years)``; a rate that is not given is 0.
    """

    max_age_ns: int = NS_PER_DAY
    priced_in: Literal["currency", "underlying"] = "currency"
    underlying: Literal["spot", "forward"] = "spot"

    @property
    def basis(self) -> Basis:
        """The two choices as numbers."""
        return float(self.priced_in == "underlying"), float(
            self.underlying == "forward"
        )


@compiled
def take(
    held: Float, stamps: Stamps, slot: int, quote: Float, at_ns: int, basis: Basis
) -> None:
    """Put one quote in its slot."""
    absorb(held, stamps, slot, quote, at_ns, basis)


@compiled
def look(
    held: Float,
    stamps: Stamps,
    order: Stamps,
    at_ns: int,
    max_age_ns: int,
    row: Float,
    smiles: Float,
) -> int:
    """Describe the chain at a time."""
    return observe(held, stamps, order, at_ns, max_age_ns, row, smiles)  # type: ignore[no-any-return]


@compiled
def _replay(
    chain: tuple[Float, Stamps, Stamps],
    quotes: tuple[Stamps, Stamps, Stamps, Float],
    times: Stamps,
    max_age_ns: int,
    basis: Basis,
    found: Float,
) -> None:
    held, stamps, order = chain
    slots, events, received, rows = quotes
    smiles, n = np.empty((order.size, len(SMILE))), 0
    for j in range(times.size):
        while n < slots.size and received[n] <= times[j]:
            absorb(held, stamps, slots[n], rows[n], events[n], basis)
            n += 1
        observe(held, stamps, order, times[j], max_age_ns, found[j], smiles)


def chain_state(
    option_quotes: pl.DataFrame,
    times: Sequence[int] | NDArray[np.int64] | None = None,
    rule: ChainRule | None = None,
) -> pl.DataFrame:
    """Describe each underlying's chain at each time, from quotes received by then.

    Parameters
    ----------
    option_quotes : polars.DataFrame of shape (n_quotes, n_columns)
        Rows of the record OPTION_QUOTE, in any order.
    times : sequence of int, optional
        Nanoseconds since 1970-01-01 UTC. Absent: each time at which a quote of the
        underlying was received.
    rule : ChainRule, optional
        How the quotes are read.

    Returns
    -------
    polars.DataFrame of shape (n_rows, 3 + n_columns)
        ``instrument`` (the underlying), ``event_ns`` and ``received_ns`` (the time),
        and the `COLUMNS`, null where the quotes do not tell; by instrument and time.

    Raises
    ------
    InputError
        A column of the record is absent.
    """
    absent = [name for name in _NEEDED if name not in option_quotes.columns]
    if absent:
        raise InputError(
            f"Option quotes must have the columns {', '.join(_NEEDED)}.",
            way_out="Read them with tradeloop.capture.",
            column=absent[0],
        )
    quotes = OPTION_QUOTE.conform(option_quotes).sort(
        "underlying", *_ORDER, maintain_order=True
    )
    rule = rule or ChainRule()
    frames = [_empty()]
    for part in quotes.partition_by("underlying", maintain_order=True):
        at = part["received_ns"].to_numpy() if times is None else times
        frames.append(_described(part, np.unique(np.asarray(at, np.int64)), rule))
    return pl.concat(frames)


def _described(quotes: pl.DataFrame, times: Stamps, rule: ChainRule) -> pl.DataFrame:
    contracts = quotes.select(CONTRACT).unique().sort(CONTRACT).with_row_index("slot")
    slots = quotes.join(
        contracts, on=CONTRACT, how="left", maintain_order="left", nulls_equal=True
    )["slot"].cast(pl.Int64)
    held, stamps = empty_slots(contracts.height)
    held[:, 0] = contracts["strike"]
    held[:, 1] = contracts["right"].replace_strict(RIGHTS, return_dtype=pl.Float64)
    stamps[:, 0] = contracts["expiry_ns"]
    found = np.empty((times.size, len(COLUMNS)))
    chain = (held, stamps, np.arange(contracts.height))
    events, received = (quotes[name].to_numpy() for name in ("event_ns", "received_ns"))
    given = (slots.to_numpy().copy(), events.copy(), received.copy(), numbers(quotes))
    _replay(chain, given, times, rule.max_age_ns, rule.basis, found)
    return pl.DataFrame(
        {
            "instrument": pl.repeat(quotes["underlying"][0], times.size, eager=True),
            "event_ns": times,
            "received_ns": times,
            **{
                name: pl.Series(values, dtype=pl.Float64, nan_to_null=True)
                for name, values in zip(COLUMNS, found.T.copy(), strict=True)
            },
        }
    )


def _empty() -> pl.DataFrame:
    whole = dict.fromkeys(("event_ns", "received_ns"), pl.Int64())
    return pl.DataFrame(
        schema={
            "instrument": pl.String(),
            **whole,
            **dict.fromkeys(COLUMNS, pl.Float64()),
        }
    )


def empty_slots(n: int) -> tuple[Float, Stamps]:
    """Slots without a contract."""
    return np.full((n, len(HELD)), np.nan), np.full((n, 2), NEVER, np.int64)


def numbers(quotes: pl.DataFrame) -> Float:
    """Return the numbers of quotes as `QUOTE`, shape (n_quotes, 10)."""
    rate = pl.col("interest_rate").fill_null(0.0)
    found = quotes.with_columns(rate).select(QUOTE).fill_null(np.nan).to_numpy()
    return np.ascontiguousarray(found, np.float64)


def numbers_of(quote: Mapping[str, Any]) -> Float:
    """Return the numbers of one quote as `QUOTE`; None or absent is not known."""
    found = [np.nan if (x := quote.get(name)) is None else float(x) for name in QUOTE]
    rate = QUOTE.index("interest_rate")
    found[rate] = 0.0 if np.isnan(found[rate]) else found[rate]
    return np.array(found)


def contract_columns(option_quotes: pl.DataFrame) -> pl.DataFrame:
    """Raw columns ``option.*`` of each contract's own quotes, for greeks per contract.

    Returns
    -------
    polars.DataFrame of shape (n_quotes, 10)
        ``instrument``, ``event_ns``, ``received_ns``; ``underlying_price``,
        ``strike``, ``years`` to expiry, ``rate`` and ``dividend`` (0 where not given),
        ``price`` (the mark, else the mid of two sides), ``volatility`` (what the
        source says of the mark) and ``right`` (+1 call, -1 put).
    """
    both = (pl.col("bid") > 0.0) & (pl.col("ask") > 0.0)
    mid = pl.when(both).then((pl.col("bid") + pl.col("ask")) / 2)
    marked = pl.when(pl.col("mark") > 0.0).then(pl.col("mark"))
    return OPTION_QUOTE.conform(option_quotes).select(
        "instrument",
        "event_ns",
        "received_ns",
        "underlying_price",
        "strike",
        years=(pl.col("expiry_ns") - pl.col("event_ns")) / NS_PER_YEAR,
        rate=pl.col("interest_rate").fill_null(0.0),
        dividend=pl.lit(0.0),
        price=pl.coalesce(marked, mid),
        volatility=pl.col("mark_iv"),
        right=pl.col("right").replace_strict(RIGHTS, return_dtype=pl.Float64),
    )
