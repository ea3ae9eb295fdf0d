"""The catalog: audit in the same transaction, names of the contract, migrations."""

from dataclasses import replace
from pathlib import Path

import pytest

from tradeloop.clock import ReplayClock
from tradeloop.errors import (
    ConflictError,
    InputError,
    NotFoundError,
)
from tradeloop.events import AuditEntry, DatasetType, Principal, SignalType
from tradeloop.stores.catalog import Catalog, open_catalog
from tradeloop.stores.records import (
    DatasetRecord,
    FeatureDefinition,
    ImportanceRecord,
    LabelingRule,
    QualityRecord,
    SignalRecord,
)

ANN, BOB = Principal("acme", "ann"), Principal("other", "bob")
AUDIT = AuditEntry(ANN, 5, "register dataset", "d")
CLOCK = ReplayClock(1_750_000_000_000_000_000)
NS = 1_700_000_000_123_456_000

DATASET = DatasetRecord(
    dataset_id="d1",
    dataset_type=DatasetType.SIGNAL_GENERATION,
    creation_ns=NS,
    sample_count=10,
    feature_count=3,
    label_distribution={"GOOD": 4, "BAD": 6},
    quality_score=0.98,
    storage_location="acme/training_datasets/SIGNAL_GENERATION/version=1",
    feature_schema={"feature_definitions": ["rsi_14"]},
    label_schema={"label_definitions": {"GOOD": [10, 20]}},
)
REPORT = QualityRecord(dataset_id="d1", report_ns=NS, quality_metrics={"score": 0.98})
FEATURE = FeatureDefinition(
    feature_name="rsi_14",
    feature_type="float64",
    feature_category="technical",
    calculation_method="100 - 100 / (1 + gain / loss)",
    data_sources=("close",),
)
RULE = LabelingRule(
    rule_name="outcome",
    rule_type="outcome",
    criteria={"measure": "outperformance_bps"},
    thresholds={"good": 10},
)
IMPORTANCE = ImportanceRecord(
    at_ns=NS,
    feature_name="rsi_14",
    dataset_type=DatasetType.SIGNAL_GENERATION,
    importance_score=0.02,
    correlation_with_outcome=-0.1,
    information_gain=0.01,
    mutual_information=0.0,
)
SIGNAL = SignalRecord(
    symbol="SPX",
    signal_type=SignalType.BUY,
    confidence=0.61,
    model_version="boost v1.0.0",
    created_ns=NS,
    features={"rsi_14": 71.5, "vix": None},
    expires_ns=NS + 1_000_000,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "catalog.db"


@pytest.fixture
def catalog(path: Path):
    with open_catalog(f"sqlite:///{path}", CLOCK) as opened:
        yield opened


def bobs(audit: AuditEntry = AUDIT) -> AuditEntry:
    return replace(audit, principal=BOB)


def test_records_come_back_as_they_were(catalog: Catalog):
    catalog.register_dataset(ANN, DATASET, AUDIT, report=REPORT)
    catalog.define_features(ANN, [FEATURE], AUDIT)
    catalog.define_rules(ANN, [RULE], AUDIT)
    numbers = catalog.add_signals(ANN, [SIGNAL], AUDIT)
    assert catalog.datasets(ANN, DatasetType.SIGNAL_GENERATION) == [DATASET]
    assert catalog.datasets(ANN, DatasetType.RISK_PREDICTION) == []
    assert catalog.dataset(ANN, "d1") == DATASET
    assert catalog.quality_reports(ANN, "d1") == [REPORT]
    assert catalog.features(ANN, "technical") == [FEATURE]
    assert catalog.rules(ANN) == [RULE]
    stored = catalog.signals(ANN, "SPX")[0]
    assert (stored.id, stored.principal) == (numbers[0], ANN)
    assert stored.signal == replace(SIGNAL, signal_key=SIGNAL.key)


def test_writing_again_changes_nothing(catalog: Catalog):
    assert catalog.register_dataset(ANN, DATASET, AUDIT, report=REPORT) == "added"
    later = replace(DATASET, creation_ns=NS + 10**9)
    assert catalog.register_dataset(ANN, later, AUDIT, report=REPORT) == "unchanged"
    first = catalog.add_signals(ANN, [SIGNAL, SIGNAL], AUDIT)
    assert catalog.add_signals(ANN, [SIGNAL], AUDIT) == first[:1]
    assert catalog.datasets(ANN) == [DATASET]
    assert len(catalog.quality_reports(ANN, "d1")) == 1
    assert len(catalog.signals(ANN)) == 1


def test_a_dataset_and_a_signal_do_not_change(catalog: Catalog):
    catalog.register_dataset(ANN, DATASET, AUDIT)
    catalog.add_signals(ANN, [SIGNAL], AUDIT)
    with pytest.raises(ConflictError, match="d1"):
        catalog.register_dataset(ANN, replace(DATASET, sample_count=11), AUDIT)
    other = replace(SIGNAL, symbol="NDX"), replace(SIGNAL, confidence=0.7)
    with pytest.raises(ConflictError, match="boost"):
        catalog.add_signals(ANN, other, AUDIT)
    assert catalog.dataset(ANN, "d1") == DATASET
    assert len(catalog.signals(ANN)) == 1


def test_importance_is_a_time_series_by_feature_and_type_of_dataset(catalog: Catalog):
    bare = ImportanceRecord(
        at_ns=NS,
        feature_name="rsi_14_known",
        dataset_type=DatasetType.SIGNAL_GENERATION,
        importance_score=0.03,
    )
    later = replace(IMPORTANCE, at_ns=NS + 10**9, importance_score=0.01)
    other = replace(IMPORTANCE, dataset_type=DatasetType.RISK_PREDICTION)
    given = [IMPORTANCE, bare, later, other]
    assert catalog.add_importance(ANN, [*given, IMPORTANCE], AUDIT) == 4
    assert catalog.add_importance(ANN, given, AUDIT) == 0
    assert catalog.importance(ANN, dataset_type=bare.dataset_type) == [
        later,
        bare,
        IMPORTANCE,
    ]
    assert catalog.importance(ANN, "rsi_14", other.dataset_type) == [other]
    assert catalog.importance(BOB) == []
    assert catalog.audit_trail(ANN) == [AUDIT, AUDIT]
    assert catalog.verify() == 2


def test_importance_of_one_time_does_not_change_and_leaves_nothing(catalog: Catalog):
    catalog.add_importance(ANN, [IMPORTANCE], AUDIT)
    new = replace(IMPORTANCE, feature_name="adx_14")
    changed = replace(IMPORTANCE, importance_score=0.5)
    with pytest.raises(ConflictError, match="rsi_14"):
        catalog.add_importance(ANN, [new, changed], AUDIT)
    assert catalog.importance(ANN) == [IMPORTANCE]
    assert catalog.audit_trail(ANN) == [AUDIT]


def test_definitions_change_by_name(catalog: Catalog):
    off = replace(FEATURE, enabled=False)
    said = [catalog.define_features(ANN, [f], AUDIT) for f in (FEATURE, FEATURE, off)]
    assert [s["rsi_14"] for s in said] == ["added", "unchanged", "changed"]
    assert catalog.features(ANN) == [off]
    wider = replace(RULE, thresholds={"good": 15})
    said = [catalog.define_rules(ANN, [rule], AUDIT) for rule in (RULE, wider)]
    assert [s["outcome"] for s in said] == ["added", "changed"]
    assert catalog.rules(ANN) == [wider]


def test_two_tenants_use_the_same_names_and_see_their_own(catalog: Catalog):
    catalog.register_dataset(ANN, DATASET, AUDIT, report=REPORT)
    assert catalog.datasets(BOB) == catalog.quality_reports(BOB, "d1") == []
    with pytest.raises(NotFoundError):
        catalog.dataset(BOB, "d1")
    with pytest.raises(NotFoundError):
        catalog.add_quality_report(BOB, REPORT, bobs())
    theirs = replace(DATASET, sample_count=99)
    assert catalog.register_dataset(BOB, theirs, bobs()) == "added"
    catalog.define_features(ANN, [FEATURE], AUDIT)
    catalog.define_features(BOB, [replace(FEATURE, enabled=False)], bobs())
    catalog.add_signals(BOB, [SIGNAL], bobs())
    assert catalog.dataset(ANN, "d1") == DATASET
    assert catalog.features(ANN) == [FEATURE]
    assert catalog.signals(ANN) == []
    assert {e.principal for e in catalog.audit_trail(ANN)} == {ANN}


def test_each_write_commits_its_audit_entry(catalog: Catalog):
    writes = [
        lambda entry: catalog.register_dataset(ANN, DATASET, entry),
        lambda entry: catalog.define_features(ANN, [FEATURE], entry),
        lambda entry: catalog.define_rules(ANN, [RULE], entry),
        lambda entry: catalog.add_quality_report(ANN, REPORT, entry),
        lambda entry: catalog.add_signals(ANN, [SIGNAL], entry),
    ]
    entries = [AuditEntry(ANN, k, f"write {k}", "x", "{}") for k in range(len(writes))]
    for write, entry in zip(writes, entries, strict=True):
        write(entry)
    assert catalog.audit_trail(ANN) == entries
    assert catalog.verify() == len(entries)


def test_a_write_that_fails_leaves_no_audit_entry(catalog: Catalog):
    long = replace(DATASET, storage_location="x" * 501)
    nan = replace(DATASET, quality_score=float("nan"))
    for bad, error in ((long, "500 characters"), (nan, "finite")):
        with pytest.raises(InputError, match=error):
            catalog.register_dataset(ANN, bad, AUDIT)
    with pytest.raises(NotFoundError):
        catalog.add_quality_report(ANN, REPORT, AUDIT)
    with pytest.raises(NotFoundError):  # the dataset is new, its report is not its own
        catalog.register_dataset(
            ANN, DATASET, AUDIT, report=replace(REPORT, dataset_id="d2")
        )
    assert catalog.audit_trail(ANN) == []
    assert catalog.datasets(ANN) == []


def test_an_audit_entry_that_fails_leaves_no_write(catalog: Catalog):
    unwritable = replace(AUDIT, subject="lone \ud800")
    with pytest.raises(InputError):
        catalog.register_dataset(ANN, DATASET, unwritable)
    with pytest.raises(InputError, match="other"):
        catalog.register_dataset(ANN, DATASET, bobs())
    with catalog._database._engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON audit_entries "
            "BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
    with pytest.raises(Exception, match="no room"):
        catalog.register_dataset(ANN, DATASET, AUDIT)
    assert catalog.datasets(ANN) == []
