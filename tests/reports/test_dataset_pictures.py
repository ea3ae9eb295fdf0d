"""Pictures of a dataset's card: what they show is counted from the rows."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import yaml

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE
from tradeloop.datasets import Dataset
from tradeloop.reports import DARK, LIGHT, as_file, as_png, card_files
from tradeloop.reports import of_dataset as found_in
from tradeloop.reports.palette import ROLES
from tradeloop.reports.pictures.coverage import levels_of
from tradeloop.reports.pictures.label_spread import LabelSpread, label_spread_picture

SVG = "{http://www.w3.org/2000/svg}"
COUNTED = ("Rows", "Instrument", "Feature")  # names and counts: no unit
START_NS = 20_001 * NS_PER_DAY + 10 * NS_PER_HOUR
NAMES = ("balance", "label-spread", "coverage", "missing")


def specimen(rows=400, kind="SIGNAL_GENERATION", step_ns=NS_PER_HOUR):
    draw = np.random.default_rng(0)
    at = START_NS + step_ns * np.arange(rows)
    ids = pl.Series("decision_id", [f"d{k:04d}" for k in range(rows)])
    gain = draw.normal(0, 25, rows)
    words = np.select(
        [gain > 20, gain > 10, gain >= -10, gain >= -20],
        ["EXCELLENT", "GOOD", "NEUTRAL", "POOR"],
        "BAD",
    )
    labels = pl.DataFrame(
        {
            "decision_id": ids,
            "decision_ns": at,
            "end_ns": at + 1,
            "fold": pl.Series([-1] * rows, dtype=pl.Int8),
            "decision_outcome": words,
            "end_ns_1h": at + 1,
            "outperformance_bps_1h": gain,
            "direction_1h": pl.Series(np.sign(gain), dtype=pl.Int8),
            "return_1h": gain / 1e4,
            "return_rank_1h": draw.uniform(0, 1, rows),
            "demeaned_return_1h": gain / 1e4,
            "breach_1h": pl.Series(gain < -40, dtype=pl.Int8),
            "max_loss_1h": -np.abs(gain) / 1e4,
        }
    )
    named = {"decision_id": ids, "known_ns": at}
    features = {
        "sure": draw.normal(size=rows),
        "late": [None] * (rows // 10) + [0.0] * (rows - rows // 10),
        "odd": [float("nan")] + [1.0] * (rows - 1),
    }
    manifest = '{"label_rules":{"outcome":{"bad_bps":-20,"excellent_bps":20}}}'
    return Dataset(
        dataset_type=kind,
        version="v",
        manifest=manifest,
        decision_context=pl.DataFrame(
            {"decision_id": ids, "instrument": ["A", "A", "B", "C"] * (rows // 4)}
        ),
        market_context=pl.DataFrame(named),
        execution_context=pl.DataFrame(named),
        feature_vectors=pl.DataFrame(named | features),
        outcome_labels=labels,
    )


DATASET = specimen()
PICTURES = {p.name: p for p in found_in.dataset_pictures(DATASET)}
every_picture = pytest.mark.parametrize("name", NAMES)


@every_picture
def test_every_axis_says_what_it_shows_and_in_which_unit(name):
    axes = PICTURES[name].draw(LIGHT).axes
    said = [axes[-1].get_xlabel(), *(panel.get_ylabel() for panel in axes)]
    assert all(re.search(r"\(.+\)$", text) or text in COUNTED for text in said)


@every_picture
def test_every_picture_follows_the_reader_and_has_words(name):
    svg = as_file(PICTURES[name])
    root = ET.fromstring(svg)  # noqa: S314
    assert root.find(f"{SVG}title").text == PICTURES[name].title
    assert root.find(f"{SVG}desc").text == PICTURES[name].description
    assert re.search(r"\d", PICTURES[name].title)
    body = svg.split("</style>", 1)[1]
    assert not re.findall(r"#[0-9a-fA-F]{6}\b", body)
    assert set(re.findall(r"var\(--(\w+)\)", body)) <= set(ROLES)
    assert svg == as_file(PICTURES[name])


@every_picture
@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_every_picture_can_be_had_in_light_and_dark(name, palette):
    png = as_png(PICTURES[name], palette, dots_per_inch=40)
    assert png.startswith(b"\x89PNG")


def test_the_balance_counts_every_row_once_and_each_class_by_its_name():
    data = found_in.class_balance(DATASET)
    assert data.classes == ("BAD", "POOR", "NEUTRAL", "GOOD", "EXCELLENT")
    counted = dict(
        DATASET.outcome_labels["decision_outcome"].value_counts().iter_rows()
    )
    assert dict(zip(data.classes, data.counts.sum(axis=0), strict=True)) == counted
    heights = PICTURES["balance"].draw(LIGHT).axes[0].patches
    tops = [p.get_y() + p.get_height() for p in heights[-(data.edges_ns.size - 1) :]]
    assert tops == pytest.approx([100.0] * len(tops))


def test_other_types_show_their_own_classes_and_ranks_are_not_drawn():
    market = found_in.class_balance(specimen(kind="MARKET_PREDICTION"))
    assert market.classes == ("-1", "0", "1")
    risk = found_in.class_balance(specimen(kind="RISK_PREDICTION"))
    assert risk.counts.sum() == 400
    portfolio = specimen(kind="PORTFOLIO_OPTIMIZATION")
    assert found_in.class_balance(portfolio) is None
    assert found_in.label_spread(portfolio).label == "demeaned_return_1h"
    assert [p.name for p in found_in.dataset_pictures(portfolio)] == list(NAMES[1:])


def test_the_spread_counts_every_row_and_knows_the_bounds():
    data = found_in.label_spread(DATASET)
    assert data.counts.sum() == 400
    assert data.bounds == (("bad", -20.0), ("excellent", 20.0))
    values = DATASET.outcome_labels["outperformance_bps_1h"]
    assert data.median == values.median()
    beyond = (values < data.edges[0]) | (values > data.edges[-1])
    assert data.beyond == beyond.sum() > 0
    assert "bps" in PICTURES["label-spread"].title
    returns = found_in.label_spread(specimen(kind="MARKET_PREDICTION"))
    assert returns.unit == "%"
    assert returns.median == pytest.approx(values.median() / 100)


def test_coverage_counts_the_rows_of_each_instrument():
    data = found_in.coverage(DATASET)
    assert data.instruments == ("A", "B", "C")
    assert data.counts.sum(axis=1).tolist() == [200, 100, 100]
    assert data.others == 0


def test_missing_counts_null_and_nan_alike():
    data = found_in.missing_shares(DATASET)
    assert dict(zip(data.features, data.share, strict=True)) == {
        "sure": 0.0,
        "late": 0.1,
        "odd": 1 / 400,
    }
    assert "late most often, in 10.0" in PICTURES["missing"].title


@pytest.mark.parametrize(
    ("step_ns", "unit"),
    [
        (NS_PER_MINUTE // 20, NS_PER_MINUTE),
        (NS_PER_MINUTE, NS_PER_HOUR),
        (NS_PER_HOUR, NS_PER_DAY),
        (6 * NS_PER_HOUR, 7 * NS_PER_DAY),
        (40 * NS_PER_HOUR, 7 * NS_PER_DAY),
    ],
)
def test_periods_are_whole_hours_days_or_weeks_that_hold_all_rows(step_ns, unit):
    dataset = specimen(step_ns=step_ns)
    edges = found_in.class_balance(dataset).edges_ns
    assert edges.size - 1 <= 48
    assert edges[0] <= dataset.decision_ns[0]
    assert edges[-1] > dataset.decision_ns[-1]
    assert (np.diff(edges) % unit == 0).all()
    monday = 4 * NS_PER_DAY
    assert ((edges - monday) % unit == 0).all()


def test_darker_means_more_rows():
    levels, least = levels_of(np.array([[0, 1, 5, 10, 20]]))
    assert levels.tolist() == [[0, 1, 2, 3, 4]]
    assert least.tolist() == [1, 5, 10, 15]


def test_the_smallest_dataset_can_be_drawn():
    one = specimen(rows=4)
    for picture in found_in.dataset_pictures(one):
        ET.fromstring(as_file(picture))  # noqa: S314
    flat = LabelSpread("x", "bps", np.array([0.0, 1.0]), np.array([0]))
    ET.fromstring(as_file(label_spread_picture(flat)))  # noqa: S314


def described(dataset):
    return {
        "dataset_id": "one",
        "dataset_type": dataset.dataset_type,
        "version": "v",
        "creation_timestamp": "2026-01-01",
        "sample_count": 400,
        "feature_count": 3,
        "label_distribution": {},
        "data_period": {"start_date": "a", "end_date": "b"},
        "quality_score": None,
        "data_quality_metrics": {},
        "certificate": {"checks": 0, "failed": 0, "results": []},
        "inputs": {"split": {}},
        "rows_per_fold": {},
        "left_out": {},
        "licences": {},
        "feature_schema": {"feature_definitions": []},
        "label_schema": {"label_definitions": {}},
    }


def test_the_card_names_every_picture_that_lies_beside_it():
    files = card_files(described(DATASET), DATASET)
    drawn = set(files) - {"README.md"}
    assert drawn == {f"pictures/{name}.svg" for name in NAMES}
    shown = re.findall(r"\]\((pictures/[^)]+)\)", files["README.md"])
    assert set(shown) == drawn
    assert yaml.safe_load(files["README.md"].split("---\n")[1])["rows"] == 400


def test_without_matplotlib_there_is_a_card_without_pictures(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    files = card_files(described(DATASET), DATASET)
    assert set(files) == {"README.md"}
    assert "## Pictures" not in files["README.md"]


def test_a_dataset_without_any_known_label_has_the_other_pictures():
    empty = DATASET.outcome_labels.with_columns(
        pl.lit(None, pl.String).alias("decision_outcome"),
        pl.lit(None, pl.Float64).alias("outperformance_bps_1h"),
    )
    lacking = replace(DATASET, outcome_labels=empty)
    names = [p.name for p in found_in.dataset_pictures(lacking)]
    assert names == ["coverage", "missing"]
