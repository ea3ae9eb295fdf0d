"""Two sources of one price: lined up, or an hour apart and reported so."""

import numpy as np
import polars as pl
import pytest

from apps.given import call, written
from tradeloop.clock import NS_PER_HOUR

START_NS = 1_577_836_800_000_000_000  # 2020-01-01
HOURS = 2_000


def hourly(seed, shift_hours=0):
    """Hourly bars of one random walk, as a source with a wrong clock stamps them."""
    walk = np.random.default_rng(7).standard_normal(HOURS) * 1e-3
    noise = np.random.default_rng(seed).standard_normal(HOURS) * 1e-4
    close = np.exp(np.cumsum(walk) + noise)
    times = START_NS + (np.arange(HOURS) + shift_hours) * NS_PER_HOUR
    return pl.DataFrame(
        {
            "ts": pl.Series(times).cast(pl.Datetime("ns", "UTC")),
            "symbol": "EURUSD",
            **dict.fromkeys(("open", "high", "low", "close"), close),
        }
    )


@pytest.mark.parametrize("shift", [0, 1, -2])
def test_a_source_whose_hourly_returns_do_not_line_up_is_reported(tmp_path, shift):
    one = written(tmp_path / "one.parquet", hourly(1))
    other = written(tmp_path / "other.parquet", hourly(2, shift))
    answer = call("capture", "compare", one, other, "--step", "1h", "--json")
    (pair,) = answer.json["pairs"]
    assert answer.status == 0
    assert (pair["symbol"], pair["lined_up"]) == ("EURUSD", shift == 0)
    assert pair["shift_ns"] == shift * NS_PER_HOUR
    assert pair["best"]["value"] > 0.9
    low, high = pair["at_zero"]["low"], pair["at_zero"]["high"]
    assert low <= pair["at_zero"]["value"] <= high
    assert bool(pair["months"]) == (shift != 0)
    shown = call("capture", "compare", one, other)
    assert ("yes" in shown.stdout) == (shift == 0)


def test_files_without_a_common_symbol_are_refused(tmp_path):
    one = written(tmp_path / "one.parquet", hourly(1))
    lone = hourly(2).with_columns(symbol=pl.lit("GBPUSD"))
    other = written(tmp_path / "other.parquet", lone)
    answer = call("capture", "compare", one, other, "--json")
    assert (answer.status, answer.json["error"]) == (2, "InputError")
    assert "GBPUSD" in answer.json["message"]
