"""Decisions, orders and fills of a simulated market, each with its truth.

Three strategies decide at random moments, each in its own way:

- ``informed`` knows the signal and says the true chance of being right.
- ``eager`` sees the signal through noise, and is surer than it may be.
- ``coin`` tosses one, and says what it likes.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.events import DECISION, FILL, ORDER_EVENT
from tradeloop.simulation.mark import VENUE, marked
from tradeloop.simulation.market import Messages, scaled
from tradeloop.simulation.parameters import Instrument, Preset
from tradeloop.simulation.slow import Slow
from tradeloop.simulation.truth import (
    expected_bps,
    probability_up,
    return_variance,
)

Float = NDArray[np.float64]
Int = NDArray[np.int64]

STRATEGIES = ("informed", "eager", "coin")
SIGNAL_DELAY_NS = 1_000_000  # from a signal to those who use it
_DECIDING_NS = 1_000_000
_MOST_CHILDREN = 3
_CHILD_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Trading:
    """What was decided and done on one instrument.

    Parameters
    ----------
    decisions, orders, fills : polars.DataFrame
        DECISION; ORDER_EVENT, where each order is sent and acknowledged; FILL.
    of_decisions, of_orders : polars.DataFrame
        Truth: what was to be expected; the parts of the shortfall.
    """

    decisions: pl.DataFrame
    orders: pl.DataFrame
    fills: pl.DataFrame
    of_decisions: pl.DataFrame
    of_orders: pl.DataFrame


def trade(
    rng: np.random.Generator,
    preset: Preset,
    instrument: Instrument,
    slow: Slow,
    sent: Messages,
) -> Trading:
    """Decide at random, send a market order for each decision, fill it in parts.

    The orders leave no trace in the market: their impact is in their own price only.
    """
    name = marked(instrument.name)
    cells = _moments(rng, preset, slow, sent)
    n = cells.size
    strategy = rng.integers(0, len(STRATEGIES), n)
    mean = expected_bps(slow, preset.alpha, cells, preset.alpha.horizon_s)
    spread = return_variance(
        slow, preset.alpha, sent.variance, cells, preset.alpha.horizon_s
    )
    up = probability_up(mean, spread)
    side, confidence = _minds(rng, strategy, slow.signal[cells], up)
    at = slow.begin_ns + np.rint(cells * slow.step_s * 1e9).astype(np.int64)
    at += SIGNAL_DELAY_NS + _DECIDING_NS
    ids = [f"{name}-d{k:07}" for k in range(n)]
    decisions = pl.DataFrame(
        {
            "decision_id": ids,
            "strategy": np.array(STRATEGIES)[strategy],
            "instrument": name,
            "side": side,
            "event_ns": at,
            "received_ns": at,
            "signal_strength": np.minimum(np.abs(slow.signal[cells]) / 4, 1.0),
            "confidence_score": confidence,
            "position_size": 0.1,
            "reasoning": "simulated decision",
        },
        schema_overrides={"decision_id": pl.String},
    )
    right = np.where(side > 0, up, 1.0 - up)
    of_decisions = pl.DataFrame(
        {
            "decision_id": ids,
            "instrument": name,
            "event_ns": at,
            "horizon_ns": np.full(n, round(preset.alpha.horizon_s * 1e9)),
            "signal": slow.signal[cells],
            "regime": slow.regime[cells],
            "expected_bps": mean,
            "return_sd_bps": np.sqrt(spread),
            "probability_up": up,
            "probability_right": right,
            "return_bps": _returns(sent, at, preset.alpha.horizon_s),
        },
        schema_overrides={"decision_id": pl.String},
    ).fill_nan(None)
    orders, fills, of_orders = _execute(
        rng, preset, name, DECISION.conform(decisions), sent.quotes
    )
    return Trading(DECISION.conform(decisions), orders, fills, of_decisions, of_orders)


def _moments(
    rng: np.random.Generator, preset: Preset, slow: Slow, sent: Messages
) -> Int:
    """Cells at whose start a decision falls: open, a horizon after the first quote."""
    chance = preset.decisions_a_day * slow.step_s / 86_400
    drawn = (rng.random(slow.open.size) < chance) & slow.open
    cells = np.flatnonzero(drawn)
    if not sent.quotes.height:
        return cells[:0]
    first = (sent.quotes["event_ns"][0] - slow.begin_ns) / (slow.step_s * 1e9)
    late = cells > first + preset.alpha.horizon_s / slow.step_s
    after: Int = cells[late]
    return after


def _minds(
    rng: np.random.Generator, strategy: Int, signal: Float, up: Float
) -> tuple[Int, Float]:
    """Sides, and the confidence that each strategy states."""
    n = signal.size
    known = np.where(signal >= 0, 1, -1)
    blurred = np.where(signal + rng.standard_normal(n) >= 0, 1, -1)
    tossed = np.where(rng.random(n) < 0.5, 1, -1)  # noqa: PLR2004  # a fair coin
    side = np.choose(strategy, [known, blurred, tossed])
    likely = np.nan_to_num(np.maximum(up, 1.0 - up), nan=0.5)
    # Three times as far from a half, in log-odds.
    eager = 1.0 / (1.0 + np.exp(-3.0 * np.log(likely / (1.0 - likely))))
    said = np.choose(strategy, [likely, eager, rng.uniform(0.5, 1.0, n)])
    return side, said


def _returns(sent: Messages, at: Int, horizon_s: float) -> Float:
    """Return of the efficient price over the horizon; NaN beyond the last quote."""
    times = sent.prices["event_ns"].to_numpy()
    level = sent.prices["efficient_bps"].to_numpy()
    until = at + round(horizon_s * 1e9)
    if not times.size:
        return np.full(at.size, np.nan)
    first, last = (np.searchsorted(times, t, side="right") - 1 for t in (at, until))
    return np.where(until <= times[-1], level[last] - level[first], np.nan)


def _execute(
    rng: np.random.Generator,
    preset: Preset,
    name: str,
    decided: pl.DataFrame,
    quotes: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Orders, fills and the parts of their shortfall."""
    fitted, n = preset.fitted, decided.height
    at, side = decided["event_ns"].to_numpy(), decided["side"].to_numpy().astype(float)
    delay = np.rint(rng.exponential(preset.decision_delay_s, n) * 1e9)
    arrival = at + 1 + delay.astype(np.int64)
    order, filled = _children(rng, arrival)
    drawn = fitted.log_taken + fitted.sd_taken * rng.standard_normal(order.size)
    lots = np.maximum(1.0, np.rint(np.exp(drawn)))
    expected = fitted.permanent_bps * (lots / fitted.typical) ** fitted.exponent
    book = _Touch.of(quotes, fitted.tick)
    then, came, done = book.at(at), book.at(arrival), book.at(filled)
    in_bps, s = 1e4 / then.mid, side[order]
    dug = np.rint(expected / in_bps[order])
    touch = np.where(s > 0, done.ask, done.bid)
    price = scaled(touch + s * dug, fitted.tick)
    quantity = scaled(lots, fitted.lot)
    fees = preset.fee_bps * 1e-4 * price * quantity
    keys = decided.select(
        pl.col("decision_id").str.replace("-d", "-o").alias("order_id"),
        "decision_id",
        "instrument",
        "event_ns",
    )
    fills = keys[order].with_columns(
        fill_id=pl.Series(
            [f"{name}-f{k:07}" for k in range(order.size)], dtype=pl.String
        ),
        side=pl.Series(s),
        event_ns=pl.Series(filled),
        received_ns=pl.Series(filled + round(fitted.latency_s * 1e9)),
        price=pl.Series(price),
        quantity=pl.Series(quantity),
        fees=pl.Series(fees),
        venue=pl.lit(VENUE),
        liquidity=pl.lit("taker"),
    )
    total: Float = np.bincount(order, quantity, minlength=n).astype(np.float64)

    def mean(values: Float) -> Float:
        return np.bincount(order, values * quantity, minlength=n) / total

    parts = {
        "delay_bps": side * (came.mid - then.mid) * in_bps,
        "timing_bps": side * (mean(done.mid) - came.mid) * in_bps,
        "spread_bps": side * mean(touch - done.mid) * in_bps,
        "impact_bps": side * mean(s * dug) * in_bps,
        "fees_bps": mean(fees / quantity) / fitted.tick * in_bps,
    }
    of_orders = keys.with_columns(
        pl.Series("decision_mid", then.mid * fitted.tick),
        pl.Series("arrival_mid", came.mid * fitted.tick),
        *(pl.Series(part, values) for part, values in parts.items()),
        pl.Series("shortfall_bps", sum(parts.values(), np.zeros(n))),
    )
    orders = _order_events(of_orders, side, arrival, total, fitted.latency_s)
    return orders, FILL.conform(fills), of_orders


