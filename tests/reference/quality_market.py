"""A clean market by hand, for tests of quality: bars, ticks and what goes with them."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE
from tradeloop.events import BAR, DECISION, FILL, QUOTE, TRADE
from tradeloop.quality import Evidence, RowCounts

N_BARS, N_TICKS = 600, 3_000
START_NS = 20_000 * NS_PER_DAY


def bars_of(seed=0, names=("A.SRC", "B.SRC"), n=N_BARS):
    """Hourly bars of a random walk, all day, received a second after the end."""
    draw = np.random.default_rng(seed)
    frames = []
    for name in names:
        close = 100 * np.exp(np.cumsum(draw.normal(0, 1e-3, n)))
        opened = np.concatenate([[100.0], close[:-1]])
        end = START_NS + NS_PER_HOUR * np.arange(1, n + 1)
        frame = pl.DataFrame(
            {
                "instrument": [name] * n,
                "open_ns": end - NS_PER_HOUR,
                "event_ns": end,
                "received_ns": end + 10**9,
                "open": opened,
                "high": np.maximum(opened, close) * 1.0001,
                "low": np.minimum(opened, close) * 0.9999,
                "close": close,
                "volume": draw.uniform(1, 2, n),
                "bid": close * 0.9999,
                "ask": close * 1.0001,
            }
        )
        frames.append(BAR.conform(frame))
    return pl.concat(frames)


def ticks_of(seed=0, names=("A.SRC", "B.SRC"), n=N_TICKS):
    """Quotes and trades about every 12 minutes, numbered, 5 to 15 ms on the way."""
    draw = np.random.default_rng(seed)
    quotes, trades = [], []
    for name in names:
        event = START_NS + np.sort(draw.integers(0, n * 12 * NS_PER_MINUTE, n))
        price = 100 * np.exp(np.cumsum(draw.normal(0, 1e-4, n)))
        common = pl.DataFrame(
            {
                "instrument": [name] * n,
                "event_ns": event,
                "received_ns": event + draw.integers(5_000_000, 15_000_000, n),
            }
        )
        number = np.arange(1, n + 1)
        quotes.append(
            QUOTE.conform(
                common.with_columns(
                    bid=pl.Series(price * 0.9999),
                    ask=pl.Series(price * 1.0001),
                    bid_size=pl.Series(draw.uniform(1, 9, n)),
                    ask_size=pl.Series(draw.uniform(1, 9, n)),
                    sequence=pl.Series(number),
                )
            )
        )
        trades.append(
            TRADE.conform(
                common.with_columns(
                    price=pl.Series(price),
                    size=pl.Series(draw.uniform(1, 9, n)),
                    side=pl.Series(draw.choice([-1, 1], n)),
                    trade_id=pl.Series(number.astype(str)),
                )
            )
        )
    return {"quote": pl.concat(quotes), "trade": pl.concat(trades)}


def decisions_on(bars, every=50):
    chosen = bars.gather_every(every).with_row_index("n")
    return DECISION.conform(
        chosen.with_columns(
            pl.format("d{}", "n").alias("decision_id"),
            pl.lit("rule").alias("strategy"),
            pl.lit(1).alias("side"),
            (pl.col("received_ns") + 1).alias("received_ns"),
        )
    )


def fills_on(bars, every=50):
    chosen = bars.gather_every(every).with_row_index("n")
    return FILL.conform(
        chosen.with_columns(
            pl.format("f{}", "n").alias("fill_id"),
            pl.lit(1).alias("side"),
            pl.col("close").alias("price"),
            pl.lit(1.0).alias("quantity"),
        )
    )


def features_on(bars):
    step = pl.col("close").log().diff().over("instrument")
    return bars.select("instrument", "event_ns", "received_ns", step.alias("step"))


@dataclass(frozen=True)
class Distance:
    """A scorer by hand: how far the first column lies from 0."""

    columns: tuple = ("step",)
    limit: float = 0.02

    def score(self, rows):
        return np.abs(rows[:, 0])


BARS, TICKS = bars_of(), ticks_of()
CLEAN = Evidence(
    bars=BARS,
    interval_ns=NS_PER_HOUR,
    decisions=decisions_on(BARS),
    fills=fills_on(BARS),
    fills_outside=fills_on(BARS).clear(),
    rows=RowCounts(read=2 * N_BARS, quarantined=0),
    features=features_on(BARS),
    reference=BARS.select("instrument", "event_ns", "close"),
    ticks=TICKS,
    delivered=pl.DataFrame(
        {"source": ["bot"], "epoch": [1], "received": [500], "missing": [0]}
    ),
    regimes=BARS.select(
        "instrument",
        "event_ns",
        regime=pl.when(pl.int_range(pl.len()) % 2 == 0)
        .then(pl.lit("calm"))
        .otherwise(pl.lit("wild")),
    ),
    scorer=Distance(),
    stated_ns={"SRC": 20_000_000},
)


def cell(column, row, value):
    """Give one row of a column another value."""
    here = pl.int_range(pl.len()) == row
    return pl.when(here).then(value).otherwise(pl.col(column)).alias(column)


def stretch(frame, columns, rows, value):
    """Give some rows of columns another value, an expression made from the name."""
    inside = pl.int_range(pl.len()).is_between(*rows)
    return frame.with_columns(
        pl.when(inside).then(value(name)).otherwise(pl.col(name)).alias(name)
        for name in columns
    )


def without(frame, first, length):
    """Leave out rows."""
    return frame.filter(~pl.int_range(pl.len()).is_between(first, first + length - 1))
