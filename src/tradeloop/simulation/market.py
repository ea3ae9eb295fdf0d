"""One instrument's slow states and messages, as frames."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.events import BOOK_DELTA, QUOTE, TRADE
from tradeloop.simulation import stream
from tradeloop.simulation.mark import marked
from tradeloop.simulation.parameters import Fitted, Instrument, Preset
from tradeloop.simulation.slow import Slow
from tradeloop.simulation.takers import expected_square
from tradeloop.simulation.truth import drift_rate

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_KNOT_S = 0.1
_CHUNK_QUOTES, _CHUNK_DELTAS = 1 << 18, 1 << 21
# What a part draws from is told by its place alone, so that one more instrument or
# one more part changes nothing of the others.
PARTS = ("regime", "volatility", "signal", "messages", "latency", "decisions", "faults")


class Rules(NamedTuple):
    """Constants of the compiled loop; see `Fitted` for their meaning."""

    begin_ns: int
    step_s: float
    jump: tuple[float, float, float]
    decay: tuple[float, float, float]
    own_share: float
    at_once: float
    lag_s: float
    adjust: float
    noise_bps: float
    start: float
    tick: float
    renew: float
    renew_wide: float
    wide_share: float
    width_floor: float
    log_width: float
    sd_width: float
    wide_keep: float
    log_lots: float
    sd_lots: float
    size_keep: float
    tilt: float
    gap: float
    taken: float
    log_taken: float
    sd_taken: float
    follow: float
    turn: float
    permanent_bps: float
    transient_bps: float
    transient_s: float
    exponent: float
    typical: float


@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """What one instrument sent, and what stood behind it.

    Parameters
    ----------
    quotes, trades, deltas : polars.DataFrame
        QUOTE; TRADE and ``sequence``; BOOK_DELTA. In the order of their events.
    prices : polars.DataFrame
        One row a quote: the efficient price and what parts the quote from it.
    takers : polars.DataFrame
        One row a taker: side, size, what the past let expect, and its impact.
    variance : ndarray of shape (n_cells,)
        Variance of the efficient price that each cell brought, bps squared.
    """

    quotes: pl.DataFrame
    trades: pl.DataFrame
    deltas: pl.DataFrame
    prices: pl.DataFrame
    takers: pl.DataFrame
    variance: Float


def generator(seed: int, instrument: int, part: str) -> np.random.Generator:
    """PCG64 of one part of one instrument; instrument 0 is what all share."""
    key = (instrument, PARTS.index(part))
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key))
    )


def impact_variance(fitted: Fitted) -> float:
    """Variance a second that takers bring at the mean rate, bps squared."""
    away = fitted.log_taken - np.log(fitted.typical)
    squared = np.exp(
        2 * fitted.exponent * away + 2 * (fitted.exponent * fitted.sd_taken) ** 2
    )
    surprise = 1.0 - expected_square(fitted.follow, fitted.turn)
    takers = fitted.rate * fitted.taken
    return float(takers * fitted.permanent_bps**2 * squared * surprise)


def grid_of(
    preset: Preset, instrument: Instrument, slow: Slow, common: Float, rate: float
) -> Float:
    """Table of shape (n_cells, 6) that the compiled loop reads, see `stream`.

    Parameters
    ----------
    common : ndarray of shape (n_cells,)
        Standard normal steps that all instruments share.
    rate : float
        Factor of all message rates.
    """
    fitted = preset.fitted
    # Takers bring their own part of the variance; the diffusion brings the rest.
    own = 1.0 - impact_variance(fitted) * rate * instrument.rate / fitted.sigma**2
    variance = slow.variance * max(own, 0.1)
    grid = np.zeros((slow.signal.size, stream.GRID_COLUMNS))
    alone = 1.0 - sum(fitted.branching)
    grid[:, stream.BASE] = fitted.rate * alone * instrument.rate * rate * slow.rate
    grid[:, stream.SIGMA] = np.sqrt(variance)
    grid[:, stream.WIDTH] = slow.width
    grid[:, stream.DRIFT] = drift_rate(preset.alpha) * slow.signal * slow.open
    shared = preset.correlation * variance * slow.step_s
    grid[:, stream.COMMON] = np.sqrt(shared) * common
    grid[:, stream.SIGNAL] = slow.signal
    return grid


def rules_of(preset: Preset, instrument: Instrument, begin_ns: int) -> Rules:
    """Constants of the loop for one instrument."""
    given = preset.fitted.values()
    own = {name: given[name] for name in Rules._fields if name in given}
    own |= {"start": instrument.start, "jump": given["branching"]}
    own |= {"begin_ns": begin_ns, "step_s": preset.step_s, "tilt": preset.alpha.tilt}
    own |= {"own_share": 1.0 - preset.correlation}
    return Rules(**own)


def messages(
    preset: Preset, instrument: Instrument, slow: Slow, grid: Float, rngs: Any
) -> Messages:
    """Run the loop and turn its tables to frames.

    Parameters
    ----------
    grid : ndarray of shape (n_cells, 6)
        From `grid_of`.
    rngs : tuple of two numpy.random.Generator
        For the messages and for their latency.
    """
    rules = rules_of(preset, instrument, slow.begin_ns)
    variance = grid[:, stream.SIGMA] ** 2 * slow.step_s
    parts = list(_chunks(rngs[0], grid, rules, preset.fitted.levels, variance))
    quotes, trades, deltas, prices, takers = (
        np.concatenate([part[k] for part in parts]) for k in range(5)
    )
    received = _received(rngs[1], quotes[:, 0], slow.begin_ns, preset.fitted)
    name = pl.lit(marked(instrument.name)).alias("instrument")
    unit = _Unit(preset.fitted)
    return Messages(
        quotes=unit.quotes(quotes, received).select(name, pl.all()).pipe(QUOTE.conform),
        trades=unit.trades(trades, received).select(name, pl.all()),
        deltas=unit.deltas(deltas, received)
        .select(name, pl.all())
        .pipe(BOOK_DELTA.conform),
        prices=_prices(quotes, prices, instrument.start).select(name, pl.all()),
        takers=unit.takers(takers).select(name, pl.all()),
        variance=variance,
    )


def _chunks(
    rng: np.random.Generator, grid: Float, rules: Rules, levels: int, variance: Float
) -> Iterator[tuple[Any, ...]]:
    """Yield copies of the filled rows of quotes, trades, deltas, prices and takers."""
    state = np.zeros(stream.STATE)
    state[stream.DIRECTION], state[stream.BELIEF] = 1.0, 0.5
    book = tuple(
        (np.zeros(levels, np.int64), np.zeros(levels, np.int64)) for _ in range(2)
    )
    quotes = np.empty((_CHUNK_QUOTES, 6), np.int64)
    trades = np.empty((_CHUNK_QUOTES, 6), np.int64)
    deltas = np.empty((_CHUNK_DELTAS, 6), np.int64)
    prices, takers = np.empty((_CHUNK_QUOTES, 3)), np.empty((_CHUNK_QUOTES, 6))
    tables = (quotes, trades, deltas, prices, takers)
    more = True
    while more:
        n, more = stream.run(rng, state, grid, book, rules, tables, variance)
        filled = (n[0], n[1], n[2], n[0], n[3])
        yield tuple(t[:rows].copy() for t, rows in zip(tables, filled, strict=True))


def _received(
    rng: np.random.Generator, sent: Int, begin_ns: int, fitted: Fitted
) -> Int:
    """Receipt of each message, by sequence - 1; one line, so none overtakes another.

    The delay is drawn ten times a second and runs straight between: what is sent in
    one burst comes in one burst.
    """
    sent = np.concatenate([[begin_ns], sent])
    span = (sent[-1] - begin_ns) / 1e9
    knots = np.arange(0.0, span + 2 * _KNOT_S, _KNOT_S)
    rest = np.exp(
        fitted.latency_log + fitted.latency_sd * rng.standard_normal(knots.size)
    )
    delay = fitted.latency_s + np.interp((sent - begin_ns) / 1e9, knots, rest)
    return np.maximum.accumulate(sent + np.rint(delay * 1e9).astype(np.int64))


@dataclass(frozen=True, slots=True)
class _Unit:
    """Ticks and lots to prices and sizes, each the nearest float of its decimal."""

    fitted: Fitted

    def price(self, ticks: Int) -> Float:
        return scaled(ticks, self.fitted.tick)

    def size(self, lots: Any) -> Float:
        return scaled(lots, self.fitted.lot)

    def quotes(self, table: Int, received: Int) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "event_ns": table[:, 0],
                "received_ns": received[table[:, 5] - 1],
                "bid": self.price(table[:, 1]),
                "ask": self.price(table[:, 2]),
                "bid_size": self.size(table[:, 3]),
                "ask_size": self.size(table[:, 4]),
                "sequence": table[:, 5],
            }
        )

    def trades(self, table: Int, received: Int) -> pl.DataFrame:
        frame = pl.DataFrame(
            {
                "event_ns": table[:, 0],
                "received_ns": received[table[:, 1] - 1],
                "price": self.price(table[:, 2]),
                "size": self.size(table[:, 3]),
                "side": table[:, 4],
                "trade_id": table[:, 5],
                "sequence": table[:, 1],
            }
        )
        kinds = {name: TRADE.schema[name] for name in ("side", "trade_id")}
        return frame.cast(kinds)  # type: ignore[arg-type]

    def deltas(self, table: Int, received: Int) -> pl.DataFrame:
        frame = pl.DataFrame(
            {
                "event_ns": table[:, 0],
                "received_ns": received[table[:, 1] - 1],
                "first_sequence": table[:, 1],
                "last_sequence": table[:, 1],
                "previous_sequence": table[:, 1] - 1,
                "side": table[:, 2],
                "price": self.price(table[:, 3]),
                "size": self.size(table[:, 4]),
                "is_snapshot": table[:, 5] == 1,
            }
        )
        return frame

    def takers(self, table: Float) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "sequence": table[:, 0].astype(np.int64),
                "side": table[:, 1].astype(np.int8),
                "size": self.size(table[:, 2]),
                "expected_side": table[:, 3],
                "permanent_bps": table[:, 4],
                "transient_bps": table[:, 5],
            }
        )


def scaled(numbers: Any, unit: float) -> Float:
    """Multiples of a unit, each the float nearest to its decimal."""
    return numbers * unit if unit >= 1 else numbers / round(1 / unit)  # type: ignore[no-any-return]


def _prices(quotes: Int, table: Float, start: float) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "event_ns": quotes[:, 0],
            "sequence": quotes[:, 5],
            "efficient": start * np.exp(table[:, 0] * 1e-4),
            "efficient_bps": table[:, 0],
            "lag_bps": table[:, 1],
            "transient_bps": table[:, 2],
        }
    )
