"""``tradeloop features``: the catalogue, values of real bars, a file checked."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from reference.market import bars_frame
from tradeloop.features import LiveBank, entries
from tradeloop.features.choice import FeatureChoice

SCRIPT = Path(sys.executable).with_name("tradeloop")
ROOT = Path(__file__).resolve().parents[2]
HOUR = 3_600_000_000_000
GOOD = """
from tradeloop.features import feature
@feature(unit="share")
def body(open, close):
    "close / open - 1."
    return close / open - 1.0
"""
BAD = """
from tradeloop.features import feature
@feature(state=1, warm_up=0)
def hasty(state, close):
    before, state[0] = state[0], close
    return close - before if before > 0.0 else float("nan")
"""


def tradeloop(folder, *arguments):
    return subprocess.run(
        [SCRIPT, "features", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    bars_frame(1, [300, 200], interval_ns=HOUR).write_parquet(folder / "bars.parquet")
    (folder / "good.py").write_text(GOOD)
    (folder / "bad.py").write_text(BAD)
    return folder


def test_list_tells_every_column_and_finds_words(desk):
    whole = json.loads(tradeloop(desk, "list", "--json").stdout)
    assert whole["count"] == len(entries()) == len(whole["features"])
    found = json.loads(tradeloop(desk, "list", "garman", "20", "--json").stdout)
    assert [each["name"] for each in found["features"]]
    assert all("garman" in each["name"] for each in found["features"])
    own = tradeloop(desk, "list", "body", "--own", "good.py").stdout
    assert "close / open - 1." in own
    assert "share" in own


def test_unknown_group_is_named_with_the_known_ones(desk):
    done = tradeloop(desk, "list", "--group", "trends")
    assert done.returncode == 2
    assert "no group 'trends'" in done.stderr
    assert "volatility" in done.stderr


def test_page_of_the_catalogue_is_what_the_command_prints(desk):
    printed = tradeloop(desk, "list", "--markdown").stdout
    assert (ROOT / "docs" / "catalogue.md").read_text("utf-8") == printed


def test_computed_file_holds_what_live_gives(desk):
    options = ("--timeframe", "1d", "--own", "good.py", "--out", "found.parquet")
    done = tradeloop(desk, "compute", "bars.parquet", *options, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    found = pl.read_parquet(desk / "found.parquet")
    bars = pl.read_parquet(desk / "bars.parquet")
    choice = FeatureChoice(timeframes_ns=(24 * HOUR,))
    bank = choice.bank(bars, HOUR)
    assert {"body", "body_1d", *bank.names} == set(found.columns[3:])
    assert told["bars"] == 500
    live = LiveBank(bank)
    for row in bars.iter_rows(named=True):
        values = live.update(row["instrument"], row)
    last = found.select(bank.names).row(-1)
    assert all(
        x == y or (x is None and y != y) for x, y in zip(last, values, strict=True)
    )


def test_lawful_file_passes_on_real_columns_and_unlawful_one_ends_with_1(desk):
    good = tradeloop(desk, "check", "good.py", "--market", "bars.parquet", "--json")
    assert good.returncode == 0, good.stderr
    told = json.loads(good.stdout)
    assert told["kept"]
    assert told["features"][0]["history_ns"] > 0
    bad = tradeloop(desk, "check", "bad.py")
    assert bad.returncode == 1
    assert "warm-up" in bad.stdout
    assert "hasty" in bad.stdout


def test_settings_choose_what_is_computed(desk, tmp_path):
    (tmp_path / "tradeloop.toml").write_text(
        f'features = "all"\nfeature_files = ["{desk / "good.py"}"]\n'
    )
    done = tradeloop(desk, "compute", "bars.parquet", "--dir", tmp_path, "--json")
    assert json.loads(done.stdout)["columns"] > 250
    assert "body" in pl.read_parquet(desk / "features.parquet").columns


def test_a_timeframe_may_be_given_twice_and_in_other_words(desk):
    once = ("--timeframe", "1d", "--out", "once.parquet")
    often = ("--timeframe", "1d", "--timeframe", "24h", "--timeframe", "1d")
    for options in (once, (*often, "--out", "often.parquet")):
        done = tradeloop(desk, "compute", "bars.parquet", *options)
        assert done.returncode == 0, done.stderr
    once, often = (pl.read_parquet(desk / f"{n}.parquet") for n in ("once", "often"))
    assert once.equals(often)


@pytest.mark.parametrize("place", [".", "bars.parquet/below.parquet"])
def test_place_that_cannot_be_a_file_is_refused_before_any_work(desk, place):
    done = tradeloop(desk, "compute", "bars.parquet", "--out", place, "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["error"]) == (2, "InputError")
    assert "Give a file to write" in told["message"]


def test_importance_of_no_workspace_is_not_found_and_makes_nothing(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        done = tradeloop(tmp_path, "importance", "--dir", folder, "--json")
        assert done.returncode == 1
        assert json.loads(done.stdout)["error"] == "NotFoundError"
    assert not list(tmp_path.iterdir())
