"""The five types of dataset: rows, targets, and when these are known."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.realised_ahead import realised
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.datasets import (
    KINDS,
    PurgedWalkForward,
    Recipe,
    Schedule,
    Sources,
    Undivided,
    assemble,
    covariance_of,
    kind_of,
    label_schema,
    outcome_labels,
)
from tradeloop.datasets.kinds import Labels, realised_volatility
from tradeloop.datasets.kinds.portfolio_optimization import block_name
from tradeloop.errors import InputError
from tradeloop.events import BAR, DECISION, DatasetType
from tradeloop.labels import label

HOURS = (4 * NS_PER_HOUR, 24 * NS_PER_HOUR)
H = ("4h", "1d")
HOURLY = Schedule(NS_PER_HOUR)
every_kind = pytest.mark.parametrize("name", [t.value for t in DatasetType])
captured_kinds = ("SIGNAL_GENERATION", "RISK_PREDICTION", "EXECUTION_OPTIMIZATION")
observed_kinds = pytest.mark.parametrize(
    "name", ["MARKET_PREDICTION", "PORTFOLIO_OPTIMIZATION"]
)


def fills_at(decisions):
    """A truth as execution labelling gives it: even rows are known, some suspect."""
    number = pl.int_range(pl.len())
    return decisions.select(
        "decision_id",
        pl.lit(3.0).alias("delay_bps"),
        pl.lit(2.0).alias("execution_bps"),
        pl.lit(0.0).alias("opportunity_bps"),
        pl.lit(1.0).alias("fees_bps"),
        pl.lit(6.0).alias("shortfall_bps"),
        pl.lit(4.5).alias("vwap_slippage_bps"),
        (pl.col("received_ns") + 30 * NS_PER_HOUR).alias("shortfall_end_ns"),
        pl.when(number % 4 == 0)
        .then(pl.col("received_ns") + 40 * NS_PER_HOUR)
        .alias("execution_end_ns"),
        (number % 10 == 0).alias("fill_suspect"),
    ).filter(number % 2 == 0)


@pytest.fixture(scope="module")
def built(world):
    """A dataset of each type from the same market."""
    found = {}
    for kind in KINDS.values():
        name = kind.dataset_type.value
        rows = kind.observations(world.decisions, world.bars, replace(HOURLY, every=5))
        labels = label(rows, world.bars, horizons_ns=HOURS)
        recipe = Recipe(replace(world.inputs, dataset_type=name), world.splitter)
        sources = replace(
            world.sources(execution=fills_at(rows)), decisions=rows, labels=labels
        )
        found[name] = (assemble(sources, recipe), sources, recipe)
    return found


def test_every_type_of_the_contract_has_its_kind_and_its_words():
    assert set(KINDS) == set(DatasetType)
    for name, kind in KINDS.items():
        assert kind.dataset_type is name
        told = kind.documentation
        sentences = (told.row, told.meaning, told.known_when, told.intended_use)
        assert all(s.endswith(".") for s in (*sentences, told.not_for, *told.limits))
        for target in kind.targets:
            assert (target.form == "class") == bool(target.classes)


def test_an_unknown_type_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="PORTFOLIO_OPTIMIZATION"):
        kind_of("PROPHECY")


@every_kind
def test_every_target_that_the_kind_makes_is_in_the_dataset_with_its_meaning(
    built, name
):
    dataset = built[name][0]
    own = KINDS[DatasetType(name)].label_schema(H)
    there = [column for column in own if column in dataset.outcome_labels.columns]
    assert bool(there) == (name != "SIGNAL_GENERATION")
    if name != "EXECUTION_OPTIMIZATION":
        assert there == list(own)
    definitions = label_schema(dataset, {})["label_definitions"]
    assert all(definitions[column] == own[column] for column in there)


@every_kind
def test_targets_that_labelling_makes_are_there_too(built, name):
    dataset, kind = built[name][0], KINDS[DatasetType(name)]
    taken = [n for n, t in kind.target_columns(H).items() if not t.own]
    assert set(taken) <= set(dataset.outcome_labels.columns)


@every_kind
def test_no_row_ends_before_one_of_its_labels_was_known(built, name):
    frame = built[name][0].outcome_labels
    for h in H:
        assert (frame["end_ns"] >= frame[f"end_ns_{h}"].fill_null(0)).all()
    assert (frame["end_ns"] > frame["decision_ns"]).all()


def test_signal_generation_has_the_labels_of_labelling_and_nothing_else(world):
    dataset = world.dataset()
    rows = dataset.decision_context["decision_id"].to_frame()
    order = {"on": "decision_id", "how": "left", "maintain_order": "left"}
    labels = rows.join(world.labels, **order)
    plain = outcome_labels(
        rows.join(world.decisions, **order),
        labels,
        dataset.market_context["volatility_level"],
        fills=None,
        interval_ns=NS_PER_HOUR,
    )
    assert dataset.outcome_labels.drop("fold").equals(plain)


@pytest.mark.parametrize("name", captured_kinds)
def test_kinds_of_decisions_take_them_as_they_were_captured(world, name):
    kind = KINDS[DatasetType(name)]
    assert kind.observations(world.decisions, world.bars).equals(world.decisions)
    with pytest.raises(InputError, match="no decisions"):
        kind.observations(None, world.bars)


@observed_kinds
def test_observations_are_decisions_that_nobody_took(world, name):
    seen = KINDS[DatasetType(name)].observations(None, world.bars, HOURLY)
    assert seen.schema == DECISION.empty().schema
    assert seen["decision_id"].n_unique() == seen.height
    assert seen["decision_id"].str.starts_with("obs:").all()
    assert set(seen["strategy"]) == {"observation"}
    assert set(seen["side"]) == {1}
    assert (seen["received_ns"] >= seen["event_ns"]).all()


@observed_kinds
def test_the_same_market_in_any_order_gives_the_same_observations(world, name):
    kind = KINDS[DatasetType(name)]
    mixed = world.bars.sample(fraction=1.0, shuffle=True, seed=3)
    first = kind.observations(None, world.bars, HOURLY)
    assert first.equals(kind.observations(None, mixed, HOURLY))


@observed_kinds
def test_observations_never_change_when_the_future_comes(world, name):
    kind, bars = KINDS[DatasetType(name)], world.bars
    late = bars.with_columns(
        received_ns=pl.when(pl.int_range(pl.len()) % 17 == 0)
        .then(pl.col("received_ns") + 3 * NS_PER_HOUR)
        .otherwise("received_ns")
    )
    whole = kind.observations(None, late, HOURLY)
    cut_ns = int(late["received_ns"].sort()[late.height // 2])
    cut = kind.observations(None, late.filter(pl.col("received_ns") <= cut_ns), HOURLY)
    before = cut_ns - 4 * NS_PER_HOUR  # bars of the last hours may still come
    old = pl.col("received_ns") <= before
    assert cut.filter(old).height > 100
    assert cut.filter(old).equals(whole.filter(old))


def test_a_market_observation_is_named_after_what_it_observes(world):
    seen = KINDS[DatasetType.MARKET_PREDICTION].observations(None, world.bars, HOURLY)
    first = seen.row(0, named=True)
    assert first["decision_id"] == f"obs:A.X:1h:{first['event_ns']}"
    assert seen.height == world.bars.height
    third = KINDS[DatasetType.MARKET_PREDICTION].observations(
        None, world.bars, replace(HOURLY, every=3)
    )
    counts = third["instrument"].value_counts()["count"]
    assert set(counts) == {-(-500 // 3)}


@observed_kinds
def test_at_given_times_only_fresh_instruments_are_observed(world, name):
    ends = world.bars["event_ns"].unique().sort()
    stopped = world.bars.filter(
        (pl.col("instrument") == "A.X") | (pl.col("event_ns") <= ends[99])
    )
    times = (int(ends[50]) + 5 * 10**9, int(ends[99]) + NS_PER_DAY, int(ends[200]))
    plan = Schedule(NS_PER_HOUR, times_ns=times)
    seen = KINDS[DatasetType(name)].observations(None, stopped, plan)
    found = seen.group_by("received_ns").agg(pl.col("instrument").sort())
    assert dict(found.iter_rows()) == {
        times[0]: ["A.X", "B.X"],
        times[1]: ["A.X", "B.X"],
        times[2]: ["A.X"],
    }


def test_a_rebalance_waits_for_all_bars_of_its_end_but_not_for_late_ones(world):
    end = int(world.bars["event_ns"].unique().sort()[60])
    at = pl.col("event_ns") == end
    slow = pl.col("instrument") == "B.X"

    def delayed(by_ns):
        moved = pl.when(at & slow).then(pl.col("event_ns") + by_ns)
        bars = world.bars.with_columns(received_ns=moved.otherwise("received_ns"))
        kind = KINDS[DatasetType.PORTFOLIO_OPTIMIZATION]
        times = kind.observations(None, bars, HOURLY)["received_ns"].unique().sort()
        return [int(t) - end for t in times if end <= t < end + NS_PER_HOUR]

    assert delayed(30 * 10**9) == [30 * 10**9]
    assert delayed(5 * NS_PER_HOUR) == [10**9]


@pytest.mark.parametrize(
    "wrong", [{"every": 0}, {"interval_ns": 0}, {"times_ns": (5, 5)}, {"stale_ns": 0}]
)
def test_a_schedule_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(InputError):
        replace(HOURLY, **wrong)


@observed_kinds
def test_a_kind_that_observes_needs_a_schedule(world, name):
    with pytest.raises(InputError, match="schedule"):
        KINDS[DatasetType(name)].observations(None, world.bars)


BARS = st.lists(
    st.tuples(
        st.integers(1, 3),  # bars to the next end
        st.integers(0, 6),  # how late
        st.floats(50, 150),
    ),
    min_size=1,
    max_size=12,
)


@given(BARS, st.integers(0, 20), st.integers(1, 15), st.integers(0, 6))
def test_realised_volatility_is_that_of_the_plain_words(steps, at, horizon, waited):
    end, told = 0, []
    for gap, late, close in steps:
        end += gap
        told.append({"open": end - 1, "end": end, "known": end + late, "close": close})
    bars = pl.DataFrame(
        {
            "instrument": ["I"] * len(told),
            "open_ns": [b["open"] for b in told],
            "event_ns": [b["end"] for b in told],
            "received_ns": [b["known"] for b in told],
            **{name: [b["close"] for b in told] for name in ("high", "low", "close")},
        }
    )
    due = at + horizon
    labels = pl.DataFrame(
        {
            "instrument": ["I"],
            "decision_ns": [at],
            "due_ns_h": [due],
            "end_ns_h": [due + waited],
        }
    )
    found = realised_volatility(labels, bars, ("h",)).item()
    wanted = realised(told, at, due, due + waited)
    assert found == (None if wanted is None else pytest.approx(wanted, rel=1e-9))


def test_realised_volatility_needs_nothing_beyond_the_end_of_its_label(built, world):
    frame = built["MARKET_PREDICTION"][0].outcome_labels
    row = frame.row(40, named=True)
    cut = world.bars.filter(pl.col("received_ns") <= row["end_ns_4h"])
    again = realised_volatility(frame[40:41], cut, ("4h",)).item()
    assert again == pytest.approx(row["realised_volatility_4h"], rel=1e-12)


def test_a_breach_is_a_loss_beyond_two_standard_deviations_as_known(built):
    dataset = built["RISK_PREDICTION"][0]
    level = dataset.market_context["volatility_level"]
    frame = dataset.outcome_labels.with_columns(level=level)
    for row in frame.iter_rows(named=True):
        loss, v = row["max_loss_4h"], row["level"]
        if v is None or loss is None:
            assert row["breach_4h"] is None
            continue
        scaled = loss / (v / 1e4 * 4**0.5)
        assert row["scaled_loss_4h"] == pytest.approx(scaled, rel=1e-12)
        assert row["breach_4h"] == int(scaled < -2.0)
    assert 0 < frame["breach_4h"].sum() < frame.height / 4


def test_without_a_known_volatility_nobody_can_say_what_is_beyond(built):
    dataset, sources, _ = built["RISK_PREDICTION"]
    rows = dataset.outcome_labels.head(2)
    level = pl.Series([None, 0.0], dtype=pl.Float64)
    asked = Labels(rows, rows, sources.bars, level, NS_PER_HOUR, H)
    found = KINDS[DatasetType.RISK_PREDICTION].measured(asked)
    assert found["breach_4h"].null_count() == found["scaled_loss_4h"].null_count() == 2
    assert found["realised_volatility_4h"].null_count() == 0


def test_breaches_of_a_normal_walk_are_as_rare_as_theory_says():
    # Reflection principle with the correction for discrete steps by Broadie, Glasserman
    # and Kou (1997), Mathematical Finance 7, 325-349: 2 Phi(-(2 + 0.5826 / sqrt(n))).
    steps, walks = 400, 20_000
    draw = np.random.default_rng(8).normal(0, 1e-4, (walks, steps))
    worst = np.minimum(np.cumsum(draw, axis=1).min(axis=1), 0)
    rows = pl.DataFrame(
        {
            "instrument": ["I"] * walks,
            "decision_ns": np.zeros(walks, np.int64),
            "due_ns_h": np.full(walks, steps),
            "end_ns_h": np.full(walks, steps),
            "max_loss_h": worst,
        }
    )
    level = pl.Series([1.0] * walks)
    bars = BAR.empty()
    given_labels = Labels(rows, rows, bars, level, interval_ns=1, horizons=("h",))
    found = KINDS[DatasetType.RISK_PREDICTION].measured(given_labels)["breach_h"].mean()
    expected = 0.04247  # n = 400
    assert found == pytest.approx(expected, abs=4 * (expected / walks) ** 0.5)


def test_without_any_execution_the_dataset_is_refused_with_a_way_out(built):
    _, sources, recipe = built["EXECUTION_OPTIMIZATION"]
    for nothing in (None, sources.execution.clear()):
        with pytest.raises(InputError, match="Capture fills with their decision_id"):
            assemble(replace(sources, execution=nothing), recipe)
    lacking = replace(sources, execution=sources.execution.drop("shortfall_bps"))
    with pytest.raises(InputError, match="shortfall_bps"):
        assemble(lacking, recipe)


def test_only_decisions_with_a_trusted_execution_are_rows_and_the_rest_is_counted(
    built,
):
    dataset, sources, _ = built["EXECUTION_OPTIMIZATION"]
    trusted = sources.execution.filter(~pl.col("fill_suspect"))
    ids = set(dataset.outcome_labels["decision_id"])
    assert ids <= set(trusted["decision_id"])
    assert len(ids) > 40
    total = dataset.sample_count + sum(dataset.left_out.values())
    assert dataset.left_out["no target known"] > 0
    assert total == sources.decisions.height


def test_what_is_not_settled_yet_is_null_and_the_row_ends_when_it_is(built):
    frame = built["EXECUTION_OPTIMIZATION"][0].outcome_labels
    truth = built["EXECUTION_OPTIMIZATION"][1].execution
    joined = frame.join(truth, on="decision_id", suffix="_told")
    waiting = joined["execution_end_ns"].is_null()
    assert (joined["vwap_slippage_bps"].is_null() == waiting).all()
    assert joined["shortfall_bps"].null_count() == 0
    assert 0 < waiting.sum() < joined.height
    assert (joined["end_ns"] >= joined["shortfall_end_ns"]).all()
    assert (joined["end_ns"] >= joined["execution_end_ns"].fill_null(0)).all()


def sections_by_hand(labels, h):
    """Rank and demeaned return of each observation, section by section."""
    found = {}
    for _, part in labels.group_by("decision_ns"):
        rows = part.filter(pl.col("state") != "censored")
        values = rows[f"return_{h}"].to_list()
        if None in values:
            continue
        mean = sum(values) / len(values)
        for name, value in zip(rows["decision_id"], values, strict=True):
            below = sum(v < value for v in values)
            ties = sum(v == value for v in values)
            rank = (below + (ties - 1) / 2) / (len(values) - 1)
            found[name] = (rank, value - mean, rows[f"end_ns_{h}"].max())
    return found


def test_ranks_and_demeaned_returns_are_those_counted_by_hand(built):
    dataset, sources, _ = built["PORTFOLIO_OPTIMIZATION"]
    for h in H:
        wanted = sections_by_hand(sources.labels, h)
        known = 0
        for row in dataset.outcome_labels.iter_rows(named=True):
            if row["decision_id"] not in wanted:
                assert row[f"return_rank_{h}"] is None
                assert row[f"demeaned_return_{h}"] is None
                continue
            rank, rest, end = wanted[row["decision_id"]]
            assert row[f"return_rank_{h}"] == pytest.approx(rank)
            assert row[f"demeaned_return_{h}"] == pytest.approx(rest, abs=1e-15)
            assert row["end_ns"] >= end
            known += 1
        assert known > 100


def section(returns, states, ends):
    frame = pl.DataFrame(
        {
            "decision_id": [f"d{k}" for k in range(len(returns))],
            "instrument": [f"I{k}" for k in range(len(returns))],
            "decision_ns": [0] * len(returns),
            "state": states,
            "return_h": pl.Series(returns, dtype=pl.Float64),
            "end_ns_h": pl.Series(ends, dtype=pl.Int64),
        }
    )
    given_labels = Labels(frame, frame, BAR.empty(), pl.Series([]), 1, ("h",))
    return KINDS[DatasetType.PORTFOLIO_OPTIMIZATION].measured(given_labels)


def test_a_section_waits_for_a_member_that_may_still_come():
    found = section([0.1, None, 0.3], ["labelled", "pending", "labelled"], [5, None, 7])
    assert found["return_rank_h"].null_count() == 3
    assert found["demeaned_return_h"].null_count() == 3
    assert found["end_ns"].null_count() == 3


def test_a_member_whose_return_can_never_be_known_does_not_count():
    states = ["labelled", "censored", "labelled"]
    found = section([0.1, None, 0.3], states, [5, None, 7])
    assert found["return_rank_h"].to_list() == [0.0, None, 1.0]
    assert found["end_ns"].to_list() == [7, 7, 7]  # a section ends when its last does


def test_ties_share_their_rank_and_a_lone_member_has_none():
    assert section([0.2, 0.2], ["labelled"] * 2, [5, 5])["return_rank_h"].to_list() == [
        0.5,
        0.5,
    ]
    alone = section([0.2], ["labelled"], [5])
    assert alone["return_rank_h"].to_list() == [None]
    assert alone["demeaned_return_h"].to_list() == [0.0]


def test_a_block_is_named_by_its_time_and_members_whatever_their_order(built):
    frame = built["PORTFOLIO_OPTIMIZATION"][0].outcome_labels
    names = frame.group_by("decision_ns").agg(pl.col("covariance_block").unique())
    assert (names["covariance_block"].list.len() == 1).all()
    assert frame["covariance_block"].n_unique() == frame["decision_ns"].n_unique()
    assert block_name(7, pl.Series(["b", "a"])) == block_name(7, pl.Series(["a", "b"]))
    assert block_name(7, pl.Series(["b", "a"])) != block_name(7, pl.Series(["a", "c"]))
    assert block_name(7, pl.Series(["a"])).startswith("block:7:1:")


def test_the_covariance_of_a_block_is_that_of_the_known_returns(world):
    ends = world.bars["event_ns"].unique().sort()
    at = int(ends[100]) + 5 * 10**9
    found = covariance_of(world.bars, ["B.X", "A.X"], at, window_bars=40)
    closes = [
        world.bars.filter((pl.col("instrument") == n) & (pl.col("received_ns") <= at))
        .sort("event_ns")["close"]
        .to_numpy()[-41:]
        for n in ("B.X", "A.X")
    ]
    assert found == pytest.approx(np.cov(np.diff(np.log(closes))), rel=1e-12)
    later = world.bars.filter(pl.col("received_ns") > at).with_columns(
        close=pl.col("close") * 9
    )
    poisoned = pl.concat([world.bars.filter(pl.col("received_ns") <= at), later])
    again = covariance_of(poisoned, ["B.X", "A.X"], at, window_bars=40)
    assert (again == found).all()


@pytest.mark.parametrize(
    ("names", "window"), [(["A.X", "Z.X"], 5), (["A.X"], 101), (["A.X"], 1)]
)
def test_too_few_shared_returns_are_refused(world, names, window):
    at = int(world.bars["event_ns"].unique().sort()[100]) + 5 * 10**9
    with pytest.raises(InputError, match=r"returns|window_bars"):
        covariance_of(world.bars, names, at, window_bars=window)


@every_kind
def test_a_dataset_is_the_same_whatever_the_order_of_the_given_rows(built, name):
    dataset, sources, recipe = built[name]
    shuffled = {"fraction": 1.0, "shuffle": True, "seed": 5}
    mixed = replace(
        sources,
        decisions=sources.decisions.sample(**shuffled),
        labels=sources.labels.sample(**shuffled),
        execution=sources.execution.sample(**shuffled),
    )
    again = assemble(mixed, recipe)
    assert again.outcome_labels.equals(dataset.outcome_labels)


def test_every_frame_stands_for_the_same_rows_when_rows_fall_out(built):
    for dataset, _, _ in built.values():
        heights = {frame.height for frame in dataset.frames.values()}
        assert heights == {dataset.sample_count}


def test_sources_without_an_execution_serve_all_other_types(world):
    kind = KINDS[DatasetType.RISK_PREDICTION]
    labels = label(world.decisions, world.bars, horizons_ns=HOURS)
    inputs = replace(
        world.inputs,
        dataset_type=kind.dataset_type.value,
        split=Undivided().as_mapping(),
    )
    sources = Sources(
        world.decisions, world.bars, world.compute(world.bars), labels, NS_PER_HOUR
    )
    assert assemble(sources, Recipe(inputs, Undivided())).sample_count > 50
    assert isinstance(world.splitter, PurgedWalkForward)
