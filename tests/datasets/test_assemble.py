import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tradeloop.clock import NS_PER_HOUR
from tradeloop.datasets import (
    FRAMES,
    HoldOut,
    Recipe,
    StateRule,
    assemble,
    day_files,
    outcome_labels,
)
from tradeloop.errors import InputError
from tradeloop.events import FILL

CONTRACT = {
    "decision_context": [
        "decision_id",
        "signal_strength",
        "confidence_score",
        "risk_score",
        "position_size",
        "decision_timestamp",
        "decision_reasoning",
        "timeframe_consensus",
    ],
    "market_context": [
        "market_regime",
        "volatility_level",
        "liquidity_score",
        "sentiment_score",
        "technical_indicators",
        "correlation_environment",
        "economic_indicators",
    ],
    "execution_context": [
        "order_book_imbalance",
        "bid_ask_spread",
        "market_impact_estimate",
        "venue_liquidity",
        "execution_algorithm",
        "execution_parameters",
    ],
    "feature_vectors": ["decision_id", "known_ns", "step", "drift", "range"],
    "outcome_labels": [
        "decision_outcome",
        "execution_quality",
        "cost_efficiency",
        "timing_quality",
        "risk_adjusted_return",
        "benchmark_outperformance",
        "attribution_factors",
    ],
}
SERIES = pl.DataFrame(
    {
        "series": ["vix", "vix"],
        "event_ns": [0, 1],
        "received_ns": [0, 2**62],
        "value": [15.0, 99.0],
    }
)


@pytest.fixture(scope="module")
def rich(world):
    recipe = world.recipe(
        categories={"step": "technical", "drift": "technical", "range": "risk"},
        state=StateRule(short_bars=5, usual_bars=20, flow_bars=8),
    )
    return assemble(world.sources(series=SERIES), recipe)


def test_frames_have_the_names_of_the_contract(dataset):
    assert tuple(dataset.frames) == FRAMES
    for name, columns in CONTRACT.items():
        assert set(columns) <= set(dataset.frames[name].columns), name


def test_every_label_column_is_kept(world, dataset):
    assert set(world.labels.columns) <= set(dataset.outcome_labels.columns)
    assert {"fold", "end_ns"} <= set(dataset.outcome_labels.columns)


def test_rows_are_the_labelled_decisions_in_order_and_the_rest_is_counted(
    world, dataset
):
    labelled = world.labels.filter(pl.col("state") == "labelled")
    assert dataset.sample_count == labelled.height
    assert sum(dataset.left_out.values()) + labelled.height == world.decisions.height
    assert (np.diff(dataset.decision_ns) >= 0).all()


def test_order_of_the_given_rows_does_not_matter(world, dataset):
    mixed = replace(
        world.sources(),
        decisions=world.decisions.reverse(),
        labels=world.labels.sample(fraction=1.0, shuffle=True, seed=1),
    )
    again = assemble(mixed, world.recipe())
    for name, frame in dataset.frames.items():
        assert again.frames[name].equals(frame), name


def test_decisions_before_any_known_feature_are_counted(world):
    later = world.compute(world.bars).filter(
        pl.col("event_ns") > pl.col("event_ns").min() + 40 * NS_PER_HOUR
    )
    dataset = world.dataset(later)
    assert dataset.left_out["no feature known"] > 0
    total = dataset.sample_count + sum(dataset.left_out.values())
    assert total == world.decisions.height


def test_nothing_in_a_row_was_known_after_its_decision(rich):
    for name in ("market_context", "execution_context", "feature_vectors"):
        known = rich.frames[name]["known_ns"].fill_null(0).to_numpy()
        assert (known <= rich.decision_ns).all()
        assert (known > 0).all()


def test_known_is_when_the_latest_value_of_the_row_was_known(world, dataset):
    row = 60
    released = int(dataset.decision_ns[row]) - 1
    series = SERIES.with_columns(received_ns=pl.Series([0, released]))
    context = assemble(world.sources(series=series), world.recipe()).market_context
    known = context["known_ns"].to_list()
    assert known[row - 1] == dataset.market_context["known_ns"][row - 1]
    assert known[row] == released > dataset.market_context["known_ns"][row]
    assert json.loads(context["economic_indicators"][row]) == {"vix": 99.0}


