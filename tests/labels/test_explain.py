"""An explanation gives the numbers of the label, and how they came about."""

import json

import numpy as np
import polars as pl
import pytest

from tradeloop.clock import NS_PER_HOUR as HOUR
from tradeloop.costs import CostModel
from tradeloop.errors import InputError
from tradeloop.labels import OutcomeRule, label
from tradeloop.labels.explain import explain

TERMS = {
    "horizons_ns": [3 * HOUR, HOUR],
    "benchmark": "B",
    "costs": CostModel(1.0, 0.5, financing_bps_per_year=100.0),
}


def market():
    generator = np.random.default_rng(5)
    ends = HOUR * np.arange(1, 41, dtype=np.int64)
    frames = []
    for name in ("A", "B"):
        close = 100 * np.exp(np.cumsum(generator.normal(0, 2e-3, 40)))
        frames.append(
            pl.DataFrame(
                {
                    "instrument": [name] * 40,
                    "open_ns": ends - HOUR,
                    "event_ns": ends,
                    "received_ns": ends + 5,
                    "high": close * 1.001,
                    "low": close * 0.999,
                    "close": close,
                }
            )
        )
    return pl.concat(frames)


def requests():
    hours = [0, 3, 8, 20, 37, 39, 5, 6]
    return pl.DataFrame(
        {
            "decision_id": [f"d{k}" for k in range(8)],
            "instrument": ["A"] * 7 + ["B"],
            "side": pl.Series([1, 1, -1, 1, 1, -1, 0, 1], dtype=pl.Int8),
            "received_ns": pl.Series([h * HOUR + 9 for h in hours], dtype=pl.Int64),
        }
    )


def test_the_numbers_equal_the_row_of_the_label_for_every_decision_and_state():
    frame = label(requests(), market(), **TERMS)
    assert set(frame["state"]) == {"labelled", "pending", "censored"}
    for row in frame.iter_rows(named=True):
        told = explain(requests(), market(), decision_id=row["decision_id"], **TERMS)
        assert told["price"] == row["price"]
        assert told["decision_ns"] == row["decision_ns"]
        for suffix, reckoning in told["horizons"].items():
            stems = ("return", "outperformance_bps", "net_bps", "direction", "max_gain")
            for stem in (*stems, "max_loss", "due_ns", "end_ns", "benchmark_return"):
                assert reckoning[stem] == row[f"{stem}_{suffix}"], (row, stem)
        primary = told["horizons"]["3h"]
        for name in ("decision_outcome", "state", "reason"):
            assert primary[name] == row[name]


def test_the_steps_lead_to_the_result():
    told = explain(requests(), market(), decision_id="d1", **TERMS)
    steps = told["horizons"]["3h"]
    other = steps["benchmark"]
    moved = (steps["exit_price"] - steps["price"]) / steps["price"]
    base = (other["exit_price"] - other["price"]) / other["price"]
    assert steps["return"] == moved
    assert steps["outperformance_bps"] == 1e4 * (told["side"] * moved - base)
    paid = steps["trade_cost_bps"] + steps["financing_bps"]
    assert steps["net_bps"] == pytest.approx(steps["outperformance_bps"] - paid)
    assert steps["held_ns"] == steps["exit_ns"] - told["decision_ns"]
    assert steps["max_gain"] == (steps["path_high"] - steps["price"]) / steps["price"]
    assert told["price_known_ns"] <= told["decision_ns"] < steps["due_ns"]
    assert steps["due_ns"] <= steps["exit_ns"] <= steps["exit_known_ns"]
    # d1 comes 9 ns into a bar: that bar by its close, then four more by high and low
    assert steps["path_rows"] == 4


def test_an_explanation_opens_with_the_decision_and_is_plain_json():
    told = explain(requests(), market(), decision_id="d0", **TERMS)
    assert list(told)[:4] == ["decision_id", "instrument", "side", "decision_ns"]
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_an_unknown_decision_is_refused_with_the_nearest_id():
    with pytest.raises(InputError, match="Did you mean 'd7'"):
        explain(requests(), market(), decision_id="d77", **TERMS)


RULE = OutcomeRule(
    excellent_bps=1.0,
    good_bps=0.5,
    poor_bps=-0.5,
    bad_bps=-1.0,
    neutral_bps=0.25,
    unit="volatility",
    graded="net",
    profit_barrier=0.6,
    stop_barrier=0.4,
    volatility_rows=4,
)


def test_every_column_of_the_label_is_told_with_the_value_of_the_row():
    frame = label(requests(), market(), **TERMS, rule=RULE)
    for row in frame.iter_rows(named=True):
        told = explain(
            requests(), market(), decision_id=row["decision_id"], **TERMS, rule=RULE
        )
        for suffix in ("3h", "1h"):
            steps = told["horizons"][suffix]
            stems = [c.removesuffix(f"_{suffix}") for c in frame.columns if suffix in c]
            assert len(stems) > 20
            for stem in stems:
                assert steps[stem] == row[f"{stem}_{suffix}"], (row, stem)
    assert frame["barrier_3h"].n_unique() > 2


def test_bounds_in_force_and_the_touch_of_the_barriers_are_told():
    seen = set()
    for k in range(8):
        told = explain(requests(), market(), decision_id=f"d{k}", **TERMS, rule=RULE)
        steps = told["horizons"]["3h"]
        volatility, touch = steps["volatility"], steps["barriers"]
        if volatility is None:
            assert set(steps["bounds"].values()) == {None}
            assert touch["upper_price"] is None
            continue
        assert steps["bounds"]["good_bps"] == 0.5 * 1e4 * volatility
        assert steps["bounds"]["neutral_bps"] == 0.25 * 1e4 * volatility
        if told["side"] == 0:
            continue
        far, near = (0.6, 0.4) if told["side"] > 0 else (0.4, 0.6)
        assert touch["upper_price"] == steps["price"] * (1 + far * volatility)
        assert touch["lower_price"] == steps["price"] * (1 - near * volatility)
        if touch["touch_row"] is not None:
            assert touch["touch_ns"] - told["decision_ns"] == steps["barrier_ns"]
            assert touch["touch_known_ns"] == steps["barrier_end_ns"]
            moved = (touch["touch_price"] - steps["price"]) / steps["price"]
            assert told["side"] * moved == steps["barrier_return"]
            high = touch["touch_high"] >= touch["upper_price"]
            assert high or not touch["upper_touched"]
            seen.add(steps["barrier"])
    assert len(seen) == 2
    json.dumps(told, allow_nan=False)


def test_bounds_in_bps_are_told_as_they_are():
    told = explain(requests(), market(), decision_id="d1", **TERMS)
    assert told["horizons"]["3h"]["bounds"] == {
        "excellent_bps": 20.0,
        "good_bps": 10.0,
        "poor_bps": -10.0,
        "bad_bps": -20.0,
        "neutral_bps": 10.0,
    }
