"""A small dataset that the tests of the lake write."""

from pathlib import Path

import polars as pl

from tradeloop.events import Principal

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


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
