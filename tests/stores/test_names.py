"""No name and no link leads out of a root."""

from pathlib import Path

import polars as pl
import pytest

from tradeloop.errors import InputError
from tradeloop.events import Principal
from tradeloop.stores.lake import Lake

ANN, BOB = Principal("acme", "ann"), Principal("other", "bob")
ROOT = "training_datasets/SIGNAL_GENERATION/version=1f3a"
DAY = "year=2018/month=12/day={:02d}"
TEXTS = {"metadata.json": '{"rows":6}\n'}


def frame(day: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "decision_id": [f"b-SPX-{day}", f"b-NDX-{day}"],
            "event_ns": [day, day + 1],
            "return_5d": [0.1 * day, None],
            "decision_outcome": [None, "GOOD"],
            "side": pl.Series([1, -1], dtype=pl.Int8),
        }
    )


FILES = {
    f"{DAY.format(day)}/{name}.parquet": frame(day).with_columns(day=pl.lit(day + k))
    for day in (3, 1, 2)
    for k, name in enumerate(("outcome_labels", "feature_vectors"))
}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


BAD_NAMES = [
    "../x.parquet",
    "a/../../x.parquet",
    "/etc/x.parquet",
    "a//x.parquet",
    ".hidden/x.parquet",
    "a\\..\\x.parquet",
    "a\0.parquet",
    "%2e%2e/x.parquet",
    "con.parquet",
    "a/",
    "",
    "x" * 300 + ".parquet",
    "\u2024\u2024/x.parquet",
    "-rf/x.parquet",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_leaves_the_root_is_refused_everywhere(lake: Lake, name: str):
    calls = [
        lambda: lake.write_dataset(ANN, name, FILES, {}),
        lambda: lake.write_dataset(ANN, ROOT, {name: frame(1)}, {}),
        lambda: lake.write_dataset(ANN, ROOT, FILES, {name: "x"}),
        lambda: lake.write_events(ANN, name, frame(1)),
        lambda: lake.manifest(ANN, name),
        lambda: lake.read_events(ANN, "bar", name),
    ]
    for call in calls:
        with pytest.raises(InputError):
            call()
    assert not lake.root.exists()


def test_a_link_that_leads_out_of_the_lake_is_refused(lake: Lake, tmp_path: Path):
    (lake.root / "acme").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (lake.root / "acme" / "training_datasets").symlink_to(tmp_path / "outside")
    with pytest.raises(InputError, match="leads out"):
        lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    assert list((tmp_path / "outside").iterdir()) == []
