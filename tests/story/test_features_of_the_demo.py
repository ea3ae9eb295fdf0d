"""What a run leaves about its features: which carried the model, what they repeat."""

import json
import shutil

import pytest

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
