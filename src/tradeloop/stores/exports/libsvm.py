"""LIBSVM text: ``label index:value ...``, indices from 1.

Every value that is known is written, zeros too; one that is missing is left out.
XGBoost and LightGBM read what is left out as missing; scikit-learn reads it as 0.
Rows without a label are left out and counted in ``mapping.json``, which also tells the
feature of each index and the class of each label.
"""

import json
from pathlib import Path

import polars as pl

from tradeloop.stores.exports.base import About, Tables, Writer, file_of

MAPPING = "mapping.json"
_MISSING_CLASS = -1


def _known(frame: pl.DataFrame, about: About) -> pl.DataFrame:
    name = about["target"]
    if about["targets"][name] == "class":
        return frame.filter(pl.col(name) != _MISSING_CLASS)
    return frame.filter(pl.col(name).is_not_nan() & pl.col(name).is_not_null())


def _lines(frame: pl.DataFrame, about: About) -> pl.Series:
    """Write one line per row; floats in the shortest text with the same bits."""
    cells = [
        pl.when(pl.col(name).is_not_nan()).then(
            pl.concat_str(pl.lit(f"{place}:"), pl.col(name).cast(pl.String))
        )
        for place, name in enumerate(about["features"], 1)
    ]
    label = pl.col(about["target"]).cast(pl.String)
    line = pl.concat_str(label, *cells, separator=" ", ignore_nulls=True)
    return frame.select(line.alias("line")).to_series()


def _write(folder: Path, tables: Tables, about: About) -> None:
    left_out = {}
    for split, frame in tables.items():
        kept = _known(frame, about)
        left_out[split] = frame.height - kept.height
        text = "".join(f"{line}\n" for line in _lines(kept, about))
        file_of(folder, split, ".libsvm").write_text(text, encoding="ascii")
    target = about["target"]
    said = {
        "target": target,
        "classes": dict(enumerate(about["classes"].get(target, []))),
        "features": dict(enumerate(about["features"], 1)),
        "rows_without_label": left_out,
    }
    path = folder / MAPPING
    path.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


LIBSVM = Writer(
    "text for XGBoost, LightGBM and LIBSVM: the usual target only",
    "matrix",
    _write,
    "left out; rows without a label too",
)
