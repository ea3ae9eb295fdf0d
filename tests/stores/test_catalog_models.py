"""The registry: versions, stages, verdicts, deployments, one tenant at a time."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tradeloop.clock import ReplayClock
from tradeloop.errors import ConflictError, InputError, NotFoundError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores.catalog import Catalog, open_catalog
from tradeloop.stores.catalog_models import ModelCatalog
from tradeloop.stores.deploying import Move
from tradeloop.stores.records_models import (
    AlertRecord,
    EvaluationRecord,
    ExperimentRecord,
    Grounds,
    JobRecord,
    ModelRecord,
    TrialRecord,
)
from tradeloop.stores.stages import MOVES, STAGES, check_move

ANN, EVE, BOB = (
    Principal("acme", "ann"),
    Principal("acme", "eve"),
    Principal("other", "bob"),
)
ROOT = Principal("platform", "root")
CLOCK = ReplayClock(1_750_000_000_000_000_000)
NS = 1_700_000_000_123_456_000
BY = Grounds(reason="the gate passed", approver="ann", role="approver")
WAY = ("testing", "staging", "canary", "production")

MODEL = ModelRecord(
    name="boost",
    version="v1.0.0",
    estimator="boosting",
    dataset_version="1f3a",
    feature_fingerprint="ab12",
    code_version="0.1.0",
    environment={"xgboost": "3.2"},
    seed=42,
    metrics={"log_loss": 1.05, "log_loss_low": 1.0, "log_loss_high": 1.1},
    tags={"horizon": "5d"},
    artefact_location="acme/boost/v1.0.0",
    artefact_sha256="a" * 64,
)
PASSED = EvaluationRecord(
    kind="gate", at_ns=NS, numbers={"dsr": 0.99}, verdict="passed", reason="all held"
)


def audit(who: Principal = ANN) -> AuditEntry:
    return AuditEntry(who, 5, "write", "registry")


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Path:
    """A catalog without rows, made once: its migrations take longer than a test."""
    path = tmp_path_factory.mktemp("empty") / "catalog.db"
    open_catalog(f"sqlite:///{path}", CLOCK).close()
    return path


@pytest.fixture
def catalog(tmp_path: Path, empty: Path):
    shutil.copy(empty, tmp_path / "catalog.db")
    with open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}", CLOCK) as opened:
        yield opened


@pytest.fixture
def models(catalog: Catalog) -> ModelCatalog:
    return catalog.models


def numbered(k: int, **values) -> ModelRecord:
    version = f"v1.0.{k}"
    place = f"acme/boost/{version}"
    return replace(MODEL, version=version, artefact_location=place, **values)


def kept(models: ModelCatalog, k: int = 0, who: Principal = ANN) -> str:
    record = numbered(k)
    models.register(who, record, audit(who), evaluations=[PASSED])
    return record.version


def promoted(models: ModelCatalog, k: int, to: str = "production") -> str:
    version = kept(models, k)
    for stage in WAY[: WAY.index(to) + 1]:
        asked = Move(to=stage, grounds=BY)
        models.move(ANN, "boost", version, asked, audit())
    return version


def stages(models: ModelCatalog, who: Principal = ANN) -> dict[str, str]:
    return {each.record.version: each.stage for each in models.models(who)}


def test_a_version_comes_back_as_it_was_registered(models: ModelCatalog):
    models.register(ANN, MODEL, audit())
    child = numbered(1, parent="v1.0.0")
    assert models.register(ANN, child, audit()) == "added"
    assert [each.record for each in models.models(ANN)] == [child, MODEL]
    found = models.model(ANN, "boost", "v1.0.1")
    assert (found.principal, found.stage) == (ANN, "draft")
    assert (found.tenant_id, found.user_id, found.tracking) == ("acme", None, None)


def test_the_tenth_version_is_listed_before_the_ninth(models: ModelCatalog):
    for k in range(11):
        kept(models, k)
    listed = [each.record.version for each in models.models(ANN, "boost")]
    assert listed == [f"v1.0.{k}" for k in range(10, -1, -1)]


def test_registering_again_changes_nothing(models: ModelCatalog):
    trials = ("s", [TrialRecord(number=0, state="complete", parameters={}, score=1.0)])
    said = [
        models.register(ANN, MODEL, audit(), evaluations=[PASSED], trials=trials)
        for _ in range(2)
    ]
    assert said == ["added", "unchanged"]
    found = models.model(ANN, "boost", "v1.0.0")
    assert models.evaluations(found) == [PASSED]
    assert models.trial_counts(ANN) == {"s": 1}


def test_a_version_does_not_change_and_a_failed_write_leaves_nothing(catalog: Catalog):
    models = catalog.models
    models.register(ANN, MODEL, audit())
    trials = ("s", [TrialRecord(number=0, state="failed", parameters={})])
    other = replace(MODEL, artefact_sha256="b" * 64)
    with pytest.raises(ConflictError, match=r"boost v1\.0\.0"):
        models.register(ANN, other, audit(), trials=trials)
    with pytest.raises(NotFoundError, match=r"v9\.0\.0"):
        models.register(ANN, numbered(1, parent="v9.0.0"), audit(), trials=trials)
    bad = replace(PASSED, numbers={"dsr": float("nan")})
    with pytest.raises(InputError, match="finite"):
        models.register(ANN, numbered(1), audit(), evaluations=[bad], trials=trials)
    assert [each.record for each in models.models(ANN)] == [MODEL]
    assert models.trial_counts(ANN) == {}
    assert len(catalog.audit_trail(ANN)) == catalog.verify() == 1


def test_two_tenants_use_the_same_name_and_see_their_own(models: ModelCatalog):
    kept(models)
    theirs = replace(MODEL, seed=7)
    assert models.register(BOB, theirs, audit(BOB)) == "added"
    assert models.model(ANN, "boost", "v1.0.0").record == MODEL
    assert models.model(BOB, "boost", "v1.0.0").record == theirs
    models.add_trials(
        ANN, "s", [TrialRecord(number=0, state="complete", parameters={})], audit()
    )
    assert models.trials(BOB, "s") == models.jobs(BOB) == models.experiments(BOB) == []
    with pytest.raises(NotFoundError):
        models.evaluate(BOB, "boost", "v1.0.1", PASSED, audit(BOB))


def test_the_models_of_the_platform_are_seen_by_all_and_written_by_it(
    models: ModelCatalog,
):
    models.register(ROOT, replace(MODEL, name="base"), audit(ROOT))
    found = models.model(BOB, "base", "v1.0.0")
    assert (found.tenant_id, found.user_id) == (None, None)
    with pytest.raises(NotFoundError):
        models.evaluate(BOB, "base", "v1.0.0", PASSED, audit(BOB))
    own = replace(MODEL, name="base", seed=9)
    models.register(BOB, own, audit(BOB))
    assert models.model(BOB, "base", "v1.0.0").record == own


def test_a_private_model_is_seen_and_moved_by_its_user_alone(models: ModelCatalog):
    models.register(ANN, replace(MODEL, private=True), audit())
    assert models.models(EVE) == []
    assert models.model(ANN, "boost", "v1.0.0").user_id == "ann"
    asked = Move(to="testing", grounds=BY, needs_verdict=False)
    with pytest.raises(NotFoundError):
        models.move(EVE, "boost", "v1.0.0", asked, audit(EVE))
    with pytest.raises(ConflictError, match="other users"):
        models.register(EVE, numbered(1), audit(EVE))
    assert models.move(ANN, "boost", "v1.0.0", asked, audit()).stage == "testing"


@pytest.mark.parametrize("before", STAGES)
def test_a_stage_is_left_only_along_the_table_of_moves(before: str):
    for to in STAGES:
        if to in MOVES[before]:
            assert check_move("m", before, to) == to
        else:
            with pytest.raises(InputError, match=before):
                check_move("m", before, to)
    with pytest.raises(InputError, match="no stage 'live'"):
        check_move("m", before, "live")


def test_a_way_to_production_makes_a_challenger_and_then_a_champion(
    models: ModelCatalog,
):
    one = promoted(models, 0, to="canary")
    assert models.aliases(ANN, "boost") == {"challenger": one}
    asked = Move(to="production", grounds=BY)
    models.move(ANN, "boost", one, asked, audit())
    assert models.aliases(ANN, "boost") == {"champion": one}
    assert models.champions(ANN) == {"boost": one}
    assert models.champions(BOB) == {}
    two = promoted(models, 1)
    assert stages(models) == {two: "production", one: "archived"}
    moves = models.deployments(ANN, "boost", "champion")
    assert [(each.number, each.before, each.after) for each in moves] == [
        (1, None, one),
        (2, one, two),
    ]
    assert moves[1].grounds == BY


def test_without_a_verdict_that_passed_nothing_is_promoted(models: ModelCatalog):
    models.register(ANN, MODEL, audit())
    asked = Move(to="testing", grounds=BY)
    with pytest.raises(InputError, match="no verdict"):
        models.move(ANN, "boost", "v1.0.0", asked, audit())
    models.evaluate(ANN, "boost", "v1.0.0", PASSED, audit())
    late = replace(PASSED, at_ns=NS + 10**9, verdict="failed", reason="no edge left")
    models.evaluate(ANN, "boost", "v1.0.0", late, audit())
    with pytest.raises(InputError, match="no edge left"):
        models.move(ANN, "boost", "v1.0.0", asked, audit())
    assert stages(models) == {"v1.0.0": "draft"}


def test_a_verdict_does_not_change(models: ModelCatalog):
    version = kept(models)
    with pytest.raises(ConflictError, match="does not change"):
        models.evaluate(
            ANN, "boost", version, replace(PASSED, verdict="failed"), audit()
        )


def test_one_database_row_alone_can_be_in_production(catalog: Catalog):
    promoted(catalog.models, 0)
    kept(catalog.models, 1)
    with (
        pytest.raises(Exception, match="UNIQUE"),
        catalog._database._engine.begin() as connection,
    ):
        connection.exec_driver_sql("UPDATE models SET status = 'production'")


def test_a_roll_back_walks_the_versions_that_were_promoted(models: ModelCatalog):
    one, two, three = (promoted(models, k) for k in range(3))
    backs = [models.roll_back(ANN, "boost", BY, audit()) for _ in range(2)]
    assert [(each.before, each.after) for each in backs] == [(three, two), (two, one)]
    assert stages(models) == {three: "archived", two: "archived", one: "production"}
    with pytest.raises(NotFoundError, match="no earlier"):
        models.roll_back(ANN, "boost", BY, audit())
    four = promoted(models, 3)
    assert models.roll_back(ANN, "boost", BY, audit()).before == four
    assert models.aliases(ANN, "boost") == {"champion": one}


def test_what_was_withdrawn_never_comes_back(models: ModelCatalog):
    one, two = (promoted(models, k) for k in range(2))
    out = Move(to="archived", grounds=BY, needs_verdict=False)
    models.move(ANN, "boost", two, out, audit())
    assert models.aliases(ANN, "boost") == models.champions(ANN) == {}
    three = promoted(models, 2)
    assert models.roll_back(ANN, "boost", BY, audit()).after == one
    assert stages(models) == {one: "production", two: "archived", three: "archived"}


def test_a_run_serves_its_newest_until_one_is_in_production(models: ModelCatalog):
    one, two = kept(models, 0), kept(models, 1)
    assert [models.crown(ANN, "boost", v, BY, audit()) for v in (one, two)] == [
        True,
        True,
    ]
    assert models.aliases(ANN, "boost") == {"champion": two}
    assert set(stages(models).values()) == {"draft"}
    three = promoted(models, 2)
    assert not models.crown(ANN, "boost", kept(models, 3), BY, audit())
    assert models.aliases(ANN, "boost") == {"champion": three}
    with pytest.raises(NotFoundError, match="no earlier"):
        models.roll_back(ANN, "boost", BY, audit())


def test_a_crowned_version_stays_the_champion_when_it_is_promoted(
    models: ModelCatalog,
):
    one = kept(models)
    models.crown(ANN, "boost", one, BY, audit())
    assert promoted(models, 0) == one
    assert models.aliases(ANN, "boost") == {"champion": one}


def test_every_trial_counts_and_none_changes(models: ModelCatalog):
    trials = [
        TrialRecord(number=k, state=state, parameters={"depth": k}, score=score)
        for k, (state, score) in enumerate(
            [("complete", 0.5), ("pruned", None), ("abandoned", None), ("failed", None)]
        )
    ]
    assert models.add_trials(ANN, "s", trials[:2], audit()) == 2
    assert models.add_trials(ANN, "s", trials, audit()) == 2
    assert models.trials(ANN, "s") == trials
    with pytest.raises(ConflictError, match="Trial 0"):
        models.add_trials(ANN, "s", [replace(trials[0], score=0.9)], audit())
    with pytest.raises(InputError, match="study"):
        models.add_trials(ANN, "", trials, audit())
    assert models.trial_counts(ANN) == {"s": 4}


def test_a_job_goes_on_until_it_ends(models: ModelCatalog):
    job = JobRecord(
        job_name="j1", model_name="boost", status="running", recipe={"seed": 1}
    )
    done = replace(
        job,
        status="done",
        progress=1.0,
        started_ns=NS,
        finished_ns=NS,
        model_version=kept(models),
    )
    said = [models.keep_job(ANN, each, audit()) for each in (job, job, done, done)]
    assert said == ["added", "unchanged", "changed", "unchanged"]
    assert models.jobs(ANN) == models.jobs(ANN, "done") == [done]
    with pytest.raises(ConflictError, match="ended as done"):
        models.keep_job(ANN, job, audit())


def test_an_experiment_keeps_its_state_and_its_kind(models: ModelCatalog):
    given = ExperimentRecord(
        experiment_name="c1",
        kind="canary",
        status="running",
        model_name="boost",
        state={"share": 1},
    )
    wider = replace(given, state={"share": 5})
    said = [
        models.keep_experiment(ANN, each, audit()) for each in (given, wider, wider)
    ]
    assert said == ["added", "changed", "unchanged"]
    assert models.experiment(ANN, "c1") == wider
    assert models.experiments(ANN, "running") == [wider]
    with pytest.raises(ConflictError, match="canary"):
        models.keep_experiment(ANN, replace(given, kind="ab"), audit())


def test_alerts_and_what_was_tracked_are_kept(models: ModelCatalog):
    version = kept(models)
    alert = AlertRecord(kind="drift", severity="warning", message="psi 0.3", at_ns=NS)
    for _ in range(2):
        models.alert(ANN, "boost", version, alert, audit())
    models.track(ANN, "boost", version, {"version": 1}, audit())
    found = models.model(ANN, "boost", version)
    assert models.alerts(found) == [alert]
    assert found.tracking == {"version": 1}
