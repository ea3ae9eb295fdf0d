"""``tradeloop quality`` as its users call it."""

import json

import numpy as np
import polars as pl
import pytest

from apps.given import bars, call, refused, written
from tradeloop.clock import NS_PER_SECOND

START_NS = 1_577_923_200_000_000_000  # 2020-01-02
N_TICKS = 30_000
MEASURES = {"completeness", "consistency", "timeliness", "validity", "missing_share"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A workspace with daily bars of an index, ten days of them gone."""
    folder = tmp_path_factory.mktemp("desk")
    at = pl.int_range(pl.len())
    holed = bars("SP500", 400).filter(~at.is_between(300, 311))
    file = written(folder / "bars.parquet", holed)
    assert call("capture", "file", file, "--dir", folder, "--json").status == 0
    return folder


def report(folder, *more):
    return call("quality", "report", "--dir", folder, *more)


def test_report_tells_figures_windows_delays_and_what_was_found(desk):
    answer = report(desk, "--window", "30d", "--json")
    assert answer.status == 0, answer.stderr
    told = answer.json
    assert set(told["measures"]) == {*MEASURES, "accuracy", "overall"}
    assert told["measures"]["accuracy"] is None  # without a reference there is none
    assert told["measures"]["overall"] == told["overall"] < 1
    assert [group["instrument"] for group in told["groups"]] == ["SP500"]
    assert sum(window["rows"] for window in told["windows"]) == 388
    assert [row["kind"] for row in told["delays"]] == ["bar"]
    assert "gap" in {each["name"] for each in told["anomalies"]}


def test_a_broken_limit_is_told_and_ends_with_1(desk):
    answer = report(desk, "--limit", "completeness=0.999", "--json")
    assert answer.status == 1
    assert [each["of"] for each in answer.json["broken"]] == [
        {},
        {"instrument": "SP500"},
    ]
    shown = report(desk, "--limit", "completeness=0.999")
    assert shown.status == 1
    assert "broken completeness is" in shown.stdout
    kept = report(desk, "--limit", "completeness=0.5", "--limit", "overall=0.5")
    assert kept.status == 0
    assert "broken" not in kept.stdout.replace("broken_bar", "")


def test_tables_name_the_worst_window_and_the_rule_that_found_it(desk):
    shown = report(desk, "--window", "30d", "--by", "source").stdout
    assert "complete" in shown
    assert "windows of 30d are not 1" in shown
    assert "gap" in shown
    assert "delay: received after it happened" in shown
    assert "accurate" not in shown  # nothing to judge it by


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--limit", "overal=0.9"), "must be one of completeness"),
        (("--limit", "overall"), "MEASURE=VALUE"),
        (("--limit", "overall=95"), "between 0 and 1"),
        (("--by", "venue"), "instrument or source"),
        (("--window", "soon"), "soon"),
    ],
)
def test_an_option_that_breaks_its_rule_is_named(desk, options, said):
    refused(report(desk, *options, "--json"), said)


def test_a_folder_without_a_workspace_says_so(tmp_path):
    answer = report(tmp_path, "--json")
    assert answer.status == 1
    assert json.loads(answer.stdout)["error"] == "NotFoundError"


def ticks(seed, *, late_s=0, level_bps=0.0, crossed=0):
    """Quotes of one random walk, as one of its sources gives them."""
    walk = np.random.default_rng(7).standard_normal(N_TICKS) * 1e-5
    noise = np.random.default_rng(seed).standard_normal(N_TICKS) * 1e-7
    mid = 1.1 * np.exp(np.cumsum(walk) + noise) * (1 + level_bps / 1e4)
    half = np.where(np.arange(N_TICKS) < crossed, -1e-5, 1e-5)
    times = START_NS + (np.arange(N_TICKS) + late_s) * NS_PER_SECOND
    return pl.DataFrame(
        {
            "ts": pl.Series(times).cast(pl.Datetime("ns", "UTC")),
            "symbol": "EURUSD",
            "bid": mid - half,
            "ask": mid + half,
        }
    )


def test_compare_finds_what_was_planted_into_the_second_source(tmp_path):
    one = written(tmp_path / "one.parquet", ticks(1))
    planted = ticks(2, late_s=60, level_bps=3.0, crossed=600)
    other = written(tmp_path / "other.parquet", planted)
    answer = call("quality", "compare", one, other, "--json")
    assert answer.status == 0, answer.stderr
    (pair,) = answer.json["pairs"]
    assert not pair["lined_up"]
    assert pair["offset_ns"] == 60 * NS_PER_SECOND
    assert pair["best"]["low"] <= pair["best"]["value"] <= pair["best"]["high"]
    assert pair["best"]["value"] > 0.99
    assert pair["level_bps"] == pytest.approx(3.0, abs=0.5)
    assert (pair["one"]["crossed"], pair["other"]["crossed"]) == (0, 600)
    assert pair["other"]["crossed_share"] == 600 / N_TICKS
    shown = " ".join(call("quality", "compare", one, other).stdout.split())
    assert "600 of 30,000 (2.00%)" in shown
    assert "60 s, to 1 s" in shown


def test_compare_refuses_files_without_a_common_symbol(tmp_path):
    one = written(tmp_path / "one.parquet", ticks(1))
    lone = ticks(2).with_columns(symbol=pl.lit("GBPUSD"))
    other = written(tmp_path / "other.parquet", lone)
    refused(call("quality", "compare", one, other, "--json"), "No symbol is in both")


@pytest.mark.realdata
def test_two_real_sources_of_one_pair(market_data):
    folder = market_data / "fx"
    files = [folder / f"ticks_{name}_eurusd.parquet" for name in ("fxcm", "oanda")]
    (pair,) = call("quality", "compare", *files, "--json").json["pairs"]
    assert pair["one"]["crossed"] == 116_871
    assert pair["at_zero"]["value"] == pytest.approx(0.992, abs=0.001)
    assert pair["offset_ns"] == 0
    assert round(-pair["opens_earlier_ns"] / (60 * NS_PER_SECOND)) in range(118, 121)
    assert abs(pair["level_bps"]) < 0.01
