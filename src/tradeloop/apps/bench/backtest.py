"""The back-test engine on a year of one-minute bars."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.apps.bench import simulated
from tradeloop.apps.bench.rows import Area, Row, require_equal
from tradeloop.apps.bench.timing import pair_s
from tradeloop.backtest import BacktestConfig, replay
from tradeloop.clock import NS_PER_MINUTE
from tradeloop.costs import CostModel

_SYMBOLS, _YEAR = 100, 252 * 390
_ASKED = 500
_EVERY, _HELD = 60, 30  # bars from signal to signal, bars that a position is held
_SIZE, _CAPITAL = 0.01, 1e6
_COSTS = CostModel()
_FREE = BacktestConfig(
    capital=_CAPITAL, max_instrument_exposure=1e3, max_total_exposure=1e3
)
_NEEDED = ("instrument", "open_ns", "event_ns", "open", "close")


def signals_on(bars: pl.DataFrame, rows: int) -> pl.DataFrame:
    """One signal per symbol and hour; each is over before the next."""
    draw = np.random.default_rng(8)
    at = simulated.START_NS + NS_PER_MINUTE * np.arange(1, rows - _EVERY, _EVERY)
    names = bars["instrument"].unique(maintain_order=True)
    count = names.len() * at.size
    return pl.DataFrame(
        {
            "instrument": names.gather(np.repeat(np.arange(names.len()), at.size)),
            "created_ns": np.tile(at, names.len()),
            "side": draw.choice([-1, 1], count),
            "position_size": np.full(count, _SIZE),
            "horizon_ns": np.full(count, _HELD * NS_PER_MINUTE),
        }
    )


def by_hand(bars: pl.DataFrame, signals: pl.DataFrame) -> NDArray[np.float64]:
    """Compute the equity by NumPy: units and cash step at the opens and add up.

    It takes for granted what the engine checks: bars in order, all symbols on one
    clock, no position beside another, no caps.
    """
    rows = bars.height // bars["instrument"].n_unique()
    opens, closes, starts = (
        bars[name].to_numpy().reshape(-1, rows) for name in ("open", "close", "open_ns")
    )
    lanes = opens.shape[0]
    created, horizon, side, size = (
        signals[name].to_numpy().reshape(lanes, -1)
        for name in ("created_ns", "horizon_ns", "side", "position_size")
    )
    rate = _COSTS.trade_cost_bps() / 1e4
    equity = np.full(rows, _CAPITAL)
    for lane in range(lanes):
        enter = np.searchsorted(starts[lane], created[lane])
        leave = np.searchsorted(starts[lane], created[lane] + horizon[lane])
        units = side[lane] * size[lane] * _CAPITAL / opens[lane, enter]
        step, cash = np.zeros(rows), np.zeros(rows)
        step[enter] += units
        step[leave] -= units
        paid_in, paid_out = units * opens[lane, enter], units * opens[lane, leave]
        cash[enter] -= paid_in + rate * np.abs(paid_in)
        cash[leave] += paid_out - rate * np.abs(paid_out)
        equity += np.cumsum(cash) + np.cumsum(step) * closes[lane]
    return equity


def _rows() -> Iterator[Row]:
    bars = simulated.bars(_SYMBOLS, _YEAR).select(_NEEDED)
    signals = signals_on(bars, _YEAR)

    def ours() -> pl.DataFrame:
        return replay(bars, signals, costs=_COSTS, config=_FREE).curve

    def theirs() -> NDArray[np.float64]:
        return by_hand(bars, signals)

    near = np.allclose(ours()["equity"].to_numpy(), theirs(), rtol=1e-9, atol=0.0)
    require_equal(same=near, what="equity")
    took, peer = pair_s(ours, theirs, 5)
    what = f"{_SYMBOLS} symbols x {_YEAR:,} bars, {signals.height:,} signals"
    note = (
        "Same equity to 1e-9, checked first. Ours also checks every bar, nets and caps "
        "positions, lists fills, round trips and what became of each signal, and keeps "
        "the books of buy-and-hold; the peer gives the equity alone."
    )
    yield Row(
        what=f"back-test, {what}",
        unit="M bars/s",
        ours=bars.height / took / 1e6,
        peer=None if peer is None else bars.height / peer / 1e6,
        peer_name="NumPy by hand, one pass per symbol",
        better="more",
        note=note,
    )
    yield Row(
        what=f"back-test, one year of one-minute bars, {_ASKED} symbols, EXTRAPOLATED "
        f"from {_SYMBOLS}",
        unit="s",
        ours=took * _ASKED / _SYMBOLS,
        peer_name="none: not run at this size",
        target=10.0,
        target_is="ours",
        judged=False,
        note=f"Not measured, so not judged: {_ASKED / _SYMBOLS:g} times the row above, "
        "as if time grew with the bars. A year is 252 sessions of 390 minutes.",
    )


AREA = Area("backtest", _rows)
