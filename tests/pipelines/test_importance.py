"""Importance of features: told to the catalog once, as the dataset told it."""

import pytest

from pipelines.conftest import NOW_NS, places_in
from tradeloop.clock import ReplayClock
from tradeloop.errors import NotFoundError
from tradeloop.events import DatasetType, Principal
from tradeloop.pipelines.importance import keep_importance, newest_importance
from tradeloop.stores import ImportanceRecord

SCORE = {
    "mutual_information": 0.02,
    "information_gain": 0.03,
    "correlation_with_outcome": -0.1,
    "stability": 0.5,
}
DESCRIBED = {
    "dataset_id": "signal_generation-1",
    "dataset_type": "SIGNAL_GENERATION",
    "feature_schema": {
        "feature_selection_criteria": {
            "scores": {"rsi_14": SCORE},
            "importance": {
                "columns": {
                    "rsi_14": {"value": 0.4, "low": 0.3, "high": 0.5},
                    "rsi_14_known": {"value": 0.1, "low": 0.0, "high": 0.2},
                }
            },
        }
    },
}


def test_each_column_of_the_model_is_a_row_and_a_second_run_adds_none(workspace):
    assert keep_importance(workspace, DESCRIBED, NOW_NS) == 2
    assert keep_importance(workspace, DESCRIBED, NOW_NS) == 0
    kind = DatasetType.SIGNAL_GENERATION
    assert workspace.catalog.importance(workspace.principal) == [
        ImportanceRecord(
            at_ns=NOW_NS,
            feature_name="rsi_14",
            dataset_type=kind,
            importance_score=0.4,
            correlation_with_outcome=-0.1,
            information_gain=0.03,
            mutual_information=0.02,
        ),
        ImportanceRecord(
            at_ns=NOW_NS,
            feature_name="rsi_14_known",
            dataset_type=kind,
            importance_score=0.1,
        ),
    ]
    (first, _) = workspace.catalog.audit_trail(workspace.principal)
    assert (first.action, first.subject) == ("weigh", DESCRIBED["dataset_id"])


@pytest.mark.parametrize("criteria", ["none", {}, {"scores": {}}])
def test_dataset_that_no_model_learned_from_adds_nothing(workspace, criteria):
    schema = {"feature_selection_criteria": criteria}
    assert keep_importance(workspace, {"feature_schema": schema}, NOW_NS) == 0
    assert workspace.catalog.audit_trail(workspace.principal) == []


def test_no_catalog_is_not_found_and_none_is_made(tmp_path):
    with pytest.raises(NotFoundError, match="learned from"):
        newest_importance(
            places_in(tmp_path / "none"), Principal("desk", "me"), ReplayClock(1)
        )
    assert not list(tmp_path.iterdir())
