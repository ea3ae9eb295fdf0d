"""What the gate is told of a registered version."""

import json
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from pipelines.models_given import Remembering, packed, rows_of
from story.desks import desk, market, typed
from tradeloop.apps.choosing import rules_of
from tradeloop.apps.settings import load
from tradeloop.clock import NS_PER_DAY, LiveClock
from tradeloop.costs import ZERO, CostModel
from tradeloop.errors import ArtefactError, InputError
from tradeloop.feedback import Policy as PromotionPolicy
from tradeloop.pipelines import judge_candidate, models_track
from tradeloop.pipelines.judge_candidate import candidate_of
from tradeloop.pipelines.judge_family import family_of
from tradeloop.pipelines.judge_figures import drift_of, permutation_of
from tradeloop.pipelines.judge_model import judge_model
from tradeloop.pipelines.judge_returns import Ground
from tradeloop.pipelines.keep_verdict import verdict_on
from tradeloop.pipelines.kept_forecasts import CHANCES, FOLD, forecast_rows
from tradeloop.pipelines.models_keep import Judgement, keep_model
from tradeloop.pipelines.workspace import open_workspace
from tradeloop.signals import Gate, Policy, Scorer
from tradeloop.statistics import maximum_test, wilson
from tradeloop.stores import TrialRecord

NOTHING = np.array([0.2, 0.6, 0.2])


@contextmanager
def opened(folder):
    settings = load(folder)
    rules = rules_of(settings, folder)
    with open_workspace(
        settings.places(folder), settings.acting(), LiveClock()
    ) as workspace:
        yield workspace, rules


def ground(costs, count=200, seed=1):
    """Days of a random walk, with a decision at each close."""
    rows = market(seed, 0.0).head(count)
    open_ns = rows["ts"].cast(pl.Int64)
    bars = rows.select(
        pl.col("symbol").alias("instrument"),
        open_ns.alias("open_ns"),
        (open_ns + NS_PER_DAY).alias("event_ns"),
        "open",
        "close",
    )
    made = bars["event_ns"].head(count - 1)
    decisions = pl.DataFrame(
        {
            "decision_id": [f"d{k}" for k in range(count - 1)],
            "instrument": bars["instrument"].head(count - 1),
            "created_ns": made,
        }
    )
    cold = np.zeros(count - 1, dtype=bool)
    policy = Policy(min_edge=0.1, position_share=0.5)
    return Ground(bars, decisions, NS_PER_DAY, cold, policy, costs), rows


