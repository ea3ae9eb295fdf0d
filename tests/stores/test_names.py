"""No name and no link leads out of a root."""

from pathlib import Path

import pytest

from stores.planted import ANN, FILES, ROOT, TEXTS, frame
from tradeloop.errors import InputError
from tradeloop.stores.lake import Lake

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
