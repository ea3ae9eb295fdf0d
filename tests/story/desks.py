"""Little desks whose market has an edge that was put in, or none."""

import json

import numpy as np
import polars as pl
from typer.testing import CliRunner

from tradeloop.apps.cli import app

DAYS = 900
MODEL = "folds: 3\nmin_edge: 0.0\n"  # every forecast is traded: noise, too
CONFIGS = """\
estimators:
  boosting: {n_estimators: 20, max_depth: 2}
"""
_TIME = pl.Datetime("ns", "UTC")
_DAY_NS = 86_400_000_000_000
_FIRST_NS = 1_577_836_800_000_000_000  # 2020-01-01


def market(seed, momentum):
    """Daily bars; a day's return is ``momentum`` times that of the day before, and 1 %.

    Parameters
    ----------
    seed : int
        Of the noise.
    momentum : float
        0 is a random walk.
    """
    noise = np.random.default_rng(seed).normal(0.0, 0.01, DAYS)
    returns = np.zeros(DAYS)
    for k in range(DAYS):
        returns[k] = momentum * returns[k - 1] + noise[k]
    close = 100.0 * np.exp(np.cumsum(returns))
    opened = np.concatenate(([100.0], close[:-1]))
    times = _FIRST_NS + _DAY_NS * np.arange(DAYS)
    return pl.DataFrame(
        {
            "ts": pl.Series(times).cast(_TIME),
            "symbol": "PLANTED.SIM" if momentum else "NOISE.SIM",
            "open": opened,
            "high": np.maximum(opened, close) * 1.001,
            "low": np.minimum(opened, close) * 0.999,
            "close": close,
            "volume": 1_000.0,
        }
    )


def decisions(bars):
    """A decision after the close of each day, buys and sells in turn."""
    times = bars["ts"].gather(range(30, DAYS - 5)).dt.offset_by("24h")
    return pl.DataFrame(
        {
            "decision_id": [f"d{k:04}" for k in range(len(times))],
            "ts": times,
            "symbol": bars["symbol"][0],
            "side": (["buy", "sell"] * len(times))[: len(times)],
            "confidence": 0.6,
        }
    )


def typed(*words, status=0):
    """What a command answers as JSON; its exit status is checked."""
    result = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert result.exit_code == status, result.output[-3_000:]
    return json.loads(result.stdout)


def desk(folder, seed, momentum):
    """A workspace with bars, decisions and a dataset of them."""
    typed("init", folder)
    (folder / "rules" / "model.yaml").write_text(MODEL)
    (folder / "rules" / "model_configs.yaml").write_text(CONFIGS)
    bars = market(seed, momentum)
    given = {"bars": bars, "decisions": decisions(bars)}
    for name, frame in given.items():
        frame.write_parquet(folder / f"{name}.parquet")
        typed("capture", "file", folder / f"{name}.parquet", "--dir", folder)
    typed("datasets", "build", "--horizons", "1d", "--dir", folder)
    return folder