def alternating(count):
    """Buys and sells in turn."""
    up = np.tile([[0.1, 0.2, 0.7], [0.7, 0.2, 0.1]], (count // 2 + 1, 1))
    return up[:count]


def test_without_costs_each_day_earns_its_share_of_the_move_of_the_day():
    free, rows = ground(ZERO)
    chances = alternating(len(free.decisions))
    side = np.where(chances[:, 2] > chances[:, 0], 1, -1)
    moved = (rows["close"] / rows["open"] - 1.0).to_numpy()[1:]
    expected = np.concatenate(([0.0], 0.5 * side * moved))
    np.testing.assert_allclose(free.returns(chances, 1), expected, atol=1e-12)


def test_costs_are_taken_off_and_doubled_costs_twice():
    free, _ = ground(ZERO)
    paid, _ = ground(CostModel(half_spread_bps=3.0, commission_bps=1.0))
    chances = alternating(len(free.decisions))
    gross = free.returns(chances, 1)
    once, twice = (paid.returns(chances, 1, cost_factor=k) for k in (1.0, 2.0))
    np.testing.assert_allclose(gross - once, once - twice, atol=1e-12)
    assert once.sum() < gross.sum()


def test_who_forecasts_nothing_earns_nothing():
    still, _ = ground(CostModel())
    chances = np.tile(NOTHING, (len(still.decisions), 1))
    assert not still.returns(chances, 1).any()


def test_noise_passes_the_test_of_the_maximum_as_often_as_its_level_says():
    passed = 0
    for seed in range(300):
        free, _ = ground(ZERO, count=434, seed=1_000 + seed)
        draws = np.random.default_rng(seed).dirichlet((2, 2, 2), len(free.decisions))
        returns = free.returns(draws, 1)[:, None]
        passed += maximum_test(returns, 0, block_rows=5, repeats=500, seed=seed).passed
    rate = wilson(int(passed), 300)
    assert rate.low <= 0.05 <= rate.high, rate


def test_a_vote_must_be_surer_than_a_single_model():
    free, _ = ground(ZERO)
    unsure = np.tile([0.1, 0.4, 0.5], (len(free.decisions), 1))
    assert free.sides(unsure, members=1).all()
    assert not free.sides(unsure, members=2).any()


@pytest.fixture
def registry(tmp_path, monkeypatch):
    monkeypatch.setattr(models_track, "open_tracking", Remembering().open)
    with opened(tmp_path) as (workspace, rules):
        yield workspace, rules


def kept(workspace, name, seed, **more):
    keep_model(workspace, packed(name, seed=seed), name=name, **more)
    return workspace.catalog.models.models(workspace.principal, name)[0]


def trials(count):
    return [
        TrialRecord(number=k, state="abandoned", parameters={}) for k in range(count)
    ]


def test_a_family_is_who_shares_the_dataset_or_the_name_with_every_trial(registry):
    workspace, _ = registry
    searched = Judgement(numbers={"search": {"study": "s"}})
    one = kept(workspace, "one", 1, judgement=searched, trials=("s", trials(5)))
    kept(workspace, "one", 2)  # the same name, another dataset
    kept(workspace, "two", 1)  # another name, the same dataset
    kept(workspace, "far", 3, trials=("t", trials(7)))  # neither
    found = family_of(workspace, one)
    assert len(found.versions) == 2
    assert dict(found.studies) == {"s": 5}
    assert found.trials == 1 + 2 + 5


def test_a_version_without_forecasts_cannot_be_judged(registry):
    workspace, rules = registry
    kept(workspace, "one", 1, judgement=Judgement(rows=rows_of(1)))
    with pytest.raises(InputError, match="without its forecasts"):
        judge_model(workspace, "one", "v1.0.0", rules, PromotionPolicy())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = desk(tmp_path_factory.mktemp("desk"), seed=3, momentum=0.5)
    typed("models", "train", "--model", "boosting", "--name", "m", "--dir", folder)
    return folder


def test_sides_are_those_of_the_gate_of_the_signals(trained):
    with opened(trained) as (workspace, rules):
        found = candidate_of(workspace, "m", "v1.0.0", rules)
    scorer = replace(Scorer.of(found.artefact), bounds=None)
    columns = found.lesson.columns
    said = Gate(scorer, found.ground.policy).judge(
        found.lesson.features[found.rows], columns.fingerprint, columns.names
    )
    sides = found.ground.sides(said.probabilities, len(found.artefact.members))
    np.testing.assert_array_equal(sides, said.choices.side)
    assert set(sides.tolist()) == {-1, 1}


def test_what_was_kept_must_be_what_the_registered_files_say(trained, monkeypatch):
    real = judge_candidate.forecasts_of

    def better(workspace, model):
        rows = real(workspace, model)
        return rows.with_columns(pl.col("p_up") + 0.01, pl.col("p_down") - 0.01)

    monkeypatch.setattr(judge_candidate, "forecasts_of", better)
    with (
        opened(trained) as (workspace, rules),
        pytest.raises(ArtefactError, match="away from what was kept"),
    ):
        candidate_of(workspace, "m", "v1.0.0", rules)


def test_the_verdict_is_kept_with_all_figures(trained):
    with opened(trained) as (workspace, rules):
        found = judge_model(workspace, "m", "v1.0.0", rules, PromotionPolicy())
        kept_ = verdict_on(workspace, "m", "v1.0.0")
        candidate = candidate_of(workspace, "m", "v1.0.0", rules)
    assert kept_.as_mapping() == found.verdict.as_mapping()
    json.dumps(found.verdict.as_mapping(), allow_nan=False)
    assert found.days == found.verdict.figures["days"]
    assert found.decisions == len(candidate.rows)
    assert permutation_of(candidate, 1) < 0.05
    drift = drift_of(candidate)
    assert set(drift) <= set(candidate.lesson.columns.names)
    assert max(drift.values()) == found.verdict.figures["drift_psi"]


def test_shuffled_forecasts_are_no_better_than_themselves(trained):
    with opened(trained) as (workspace, rules):
        candidate = candidate_of(workspace, "m", "v1.0.0", rules)
    order = np.random.default_rng(1).permutation(len(candidate.rows))
    assert (
        permutation_of(replace(candidate, chances=candidate.chances[order]), 1) > 0.05
    )


def test_kept_rows_have_a_forecast_of_every_tested_decision():
    chances = np.array([[0.2, 0.3, 0.5], [0.6, 0.2, 0.2]])
    fold = np.array([0, 1], np.int8)
    rows = forecast_rows(pl.Series(["a", "b"]), np.array([0.7, 0.5]), fold, chances)
    np.testing.assert_array_equal(rows.select(CHANCES).to_numpy(), chances)
    assert rows[FOLD].to_list() == [0, 1]
