"""Small markets and signals, by hand and at random."""

import polars as pl
from hypothesis import strategies as st

from tradeloop.backtest import BacktestConfig, replay
from tradeloop.clock import NS_PER_HOUR
from tradeloop.costs import ZERO, CostModel

FREE = ZERO
FIVE_BPS = CostModel(half_spread_bps=3.0, commission_bps=2.0)
DEAR = CostModel(half_spread_bps=3.0, commission_bps=2.0, financing_bps_per_year=400.0)


def bar_frame(market):
    rows = [(name, *bar) for name in sorted(market) for bar in sorted(market[name])]
    schema = ["instrument", "open_ns", "event_ns", "open", "close"]
    return pl.DataFrame(rows, schema=schema, orient="row")


def signal_frame(signals):
    schema = {
        "instrument": pl.String,
        "created_ns": pl.Int64,
        "side": pl.Int8,
        "position_size": pl.Float64,
        "confidence": pl.Float64,
        "horizon_ns": pl.Int64,
    }
    return pl.DataFrame(signals, schema=schema)


def signal(instrument="A", created=0, side=1, size=1.0, horizon=2):
    return {
        "instrument": instrument,
        "created_ns": created * NS_PER_HOUR,
        "side": side,
        "position_size": size,
        "confidence": 0.6,
        "horizon_ns": horizon * NS_PER_HOUR,
    }


def hourly(prices, closes=None):
    """Bars of one hour, each opening when the last one closed."""
    closes = closes or prices
    return [
        (i * NS_PER_HOUR, (i + 1) * NS_PER_HOUR, float(o), float(c))
        for i, (o, c) in enumerate(zip(prices, closes, strict=True))
    ]


@st.composite
def markets(draw):
    market = {}
    for name in draw(st.sampled_from(["A", "AB", "ABC"])):
        slots = draw(st.lists(st.integers(0, 14), min_size=1, max_size=12, unique=True))
        price = st.integers(50, 200).map(float)
        market[name] = [
            (
                slot * NS_PER_HOUR,
                slot * NS_PER_HOUR
                + draw(st.sampled_from([1, 1, 1, 2])) * NS_PER_HOUR // 2,
                draw(price),
                draw(price),
            )
            for slot in sorted(slots)
        ]
    return market


orders = st.lists(
    st.builds(
        signal,
        instrument=st.sampled_from("AABCX"),
        created=st.integers(-2, 16),
        side=st.sampled_from([-1, -1, 0, 1, 1]),
        size=st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5]),
        horizon=st.integers(1, 9),
    ),
    max_size=14,
)
caps = st.tuples(
    st.sampled_from([0.3, 0.5, 1.0, 4.0]), st.sampled_from([0.4, 1.0, 9.0])
)


def run(market, signals, costs=FREE, caps=(1.0, 1.0), capital=1.0):
    config = BacktestConfig(capital, *caps)
    return replay(bar_frame(market), signal_frame(signals), costs=costs, config=config)
