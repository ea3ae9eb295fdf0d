"""A whole simulated market: several instruments, their truth, and its faults."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from tradeloop.clock import NS_PER_DAY, NS_PER_SECOND
from tradeloop.errors import InputError
from tradeloop.events import SERIES
from tradeloop.simulation import mark
from tradeloop.simulation.faults import NONE, Faults, plant
from tradeloop.simulation.market import Messages, generator, grid_of, messages
from tradeloop.simulation.parameters import Instrument, Preset
from tradeloop.simulation.slow import Slow, slow_states
from tradeloop.simulation.trading import SIGNAL_DELAY_NS, Trading, accuracy_of, trade
from tradeloop.simulation.truth import expected_bps, probability_up, return_variance

# Monday 2024-01-01 00:00 UTC: an arbitrary week, always the same.
BEGIN_NS = 1_704_067_200 * NS_PER_SECOND
MOST_QUOTES = 20_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """A simulated market.

    Parameters
    ----------
    frames : mapping of str to polars.DataFrame
        quotes, trades, book_deltas, signals, decisions, orders, fills; each in the
        order of arrival.
    truth : mapping of str to polars.DataFrame
        prices, takers, regimes, signals, decisions, orders, faults.
    about : mapping
        What made it, and its counts; plain values.
    """

    frames: Mapping[str, pl.DataFrame]
    truth: Mapping[str, pl.DataFrame]
    about: Mapping[str, Any]


def simulate(
    preset: Preset,
    *,
    days: float = 5.0,
    seed: int = 7,
    rate: float = 1.0,
    faults: Faults = NONE,
) -> Simulated:
    """Make a market; the same arguments make the same market to the bit.

    Parameters
    ----------
    preset : Preset
        Kind of market, from `parameters.shipped`.
    days : float
        Length, from Monday 2024-01-01 00:00 UTC.
    seed : int
        Seed, at least 0.
    rate : float
        Factor of the message rates; the price's volatility stays.
    faults : Faults
        Planted into quotes, trades and book after all else.

    Raises
    ------
    InputError
        The market would be empty or too large.
    """
    _check(preset, days=days, seed=seed, rate=rate)
    cells = int(np.ceil(days * NS_PER_DAY / 1e9 / preset.step_s))
    common = generator(seed, 0, "volatility").standard_normal(cells)
    made = [
        _one(preset, one, common, index, days=days, seed=seed, rate=rate)
        for index, one in enumerate(preset.instruments, start=1)
    ]
    frames = _frames(made)
    planted = []
    for index, (name, kind) in enumerate(
        (("quotes", "quote"), ("trades", "trade"), ("book_deltas", "book_delta"))
    ):
        rng = generator(seed, 1 + len(made) + index, "faults")
        frames[name], rows = plant(frames[name], faults, rng, kind=kind)
        planted.append(rows)
    truth = _truth(preset, made) | {"faults": pl.concat(planted)}
    for frame in (*frames.values(), *truth.values()):
        mark.check(frame)
    about = _about(preset, frames, truth, days=days, seed=seed, rate=rate)
    return Simulated(frames, truth, {**about, "faults": _counts(truth["faults"])})


@dataclass(frozen=True, slots=True, eq=False)
class _One:
    instrument: Instrument
    slow: Slow
    sent: Messages
    traded: Trading


def _one(
    preset: Preset,
    instrument: Instrument,
    common: Any,
    index: int,
    *,
    days: float,
    seed: int,
    rate: float,
) -> _One:
    def rng(part: str) -> np.random.Generator:
        return generator(seed, index, part)

    slow = slow_states(
        (rng("regime"), rng("volatility"), rng("signal")),
        preset.fitted,
        instrument,
        preset.alpha,
        begin_ns=BEGIN_NS,
        days=days,
        step_s=preset.step_s,
    )
    grid = grid_of(preset, instrument, slow, common, rate)
    sent = messages(preset, instrument, slow, grid, (rng("messages"), rng("latency")))
    return _One(
        instrument, slow, sent, trade(rng("decisions"), preset, instrument, slow, sent)
    )


def _check(preset: Preset, *, days: float, seed: int, rate: float) -> None:
    for name, value in (("days", days), ("rate", rate)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(
                f"{name} must be a number above 0, was {value}.",
                way_out=f"Give --{name} a number above 0.",
                source=f"--{name}",
            )
    if seed < 0:
        raise InputError(
            f"seed must be at least 0, was {seed}.",
            way_out="Give a whole number from 0 on.",
            source="--seed",
        )
    factors = sum(one.rate for one in preset.instruments)
    closed = 1 - len(preset.fitted.closed) / 168 if days >= 7 else 1.0  # noqa: PLR2004
    expected = preset.fitted.rate * factors * rate * days * 86_400 * closed
    if expected > MOST_QUOTES:
        raise InputError(
            f"About {expected:,.0f} quotes do not fit in memory.",
            way_out="Take fewer --days, or a --rate below 1.",
            source="--days",
        )


def _frames(made: list[_One]) -> dict[str, pl.DataFrame]:
    def joined(frames: list[pl.DataFrame], *then: str) -> pl.DataFrame:
        order = ("received_ns", "instrument", *then)
        return pl.concat(frames).sort(order, maintain_order=True)

    return {
        "quotes": joined([m.sent.quotes for m in made], "sequence"),
        "trades": joined([m.sent.trades for m in made]),
        "book_deltas": joined([m.sent.deltas for m in made]),
        "signals": pl.concat([_signals(m) for m in made]).sort("received_ns", "series"),
        "decisions": joined([m.traded.decisions for m in made]),
        "orders": joined([m.traded.orders for m in made]),
        "fills": joined([m.traded.fills for m in made]),
    }


def _mark_cells(slow: Slow) -> Any:
    every = max(1, round(60.0 / slow.step_s))
    return np.arange(0, slow.signal.size, every)


def _signals(one: _One) -> pl.DataFrame:
    """Publish the signal each minute, for anyone to use."""
    cells = _mark_cells(one.slow)
    at = one.slow.begin_ns + np.rint(cells * one.slow.step_s * 1e9).astype(np.int64)
    name = f"signal {mark.marked(one.instrument.name)}"
    values = {"event_ns": at, "received_ns": at + SIGNAL_DELAY_NS}
    frame = pl.DataFrame({**values, "value": one.slow.signal[cells]})
    return SERIES.conform(frame.with_columns(series=pl.lit(name)))


def _truth(preset: Preset, made: list[_One]) -> dict[str, pl.DataFrame]:
    return {
        "prices": pl.concat([m.sent.prices for m in made]),
        "takers": pl.concat([m.sent.takers for m in made]),
        "regimes": pl.concat([_regimes(m) for m in made]),
        "signals": pl.concat([_forecasts(preset, m) for m in made]),
        "decisions": pl.concat([m.traded.of_decisions for m in made]),
        "orders": pl.concat([m.traded.of_orders for m in made]),
    }


def _regimes(one: _One) -> pl.DataFrame:
    """List the spells of each regime."""
    regime, slow = one.slow.regime, one.slow
    edges = np.flatnonzero(np.diff(regime)) + 1
    first = np.concatenate([[0], edges])
    last = np.concatenate([edges, [regime.size]])
    ns = slow.step_s * 1e9
    return pl.DataFrame(
        {
            "instrument": [mark.marked(one.instrument.name)] * first.size,
            "begin_ns": slow.begin_ns + np.rint(first * ns).astype(np.int64),
            "end_ns": slow.begin_ns + np.rint(last * ns).astype(np.int64),
            "regime": np.where(regime[first] == 1, "stressed", "calm"),
        }
    )


def _forecasts(preset: Preset, one: _One) -> pl.DataFrame:
    """Tell what was to be expected at each minute, by horizon."""
    slow, cells, parts = one.slow, _mark_cells(one.slow), []
    at = slow.begin_ns + np.rint(cells * slow.step_s * 1e9).astype(np.int64)
    for horizon_s in (preset.alpha.horizon_s, 3 * preset.alpha.horizon_s):
        mean = expected_bps(slow, preset.alpha, cells, horizon_s)
        spread = return_variance(
            slow, preset.alpha, one.sent.variance, cells, horizon_s
        )
        parts.append(
            pl.DataFrame(
                {
                    "event_ns": at,
                    "horizon_ns": np.full(at.size, round(horizon_s * 1e9)),
                    "open": slow.open[cells],
                    "signal": slow.signal[cells],
                    "log_vol": slow.log_vol[cells],
                    "expected_bps": mean,
                    "return_sd_bps": np.sqrt(spread),
                    "probability_up": probability_up(mean, spread),
                }
            )
        )
    name = pl.lit(mark.marked(one.instrument.name)).alias("instrument")
    return pl.concat(parts).fill_nan(None).select(name, pl.all())


def _counts(faults: pl.DataFrame) -> dict[str, dict[str, int]]:
    counted: dict[str, dict[str, int]] = {}
    for kind, fault, n in (
        faults.group_by("kind", "fault").len().sort("kind", "fault").rows()
    ):
        counted.setdefault(kind, {})[fault] = n
    return counted


def _about(
    preset: Preset,
    frames: Mapping[str, pl.DataFrame],
    truth: Mapping[str, pl.DataFrame],
    *,
    days: float,
    seed: int,
    rate: float,
) -> dict[str, Any]:
    horizon = round(preset.alpha.horizon_s * 1e9)
    marks = truth["signals"].filter(pl.col("open"), pl.col("horizon_ns") == horizon)
    up = marks["probability_up"].drop_nulls().to_numpy()
    return {
        "simulated": True,
        "source": mark.source(preset.name, seed),
        "preset": preset.name,
        "days": days,
        "seed": seed,
        "rate": rate,
        "instruments": [mark.marked(one.name) for one in preset.instruments],
        "correlation": preset.correlation,
        "alpha": asdict(preset.alpha),
        "optimal_accuracy": accuracy_of(up),
        "rows": {name: frame.height for name, frame in frames.items()},
        "fitted": preset.fitted.values(),
        "fitted_to": dict(preset.fitted.about),
    }
