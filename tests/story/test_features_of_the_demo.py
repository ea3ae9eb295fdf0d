"""What a run leaves about its features: which carried the model, what they repeat."""

import json
import shutil

import pytest

from story.running import ME, catalog
from tradeloop.apps.featuring import weighed

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def told(demo, tmp_path_factory):
    # The databases alone: nobody may write into the demo's own folder.
    desk = tmp_path_factory.mktemp("desk")
    for file in [*demo.pristine.glob("*.db"), *demo.pristine.glob("*.toml")]:
        shutil.copy2(file, desk / file.name)
    return weighed(desk)


def test_importance_and_criteria_stand_in_the_dataset_and_in_the_command(demo, told):
    described = json.loads((demo.dataset / "metadata.json").read_text("utf-8"))
    criteria = described["feature_schema"]["feature_selection_criteria"]
    assert criteria["applied"] is False
    assert criteria == {k: v for k, v in told.items() if k != "dataset_id"}
    assert told["dataset_id"] == described["dataset_id"]
    names = {e["name"] for e in described["feature_schema"]["feature_definitions"]}
    assert set(told["selected"]) | set(told["dropped"]) == names
    assert names <= set(told["importance"]["columns"])


def test_every_importance_lies_in_its_interval(told):
    for name, each in told["importance"]["columns"].items():
        assert 0 <= each["low"] <= each["value"] <= each["high"], name


def test_importance_stands_in_the_catalog_as_a_time_series(demo, told):
    described = json.loads((demo.dataset / "metadata.json").read_text("utf-8"))
    with catalog(demo.pristine) as opened:
        (made,) = [d for d in opened.datasets(ME) if d.dataset_id == told["dataset_id"]]
        found = {row.feature_name: row for row in opened.importance(ME)}
    assert {row.at_ns for row in found.values()} == {made.creation_ns}
    assert {row.dataset_type for row in found.values()} == {described["dataset_type"]}
    wanted = told["importance"]["columns"]
    assert {n: row.importance_score for n, row in found.items()} == {
        n: each["value"] for n, each in wanted.items()
    }
    for name, score in told["scores"].items():
        assert found[name].mutual_information == score["mutual_information"]
        assert found[name].correlation_with_outcome == score["correlation_with_outcome"]


def test_every_feature_of_the_demo_is_held_against_a_rule(demo, told):
    described = json.loads((demo.dataset / "metadata.json").read_text("utf-8"))
    report = described["data_quality_report"]["validation_results"]["features"]
    assert report["rules"] == sum(report["bounds_from"].values())
    assert report["rules"] == described["feature_count"]
    assert 0 < report["learned_from_rows"] < report["rows"]
    assert len(report["findings"]) == report["broken"]
