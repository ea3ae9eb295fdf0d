"""A simulated market on disk: marked, the same again, and ready for the loop."""

import hashlib
import json
import tomllib

import polars as pl
import pyarrow.parquet as pq
import pytest

from tradeloop.apps.simulating import fit, simulate
from tradeloop.capture import read_decisions, read_fills, read_market
from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.pipelines.simulate import fit_market
from tradeloop.simulation import METADATA, Recording, is_marked, shaped, shipped
from tradeloop.simulation import fit as fit_frames
from tradeloop.simulation import simulate as make

FRAMES = {"quotes", "trades", "book_deltas", "signals", "decisions", "orders", "fills"}
TRUTH = {"prices", "takers", "regimes", "signals", "decisions", "orders", "faults"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("market")
    simulate(out, preset="fx", days=0.3, seed=5)
    return out


def hashes(folder):
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*.*"))
    }


def test_the_folder_holds_the_market_its_truth_and_its_mark(folder):
    assert {p.stem for p in folder.glob("*.parquet")} == FRAMES
    assert {p.stem for p in (folder / "truth").glob("*.parquet")} == TRUTH
    said = json.loads((folder / "simulated.json").read_text("utf-8"))
    assert said["simulated"] is True
    assert said["source"] == "simulated/fx/5"
    quotes = pl.read_parquet(folder / "quotes.parquet")
    assert said["rows"]["quotes"] == quotes.height > 1_000
    assert 0.5 < said["optimal_accuracy"] < 0.6


def test_every_file_says_that_it_is_simulated(folder):
    files = list(folder.rglob("*.parquet"))
    assert len(files) == len(FRAMES) + len(TRUTH)
    for path in files:
        said = json.loads(pq.read_schema(path).metadata[METADATA.encode()])
        assert said["simulated"] is True
        assert said["source"].startswith("simulated/")
        frame = pl.read_parquet(path)
        if "instrument" in frame.columns:
            assert all(is_marked(n) for n in frame["instrument"].unique())


def test_the_same_seed_writes_the_same_bytes_again(folder, tmp_path):
    simulate(tmp_path / "again", preset="fx", days=0.3, seed=5)
    assert hashes(tmp_path / "again") == hashes(folder)


def test_the_readers_take_the_files_whole_and_keep_the_mark(folder):
    market = read_market([folder / "quotes.parquet"])
    decisions = read_decisions(folder / "decisions.parquet")
    fills = read_fills(folder / "fills.parquet")
    for intake in (*market.intakes, decisions, fills):
        assert intake.read == intake.rows.height > 50
        assert all(is_marked(n) for n in intake.rows["instrument"].unique())
    assert all(is_marked(n) for n in market.bars["instrument"].unique())
    trades = read_market([folder / "trades.parquet"]).trades
    assert set(trades["side"].unique()) == {-1, 1}


def test_labels_can_be_held_against_the_truth(folder):
    truth = pl.read_parquet(folder / "truth" / "decisions.parquet")
    decisions = pl.read_parquet(folder / "decisions.parquet")
    both = decisions.join(truth, on="decision_id")
    assert both.height == decisions.height
    known = both.drop_nulls("return_bps")
    assert known["probability_right"].is_between(0, 1).all()


def test_faults_are_planted_on_request_and_counted(tmp_path):
    answer = simulate(tmp_path / "m", preset="fx", days=0.1, faults=True)
    assert set(answer["faults"]) == {"quote", "trade", "book_delta"}
    rows = pl.read_parquet(tmp_path / "m" / "truth" / "faults.parquet")
    counted = sum(sum(kind.values()) for kind in answer["faults"].values())
    assert rows.height == counted > 100


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "quotes.parquet").write_bytes(b"real")
    with pytest.raises(InputError, match="no simulation wrote"):
        simulate(tmp_path, days=0.01)
    assert (tmp_path / "quotes.parquet").read_bytes() == b"real"
    with pytest.raises(InputError, match="this is a file"):
        simulate(tmp_path / "quotes.parquet", days=0.01)


@pytest.mark.realdata
def test_the_fit_to_the_recorded_minutes_of_bitcoin_is_the_shipped_one(
    market_data, tmp_path
):
    names = ("quotes", "trades", "book_deltas", "bars_4h", "trade_bars_1m")
    files = tuple(market_data / "crypto" / f"{n}.parquet" for n in names)
    answer = fit_market(
        files, tmp_path, preset="crypto", instrument="BTCUSDT.BINANCE_SPOT", seeds=(1,)
    )
    known = shipped("crypto").fitted
    assert answer["assumed"] == list(known.assumed)
    for name, value in known.values().items():
        if name == "adjust":  # chosen by simulation: one seed gives a neighbour
            assert 0.2 <= answer["values"][name] <= 0.45
            continue
        assert answer["values"][name] == pytest.approx(value, rel=1e-3), name
    again = tomllib.loads((tmp_path / "crypto.toml").read_text("utf-8"))
    assert again["values"]["adjust"] == answer["values"]["adjust"]
    seen = {fact["name"]: fact for fact in answer["facts"]}
    for step in ("0.01", "0.1", "1"):
        near = seen[f"signature at {step} s, share of that at 5 s"]
        assert near["simulated"] == pytest.approx(near["real"], rel=0.35)
    assert "<svg" in (tmp_path / "crypto-fit.svg").read_text("utf-8")


def test_a_fit_without_quotes_is_refused(folder, tmp_path):
    with pytest.raises(InputError, match="has quotes"):
        fit((folder / "trades.parquet",), tmp_path, preset="fx")


def test_a_fit_to_a_simulated_market_finds_its_parameters(tmp_path):
    """The fits stand on their own: what made the data comes out again."""
    true = shipped("fx").fitted
    market = make(shaped("fx", true), days=3.2, seed=2, rate=0.2)
    quotes = market.frames["quotes"]
    assert quotes["event_ns"].max() - quotes["event_ns"].min() > 3 * NS_PER_DAY
    found = fit_frames(Recording(quotes, market.frames["trades"]))
    assert found.sigma == pytest.approx(true.sigma, rel=0.25)
    assert found.log_width == pytest.approx(true.log_width, abs=0.15)
    assert found.taken == pytest.approx(true.taken, rel=0.1)
    assert found.follow == pytest.approx(true.follow, abs=0.1)
    assert sum(found.branching) == pytest.approx(sum(true.branching), abs=0.15)
    assert found.renew_wide == pytest.approx(true.renew_wide, abs=0.02)
