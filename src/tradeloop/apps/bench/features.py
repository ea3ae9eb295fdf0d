"""The feature engine against TA-Lib, polars-talib and Polars expressions."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from tradeloop.apps.bench import simulated
from tradeloop.apps.bench.rows import Area, Row, require_equal
from tradeloop.apps.bench.talib_peer import (
    OHLCV,
    agree,
    native_bank,
    polars_expressions,
    polars_talib_expressions,
    talib_columns,
)
from tradeloop.apps.bench.timing import (
    each_us,
    medians_s,
    pair_s,
    peer_module,
    percentile,
    seconds,
)
from tradeloop.apps.bench.wide import wide_bank
from tradeloop.clock import NS_PER_MINUTE
from tradeloop.features import (
    Bank,
    Lanes,
    LiveBank,
    compute,
    default_bank,
    standard_bank,
)
from tradeloop.features.checks import run_history, run_live
from tradeloop.features.compute import input_rows
from tradeloop.features.frames import lane_bounds
from tradeloop.fold import Float

_ONE_SYMBOL = 500_000
_PANEL = (1_000, 1_000)
_FRAME_BARS = 500_000
_RECENT = 500
_UPDATES = 20_000
_NO_TALIB = "TA-Lib is not installed"
_START = """\
from tradeloop.features import LiveBank, default_bank
import numpy as np
bank = default_bank(60_000_000_000, has_quotes=True)
LiveBank(bank).update("S", np.ones(len(bank.inputs)))
"""
_COLD = "import numba; numba.config.CACHE_DIR = {folder!r}\n" + _START


def _arrays(market: pl.DataFrame) -> list[Float]:
    return [np.ascontiguousarray(market[name].to_numpy()) for name in OHLCV]


def _history(market: pl.DataFrame, talib: Any) -> Iterator[Row]:
    bank = native_bank()
    rows, bounds = input_rows(bank, market), lane_bounds(market)
    arrays = _arrays(market)

    def ours() -> object:
        return bank.panel(bank.state(), rows, bounds)

    def theirs() -> object:
        return talib_columns(talib, *arrays)

    if talib is not None:
        found = bank.panel(bank.state(), rows, bounds)
        same = agree(found, talib_columns(talib, *arrays))
        require_equal(same=same, what="native indicators")
    took, peer = pair_s(ours, theirs if talib else None, 9)
    per_bar = 1e9 / market.height
    yield Row(
        what=f"history, 13 native indicators, 19 columns, {market.height:,} bars, "
        "one core",
        unit="ns/bar",
        ours=took * per_bar,
        peer=None if peer is None else peer * per_bar,
        peer_name="TA-Lib, 14 calls, its own float64 arrays" if talib else _NO_TALIB,
        target=1.3,
        note="Outputs are new on both sides, ours of Arrow's memory pool. Seventeen "
        "columns that mean the same were compared first, to 1e-8.",
    )


def _panel(market: pl.DataFrame, talib: Any) -> Iterator[Row]:
    bank = native_bank()
    rows, bounds = input_rows(bank, market), lane_bounds(market)
    arrays = _arrays(market)
    lanes = [
        [array[first : first + _PANEL[1]] for array in arrays]
        for first in range(0, market.height, _PANEL[1])
    ]

    def ours() -> object:
        return bank.panel(bank.state(len(lanes)), rows, bounds)

    def theirs() -> object:
        return [talib_columns(talib, *lane) for lane in lanes]

    took, peer = pair_s(ours, theirs if talib else None)
    yield Row(
        what="history, the same indicators, 1,000 symbols x 1,000 bars, two threads",
        unit="ns/bar",
        ours=took * 1e9 / market.height,
        peer=None if peer is None else peer * 1e9 / market.height,
        peer_name="TA-Lib in a loop over symbols, one thread" if talib else _NO_TALIB,
        target=4.0,
        note="TA-Lib keeps Python's lock, so threads do not help its loop.",
    )


def _frames(market: pl.DataFrame) -> Iterator[Row]:
    """From a frame to a frame, both on all cores."""
    plta = peer_module("polars_talib")
    whole, fewer = native_bank(), native_bank(with_cci=False)
    plain = polars_expressions()
    expressions = [] if plta is None else polars_talib_expressions(plta)

    def through(found: list[pl.Expr]) -> Callable[[], object]:
        return lambda: market.lazy().select(found).collect()

    took = medians_s(
        lambda: compute(fewer, market),
        through(plain),
        lambda: compute(whole, market),
        through(expressions) if expressions else None,
        repeats=5,
    )
    scaled = [None if each is None else each * 1e9 / market.height for each in took]
    note = f"{market.height:,} bars of 1,000 a symbol; both may use all cores."
    yield Row(
        what="history, 12 indicators (no CCI), frame in, frame out",
        unit="ns/bar",
        ours=scaled[0] or 0.0,
        peer=scaled[1],
        peer_name="Polars expressions over the symbol",
        target=10.0,
        note=note,
    )
    yield Row(
        what="history, 13 indicators, frame in, frame out",
        unit="ns/bar",
        ours=scaled[2] or 0.0,
        peer=scaled[3],
        peer_name="polars-talib over the symbol"
        if expressions
        else "polars-talib is not installed",
        target=4.0,
        note=note,
    )


def _live(market: pl.DataFrame, talib: Any) -> Iterator[Row]:
    for name, bank in (
        ("the default bank", default_bank(NS_PER_MINUTE, has_quotes=True)),
        ("a wide bank", wide_bank()),
        ("the whole catalogue of bars", standard_bank(market.columns)),
    ):
        row = np.ascontiguousarray(input_rows(bank, market)[:, -1])
        driver = LiveBank(bank)

        def update(driver: LiveBank = driver, row: Float = row) -> object:
            return driver.update("S", row)

        took, step = each_us((update, driver.lane("S").step), _UPDATES)
        yield Row(
            what=f"live, one symbol, one bar, {name} of {len(bank.names)} columns, p99",
            unit="us",
            ours=percentile(took, 99),
            peer_name="none: no peer goes on bar by bar with these columns",
            target=None if name.startswith("the whole") else 5.0,
            target_is="ours",
            note=f"LiveBank.update, p50 {percentile(took, 50):.2f} us; Lane.step, the "
            f"compiled call in it, p50 {percentile(step, 50):.2f}, p99 "
            f"{percentile(step, 99):.2f} us. The target was set for about 160 columns.",
        )
    yield _against_recomputing(market, talib)


def _against_recomputing(market: pl.DataFrame, talib: Any) -> Row:
    bank = native_bank()
    driver, lane = LiveBank(bank), LiveBank(bank).lane("S")
    row = np.ascontiguousarray(input_rows(bank, market)[:, -1])
    recent = [np.ascontiguousarray(array[-_RECENT:]) for array in _arrays(market)]

    def step() -> object:
        lane.row[:] = row
        lane.step()
        return lane.values

    def update() -> object:
        return driver.update("S", row)

    def again() -> object:
        return talib_columns(talib, *recent)

    took = each_us((step, update, again) if talib else (step, update), _UPDATES // 4)
    return Row(
        what="live, one symbol, one bar, the 13 native indicators, p50",
        unit="us",
        ours=percentile(took[0], 50),
        peer=percentile(took[-1], 50) if talib else None,
        peer_name="TA-Lib over the last 500 bars" if talib else _NO_TALIB,
        target=100.0,
        note="The bar is copied into a Lane and stepped; LiveBank.update, which looks "
        f"the symbol up and copies the values out, p50 {percentile(took[1], 50):.2f} "
        "us.",
    )


def _many_symbols(market: pl.DataFrame) -> Iterator[Row]:
    bank, symbols = native_bank(), _PANEL[0]
    lanes = Lanes(bank, symbols)
    last = input_rows(bank, market).reshape(len(bank.inputs), symbols, -1)[:, :, -1]
    lanes.rows[:] = last
    (took,) = medians_s(lanes.step, repeats=501)
    yield Row(
        what="live, 1,000 symbols x 19 columns in one call, one thread",
        unit="M symbol updates/s",
        ours=symbols / (took or 1.0) / 1e6,
        peer_name="none: no peer has a call for many symbols",
        better="more",
        target=10.0,
        target_is="ours",
    )


def _starts() -> Iterator[Row]:
    def start(code: str) -> float:
        command = [sys.executable, "-c", code]
        return seconds(lambda: subprocess.run(command, check=True))  # noqa: S603

    start(_START)
    warm = median(start(_START) for _ in range(5))
    with TemporaryDirectory() as folder:
        cold = start(_COLD.format(folder=folder))
    for what, took, target in (
        ("warm: machine code cached", warm, 2.0),
        ("cold: empty cache, one start", cold, 15.0),
    ):
        yield Row(
            what=f"start of a process up to the first live row, {what}",
            unit="s",
            ours=took,
            peer_name="none: no peer compiles",
            target=target,
            target_is="ours",
            note="The default bank; Python itself and all imports are in it.",
        )


def _bits(bank: Bank, market: pl.DataFrame) -> Iterator[Row]:
    rows = input_rows(bank, market)
    whole, single = run_history(bank, rows), run_live(bank, rows)
    apart = whole.view(np.uint64) ^ single.view(np.uint64)
    yield Row(
        what=f"live against history, {single.size:,} values, differing bits",
        unit="bits",
        ours=float(np.bitwise_count(apart).sum()),
        peer_name="none: a count",
        target=0.0,
        target_is="ours",
    )


def _rows() -> Iterator[Row]:
    talib = peer_module("talib")
    yield from _history(simulated.bars(1, _ONE_SYMBOL), talib)
    market = simulated.bars(*_PANEL)
    yield from _panel(market, talib)
    yield from _frames(market.head(_FRAME_BARS))
    yield from _live(market.head(_PANEL[1]), talib)
    yield from _many_symbols(market)
    yield from _bits(wide_bank(), simulated.bars(1, 2_000))
    yield from _starts()


AREA = Area("features", _rows)
