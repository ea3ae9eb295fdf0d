import json

import pytest
import yaml

from tradeloop.datasets import (
    KINDS,
    CardPicture,
    Findings,
    Occasion,
    card,
    certify,
    dataset_folder,
    day_files,
    feature_schema,
    generated_event,
    label_schema,
    metadata,
)
from tradeloop.errors import InputError

CATALOGUE = [
    {"name": "step", "category": "technical", "formula": "ln c_t | c_{t-1}"},
    {"name": "drift", "category": "technical", "formula": "mean"},
    {"name": "range", "category": "risk", "formula": "ln h / l"},
    {"name": "other", "category": "risk", "formula": "unused"},
]


@pytest.fixture(scope="module")
def described(world, dataset):
    quality = {
        "quality_score": 0.97,
        "data_quality_metrics": {"completeness_score": 0.99},
        "anomaly_detection_results": [],
    }
    certificate = certify(dataset, world.splits(), world.bars, world.compute)
    findings = Findings(
        certificate,
        feature_schema(dataset, CATALOGUE),
        label_schema(dataset, world.inputs.label_rules),
        quality,
        {"bars": "CC0-1.0"},
    )
    occasion = Occasion("small-1", 86_400 * 10**9, "t/training_datasets/x")
    return metadata(dataset, occasion, findings)


def test_metadata_has_the_fields_of_entity_and_event_and_is_plain_data(described):
    assert {
        "dataset_id",
        "dataset_type",
        "creation_timestamp",
        "sample_count",
        "feature_schema",
        "label_schema",
        "data_quality_report",
        "storage_location",
        "feature_count",
        "label_distribution",
        "data_period",
        "quality_score",
        "data_quality_metrics",
    } <= set(described)
    assert json.loads(json.dumps(described, allow_nan=False)) == described
    assert described["creation_timestamp"] == "1970-01-02T00:00:00+00:00"


def test_id_and_creation_time_stay_outside_what_is_hashed(described, dataset):
    assert described["version"] == dataset.version
    text = dataset.manifest
    assert described["dataset_id"] not in text
    assert "creation" not in text


def test_the_event_has_the_names_of_the_contract(described):
    event = generated_event(described, "e1")
    assert event["event_type"] == "training_dataset_generated"
    assert set(event["training_dataset"]["data_period"]) == {"start_date", "end_date"}
    assert event["data_quality_metrics"] == {"completeness_score": 0.99}


def test_rows_per_fold_add_up_to_the_rows(described):
    assert sum(described["rows_per_fold"].values()) == described["sample_count"]


def test_the_head_of_the_card_is_yaml_and_the_body_says_what_matters(described):
    text = card(described)
    _, head, body = text.split("---\n", 2)
    parsed = yaml.safe_load(head)
    assert parsed["version"] == described["version"]
    assert parsed["license"] == "CC0-1.0"
    assert parsed["leak_checks_failed"] == 0
    for title in ("Balance", "Split", "Leaks", "Quality", "Limits", "Licences"):
        assert f"\n## {title}" in body
    assert "no_overlap | passed" in body
    assert "completeness_score | 0.9900" in body
    assert r"ln c_t \| c_{t-1}" in body


def test_the_head_has_the_form_of_a_hugging_face_card(described, dataset):
    head = yaml.safe_load(card(described).split("---\n")[1])
    assert head["size_categories"] == ["n<1K"]
    assert head["task_categories"] == [
        "tabular-classification",
        "tabular-regression",
    ]
    assert [c["config_name"] for c in head["configs"]] == list(dataset.frames)
    assert [c["config_name"] for c in head["configs"] if c.get("default")] == [
        "outcome_labels"
    ]


@pytest.mark.parametrize(
    ("rows", "size"),
    [(999, "n<1K"), (1_000, "1K<n<10K"), (999_999, "100K<n<1M"), (10**8, "n>10M")],
)
def test_the_size_is_that_of_the_rows(described, rows, size):
    text = card({**described, "sample_count": rows})
    assert f"size_categories:\n- {size}\n" in text


@pytest.mark.parametrize(
    "kind", KINDS.values(), ids=lambda kind: kind.dataset_type.value
)
def test_the_card_says_what_the_type_is_for_and_what_it_is_not(described, kind):
    text = card({**described, "dataset_type": kind.dataset_type.value})
    told = kind.documentation
    sentences = (told.row, told.meaning, told.known_when, told.intended_use)
    for sentence in (*sentences, told.not_for, *told.limits):
        assert sentence in text
    for target in kind.targets:
        assert f"| {target.stem}" in text


def test_pictures_stand_in_the_card_with_their_words(described):
    shown = [CardPicture("pictures/a.svg", "Half [of] it", "Bars [of] rows")]
    text = card(described, shown)
    assert "![Bars (of) rows](pictures/a.svg)" in text
    assert "*Half [of] it.*" in text
    assert "## Pictures" not in card(described)


def test_the_way_to_load_the_dataset_works_as_it_is_written(
    described, dataset, tmp_path, monkeypatch
):
    for path, frame in day_files(dataset).items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(file)
    code = card(described).split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code, names)  # noqa: S102 - what a reader would paste
    assert names["features"].equals(dataset.feature_vectors)
    assert names["labels"].equals(dataset.outcome_labels)
    assert names["rows"].height == dataset.sample_count
    assert names["test_of_fold_0"].height == (dataset.fold == 0).sum()


def test_a_failed_check_stands_out_in_the_card(described):
    results = [dict(r) for r in described["certificate"]["results"]]
    results[0].update(passed=False, detail="fold 0: 3 labels meet")
    absent = [{"name": "fills_possible", "reason": "needs fills"}]
    certificate = {"checks": 5, "failed": 1, "results": results, "absent": absent}
    text = card({**described, "certificate": certificate})
    assert "| no_overlap | FAILED | fold 0: 3 labels meet |" in text
    assert "leak_checks_failed: 1" in text
    assert "| fills_possible | absent | needs fills |" in text
    assert "leak_checks_absent: 1" in text


def test_schemas_speak_of_the_dataset_s_own_columns(described):
    names = [f["name"] for f in described["feature_schema"]["feature_definitions"]]
    assert names == ["step", "drift", "range"]
    labels = described["label_schema"]
    assert "return_20h" in labels["label_definitions"]
    assert labels["labeling_criteria"]["primary_horizon"] == "20h"


def test_a_feature_the_catalogue_does_not_know_is_refused(dataset):
    with pytest.raises(InputError, match="range"):
        feature_schema(dataset, CATALOGUE[:2])


def test_the_folder_is_that_of_the_contract():
    folder = dataset_folder("t", "SIGNAL_GENERATION", "ab")
    assert folder.as_posix() == "t/training_datasets/SIGNAL_GENERATION/version=ab"


@pytest.mark.parametrize("part", ["", "..", "a/b", "a\\b", "a=b"])
def test_a_folder_cannot_be_left(part):
    for place in range(3):
        parts = ["t", "x", "v"]
        parts[place] = part
        with pytest.raises(InputError):
            dataset_folder(*parts)
