"""The benchmark says what it measured; its figures are not asserted."""

import json
from pathlib import Path

import polars as pl
import pytest

from tradeloop.apps import bench
from tradeloop.apps.bench import backtest, labels, show, simulated
from tradeloop.apps.bench.areas import NAMES
from tradeloop.apps.bench.timing import medians_s, peer_module
from tradeloop.clock import LiveClock
from tradeloop.errors import InputError, TradeloopError
from tradeloop.events import Principal
from tradeloop.pipelines.measure import append_in_groups
from tradeloop.stores import open_journal

KEYS = {"what", "ours", "peer", "peer_name", "unit", "ratio", "target", "met"}
SHARED = {
    "__init__",
    "areas",
    "assembly",
    "machine",
    "rows",
    "show",
    "simulated",
    "talib_peer",
    "timing",
    "wide",
}


def row(**changes):
    given = {"what": "w", "unit": "us", "ours": 2.0, "peer": 6.0, "peer_name": "p"}
    return bench.Row(**(given | changes))


@pytest.fixture
def small(monkeypatch):
    """Areas of a size that a test can afford."""
    monkeypatch.setattr(labels, "_BARS", (2, 400))
    monkeypatch.setattr(labels, "_DECISIONS", 200)
    monkeypatch.setattr(backtest, "_SYMBOLS", 2)
    monkeypatch.setattr(backtest, "_YEAR", 600)


def test_every_file_is_an_area_in_all_or_is_shared_by_them():
    files = {path.stem for path in Path(bench.__file__).parent.glob("*.py")}
    # The area "service" may not be a file of that name: it would say nothing.
    named = {"service" if name == "over_http" else name for name in files - SHARED}
    assert named == {area.name for area in bench.ALL}
    assert len(bench.ALL) == len({area.name for area in bench.ALL})
    assert all(name in bench.HELP for name in NAMES)


@pytest.mark.parametrize("area", ["labels", "backtest"])
def test_measured_rows_have_every_key_and_are_plain_json(small, area):
    answer = bench.measure(area)
    assert answer["area"] == area
    assert {"cpu", "cores", "python", "versions"} <= set(answer["machine"])
    assert answer["rows"]
    for found in answer["rows"]:
        assert set(found) >= KEYS
        assert found["ours"] > 0
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


def test_an_unknown_area_is_refused_with_the_nearest_and_all_names():
    with pytest.raises(InputError) as caught:
        bench.measure("feature")
    assert "'features'" in str(caught.value)
    assert all(name in str(caught.value) for name in NAMES)


@pytest.mark.parametrize(
    ("better", "ours", "peer"), [("less", 2.0, 6.0), ("more", 6.0, 2.0)]
)
def test_a_ratio_above_one_means_that_ours_is_better(better, ours, peer):
    assert row(better=better, ours=ours, peer=peer).ratio == pytest.approx(3.0)
    assert row(better=better, ours=peer, peer=ours).ratio == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        ({"target": 3.0}, True),
        ({"target": 3.1}, False),
        ({"target": 3.0, "peer": None}, None),
        ({}, None),
        ({"target": 2.0, "target_is": "ours"}, True),
        ({"target": 1.9, "target_is": "ours"}, False),
        ({"target": 2.0, "target_is": "ours", "better": "more"}, True),
        ({"target": 2.1, "target_is": "ours", "better": "more"}, False),
        ({"target": 2.0, "target_is": "ours", "judged": False}, None),
        ({"target": 0.0, "target_is": "ours", "ours": 0.0}, True),
        ({"target": 0.0, "target_is": "ours", "ours": 1.0}, False),
    ],
)
def test_a_target_is_met_only_by_a_figure_on_its_good_side(changes, met):
    assert row(**changes).met is met


def test_a_figure_that_is_not_finite_is_no_row():
    with pytest.raises(TradeloopError, match="not finite"):
        row(ours=float("nan"))


def test_an_absent_peer_has_no_figure_and_is_said_to_be_absent(small, monkeypatch):
    monkeypatch.setattr(labels, "peer_module", lambda _: None)
    found = bench.measure("labels")["rows"][-1]
    assert (found["peer"], found["ratio"]) == (None, None)
    assert "not installed" in found["peer_name"]
    assert peer_module("no_such_module_anywhere") is None


def test_a_peer_that_computes_something_else_is_not_timed(small, monkeypatch):
    honest = labels.polars_returns
    wrong = lambda *given: honest(*given) + 1e-12  # noqa: E731
    monkeypatch.setattr(labels, "polars_returns", wrong)
    with pytest.raises(TradeloopError, match="returns"):
        bench.measure("labels")


def test_calls_take_turns_and_each_is_warmed_up_once():
    called = []
    took = medians_s(
        lambda: called.append("a"), None, lambda: called.append("b"), repeats=2
    )
    assert "".join(called) == "ab" + "ab" + "ba"
    assert took[1] is None
    assert min(took[0], took[2]) >= 0


def test_simulated_bars_are_valid_sorted_and_the_same_each_time():
    bars = simulated.bars(3, 50)
    assert bars.equals(simulated.bars(3, 50))
    assert not bars.equals(simulated.bars(3, 50, seed=9))
    assert bars.equals(bars.sort("instrument", "event_ns"))
    top, bottom = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    assert (
        bars.select((pl.col("high") >= top) & (pl.col("low") <= bottom))
        .to_series()
        .all()
    )


def test_the_engine_is_timed_against_a_back_test_with_costs(small):
    bars = simulated.bars(2, 600).select("instrument", "open_ns", "open", "close")
    equity = backtest.by_hand(bars, backtest.signals_on(bars, 600))
    assert equity.shape == (600,)
    assert len(set(equity)) > 100


def test_appends_of_the_measurement_are_durable_and_complete(tmp_path):
    decisions = simulated.decisions(simulated.bars(2, 100), 25, room=(5, 5))
    took = append_in_groups(tmp_path / "journal.db", decisions, group=10)
    assert len(took) == 3
    with open_journal(tmp_path / "journal.db", LiveClock(), read_only=True) as journal:
        assert journal.counts(Principal("bench", "bench")) == {"decision": 25}


def test_the_table_shows_rows_verdicts_and_notes(capsys):
    rows = [
        row(what="alpha", target=3.0, note="a remark").as_mapping(),
        row(what="beta", target=9.0).as_mapping(),
        row(what="gamma", peer=None, peer_name="nobody").as_mapping(),
    ]
    host = {"cpu": "c", "cores": 2, "load_1m": 0.1, "system": "s", "python": "3"}
    show({"area": "x", "machine": host | {"versions": {}}, "rows": rows})
    shown = capsys.readouterr().out
    for word in ("alpha", "beta", "gamma", "yes", "no", "1. a remark"):
        assert word in shown