def test_x_has_a_column_per_feature_and_nan_where_missing(world):
    features = world.compute(world.bars).with_columns(
        pl.when(pl.col("step") > 0).then("drift").alias("drift")
    )
    dataset = world.dataset(features)
    assert dataset.feature_names == ("step", "drift", "range")
    assert dataset.X.shape == (dataset.sample_count, 3)
    assert dataset.X.flags.c_contiguous
    missing = dataset.feature_vectors["drift"].is_null().to_numpy()
    assert missing.any()
    assert np.array_equal(np.isnan(dataset.X[:, 1]), missing)


def test_maps_are_json_of_what_was_known(rich):
    technical = json.loads(rich.market_context["technical_indicators"][-1])
    last = rich.feature_vectors.row(-1, named=True)
    assert technical == {"step": last["step"], "drift": last["drift"]}
    economic = rich.market_context["economic_indicators"].unique().to_list()
    assert [json.loads(text) for text in economic] == [{"vix": 15.0}]
    assert set(json.loads(rich.market_context["correlation_environment"][-1])) == {
        "market_correlation"
    }


def test_what_no_source_gives_is_null(dataset):
    rows = dataset.sample_count
    assert dataset.market_context["sentiment_score"].null_count() == rows
    assert dataset.market_context["economic_indicators"].null_count() == rows
    assert dataset.execution_context["execution_algorithm"].null_count() == rows
    assert dataset.outcome_labels["execution_quality"].null_count() == rows


def test_execution_context_is_that_of_the_last_known_bar(world, dataset):
    row = dataset.decision_context.row(50, named=True)
    bar = world.bars.filter(
        (pl.col("instrument") == row["instrument"])
        & (pl.col("received_ns") <= row["received_ns"])
    ).row(-1, named=True)
    found = dataset.execution_context.row(50, named=True)
    size = bar["bid_size"] + bar["ask_size"]
    assert json.loads(found["venue_liquidity"]) == {"X": pytest.approx(size)}
    assert found["order_book_imbalance"] == pytest.approx(
        (bar["bid_size"] - bar["ask_size"]) / size
    )


def test_decision_timestamp_is_a_time_in_utc(dataset):
    assert dataset.decision_context.schema["decision_timestamp"] == pl.Datetime(
        "ns", "UTC"
    )


def labels_of(world, **more):
    columns = {
        "decision_id": ["a", "b", "c"],
        "instrument": ["A"] * 3,
        "decision_ns": [0, 0, 0],
        "price": [100.0] * 3,
        "return_1h": [0.01, 0.01, 0.0],
        "outperformance_bps_1h": [90.0, -110.0, 0.0],
        "net_bps_1h": [87.0, -113.0, 0.0],  # outperformance less costs
        "max_gain_1h": [0.03, 0.01, 0.0],
        "max_loss_1h": [-0.01, -0.03, 0.0],
        "end_ns_1h": [5, 6, 7],
        "end_ns_2h": [9, None, 7],
        "due_ns_1h": [4 * NS_PER_HOUR] * 3,
        "decision_outcome": ["EXCELLENT", "BAD", "NEUTRAL"],
    }
    return outcome_labels(
        pl.DataFrame({"decision_id": ["a", "b", "c"], "side": [1, -1, 1]}),
        pl.DataFrame(columns),
        pl.Series([50.0, 50.0, None], dtype=pl.Float64),
        fills=more.get("fills"),
        interval_ns=NS_PER_HOUR,
    )


def test_outcomes_are_what_their_formulas_say(world):
    labels = labels_of(world)
    assert labels["benchmark_outperformance"].to_list() == [90.0, -110.0, 0.0]
    # 100 bps over 4 bars of 50 bps: one standard deviation.
    assert labels["risk_adjusted_return"].to_list() == pytest.approx([1.0, -1.0, None])
    assert labels["timing_quality"].to_list() == pytest.approx([0.75, 0.25, None])
    efficiency = [100 / 103, 100 / 103, None]
    assert labels["cost_efficiency"].to_list() == pytest.approx(efficiency)


