"""Labels against as-of joins written by hand."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from tradeloop.apps.bench import simulated
from tradeloop.apps.bench.rows import Area, Row, require_equal
from tradeloop.apps.bench.timing import medians_s, peer_module
from tradeloop.clock import NS_PER_MINUTE
from tradeloop.labels import label

_BARS = (20, 20_000)
_DECISIONS = 100_000
_HORIZONS = {"5m": 5, "15m": 15, "1h": 60}
_HORIZONS_NS = [minutes * NS_PER_MINUTE for minutes in _HORIZONS.values()]


def polars_returns(decisions: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
    """Return of each decision at each horizon: one as-of join back, one on per horizon.

    Parameters
    ----------
    decisions, bars : polars.DataFrame
        From `tradeloop.apps.bench.simulated`.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, n_horizons)
    """
    known = bars.select("instrument", at="received_ns", entry="close").sort("at")
    done = bars.select("instrument", due="event_ns", leave="close").sort("due")
    found = decisions.select("instrument", at="received_ns").join_asof(
        known, on="at", by="instrument", check_sortedness=False
    )
    for name, horizon_ns in zip(_HORIZONS, _HORIZONS_NS, strict=True):
        change = (pl.col("leave") - pl.col("entry")) / pl.col("entry")
        found = (
            found.with_columns(due=pl.col("at") + horizon_ns)
            .join_asof(
                done,
                on="due",
                by="instrument",
                strategy="forward",
                check_sortedness=False,
            )
            .with_columns(change.alias(f"return_{name}"))
            .drop("leave", "due")
        )
    return found.select(f"return_{name}" for name in _HORIZONS)


def pandas_returns(pandas: Any, decisions: Any, bars: Any) -> Any:
    """Do as `polars_returns`, on pandas frames that are given."""
    known = bars[["instrument", "received_ns", "close"]].sort_values("received_ns")
    done = bars[["instrument", "event_ns", "close"]].sort_values("event_ns")
    found = pandas.merge_asof(
        decisions[["instrument", "received_ns"]],
        known.rename(columns={"close": "entry"}),
        on="received_ns",
        by="instrument",
    )
    wanted = {}
    for name, horizon_ns in zip(_HORIZONS, _HORIZONS_NS, strict=True):
        found["event_ns"] = found["received_ns"] + horizon_ns
        joined = pandas.merge_asof(
            found, done, on="event_ns", by="instrument", direction="forward"
        )
        change = (joined["close"] - joined["entry"]) / joined["entry"]
        wanted[f"return_{name}"] = change
    return pandas.DataFrame(wanted)


def _rows() -> Iterator[Row]:
    bars = simulated.bars(*_BARS)
    decisions = simulated.decisions(bars, _DECISIONS, room=(100, 100))
    names = [f"return_{name}" for name in _HORIZONS]
    pandas = peer_module("pandas")
    frames = (
        [] if pandas is None else [_to_pandas(pandas, f) for f in (decisions, bars)]
    )

    def ours() -> pl.DataFrame:
        return label(decisions, bars, horizons_ns=_HORIZONS_NS)

    def in_pandas() -> Any:
        return pandas_returns(pandas, *frames)

    expected = ours().select(names).to_numpy()
    by_hand = polars_returns(decisions, bars).to_numpy()
    same = np.array_equal(expected, by_hand) and not np.isnan(expected).any()
    if pandas is not None:
        same = same and np.array_equal(expected, in_pandas().to_numpy())
    require_equal(same=same, what="returns")
    took = medians_s(
        ours,
        lambda: polars_returns(decisions, bars),
        in_pandas if pandas is not None else None,
        repeats=5,
    )
    polars_name = "Polars join_asof by hand, all cores: returns only"
    pandas_name = "pandas merge_asof by hand: returns only"
    if pandas is None:
        pandas_name = "pandas is not installed"
    for peer_name, peer_s in ((polars_name, took[1]), (pandas_name, took[2])):
        yield Row(
            what=f"labels of {_DECISIONS:,} decisions x 3 horizons on "
            f"{bars.height:,} bars",
            unit="ms",
            ours=(took[0] or 0.0) * 1e3,
            peer=None if peer_s is None else peer_s * 1e3,
            peer_name=peer_name,
            note="All returns equal to the bit, checked first. Ours also gives outcome "
            "class, direction, net and relative return, largest gain and loss on the "
            "way, states and the time at which each label was known.",
        )


def _to_pandas(pandas: Any, frame: pl.DataFrame) -> Any:
    """Copy without pyarrow's extension types: plain columns, as pandas likes them."""
    wanted = frame.select(
        name
        for name in ("instrument", "event_ns", "received_ns", "close")
        if name in frame.columns
    )
    return pandas.DataFrame({n: wanted[n].to_numpy() for n in wanted.columns})


AREA = Area("labels", _rows)