def _children(rng: np.random.Generator, arrival: Int) -> tuple[Int, Int]:
    """Split orders: the order of each fill, and when it is filled."""
    count = rng.integers(1, _MOST_CHILDREN + 1, arrival.size)
    order = np.repeat(np.arange(arrival.size), count)
    waits = np.rint(rng.exponential(_CHILD_S, order.size) * 1e9).astype(np.int64)
    walked, first = np.cumsum(waits), np.cumsum(count) - count
    before = (walked - waits)[first] if order.size else walked
    return order, arrival[order] + 1 + walked - before[order]


def _order_events(
    of_orders: pl.DataFrame,
    side: Float,
    arrival: Int,
    quantity: Float,
    latency_s: float,
) -> pl.DataFrame:
    """Each order is sent, and acknowledged where it arrives."""
    base = of_orders.select(
        "order_id", "decision_id", "instrument", pl.col("event_ns") + 1
    ).with_columns(side=pl.Series(side), quantity=pl.Series(quantity))
    sent = base.with_columns(
        order_event_id=pl.col("order_id") + "-sent",
        received_ns="event_ns",
        status=pl.lit("sent"),
    )
    known = arrival + round(latency_s * 1e9)
    acknowledged = base.with_columns(
        order_event_id=pl.col("order_id") + "-acknowledged",
        event_ns=pl.Series(arrival),
        received_ns=pl.Series(known),
        status=pl.lit("acknowledged"),
        arrival_ns=pl.Series(arrival),
        arrival_price=of_orders["arrival_mid"],
    )
    return pl.concat([ORDER_EVENT.conform(sent), ORDER_EVENT.conform(acknowledged)])


@dataclass(frozen=True, slots=True, eq=False)
class _Touch:
    """Bid and ask in ticks, at times."""

    time_ns: Int
    bid: Float
    ask: Float

    @classmethod
    def of(cls, quotes: pl.DataFrame, tick: float) -> "_Touch":
        bid, ask = (np.rint(quotes[c].to_numpy() / tick) for c in ("bid", "ask"))
        return cls(quotes["event_ns"].to_numpy(), bid, ask)

    @property
    def mid(self) -> Float:
        return (self.bid + self.ask) / 2

    def at(self, time_ns: Int) -> "_Touch":
        """As they stood at each time, that moment's quote included."""
        row = np.searchsorted(self.time_ns, time_ns, side="right") - 1
        return _Touch(time_ns, self.bid[row], self.ask[row])


def accuracy_of(up: Float) -> float:
    """Share that the best forecast of the sign gets right: mean of max(p, 1 - p)."""
    known = up[~np.isnan(up)]
    return float(np.maximum(known, 1 - known).mean()) if known.size else 0.5