def test_attribution_adds_up_to_the_net_result(world):
    labels = labels_of(world)
    nets = [97.0, -103.0, 0.0]  # side x return less costs: the benchmark is no cost
    for text, net in zip(labels["attribution_factors"], nets, strict=True):
        assert sum(json.loads(text).values()) == pytest.approx(net)


def test_end_is_when_the_last_label_of_any_horizon_was_known(world):
    assert labels_of(world)["end_ns"].to_list() == [9, 6, 7]


def test_execution_quality_is_positive_where_the_fill_beat_the_decision(world):
    fills = FILL.conform(
        pl.DataFrame(
            {
                "fill_id": ["1", "2", "3"],
                "decision_id": ["a", "a", "b"],
                "instrument": ["A"] * 3,
                "side": [1, 1, -1],
                "event_ns": [1, 2, 3],
                "received_ns": [1, 2, 3],
                "price": [99.0, 100.0, 99.0],
                "quantity": [3.0, 1.0, 1.0],
            }
        )
    )
    quality = labels_of(world, fills=fills)["execution_quality"].to_list()
    assert quality == pytest.approx([75.0, -100.0, None])


def test_folds_are_those_of_the_splitter(world, dataset):
    for number, (_, test) in enumerate(world.splits()):
        assert np.array_equal(np.flatnonzero(dataset.fold == number), test)


def test_label_distribution_counts_all_five_classes(dataset):
    assert list(dataset.label_distribution) == [
        "EXCELLENT",
        "GOOD",
        "NEUTRAL",
        "POOR",
        "BAD",
    ]
    assert sum(dataset.label_distribution.values()) == dataset.sample_count


def test_a_recipe_whose_inputs_state_another_split_is_refused(world):
    with pytest.raises(InputError, match="as_mapping"):
        Recipe(world.inputs, HoldOut())


def test_no_labelled_decision_is_an_honest_error(world):
    pending = world.labels.with_columns(state=pl.lit("pending"))
    with pytest.raises(InputError, match="No decision became a row"):
        assemble(replace(world.sources(), labels=pending), world.recipe())


def test_frames_that_speak_of_other_decisions_are_refused(dataset):
    with pytest.raises(InputError, match="market_context"):
        replace(dataset, market_context=dataset.market_context.reverse())
    with pytest.raises(InputError, match="order of their decisions"):
        replace(dataset, outcome_labels=dataset.outcome_labels.reverse())


def test_files_by_day_hold_each_row_once_on_its_own_day(dataset):
    files = day_files(dataset)
    for name, frame in dataset.frames.items():
        parts = {p: f for p, f in files.items() if p.endswith(f"/{name}.parquet")}
        assert pl.concat(parts.values()).equals(frame)
    for path, frame in files.items():
        if path.endswith("decision_context.parquet"):
            days = frame["decision_timestamp"].dt.strftime("year=%Y/month=%m/day=%d")
            assert set(days) == {path.rsplit("/", 1)[0]}


def test_of_a_hundred_thousand_decisions_each_is_a_row_or_is_counted(world):
    large = world.of(n_bars=60_000)
    every = large.decisions.join(
        pl.DataFrame({"n": range(6)}), how="cross"
    ).with_columns(pl.format("{}-{}", "decision_id", "n").alias("decision_id"))
    decisions = every[:100_000].drop("n")
    labels = (
        decisions.select(
            "decision_id", key=pl.col("decision_id").str.replace(r"-\d$", "")
        )
        .join(large.labels.rename({"decision_id": "key"}), on="key", how="left")
        .drop("key")
    )
    sources = replace(large.sources(series=SERIES), decisions=decisions, labels=labels)
    dataset = assemble(sources, world.recipe(categories={"step": "technical"}))
    assert dataset.sample_count > 99_000
    assert dataset.sample_count + sum(dataset.left_out.values()) == decisions.height
