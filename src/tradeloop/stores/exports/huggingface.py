"""The layout of a Hugging Face dataset: Parquet under data/ and a README with a head.

``data/train-00000-of-00001.parquet`` and so on; the head of README.md lists configs,
splits, features and sizes, so that ``load_dataset(FOLDER)`` needs no code. Nothing is
sent anywhere.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from tradeloop.errors import InputError
from tradeloop.stores.exports.base import About, Tables, Writer, file_of
from tradeloop.stores.exports.tabular import arrow_table
from tradeloop.stores.parquet import encode

README = "README.md"
_ROWS_PER_FILE = 1_000_000
_TYPES = {
    pl.String: "string",
    pl.Boolean: "bool",
    pl.Float32: "float32",
    pl.Float64: "float64",
    pl.Date: "date32",
}


def _dtype(name: str, dtype: pl.DataType) -> str:
    if dtype.is_integer():
        return str(dtype).lower()
    if isinstance(dtype, pl.Datetime):
        zone = f", tz={dtype.time_zone}" if dtype.time_zone else ""
        return f"timestamp[{dtype.time_unit}{zone}]"
    for known, written in _TYPES.items():
        if dtype == known:
            return written
    raise InputError(
        f"A column of type {dtype} has no name in a dataset card.",
        way_out="Cast it to a number, text or a time.",
        column=name,
    )


def _shards(frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    count = max(1, -(-frame.height // _ROWS_PER_FILE))
    for number in range(count):
        part = frame.slice(number * _ROWS_PER_FILE, _ROWS_PER_FILE)
        yield f"-{number:05d}-of-{count:05d}", part


def _configs(tables: Tables) -> dict[str, dict[str, pl.DataFrame]]:
    """Config to split to rows: ``fold_0/train`` is the split train of fold_0."""
    found: dict[str, dict[str, pl.DataFrame]] = {}
    for name, frame in tables.items():
        config, _, split = name.rpartition("/")
        found.setdefault(config or "default", {})[split] = frame
    return found


def _folder(config: str) -> str:
    return "data" if config == "default" else f"data/{config}"


def _info(config: str, splits: dict[str, pl.DataFrame]) -> dict[str, Any]:
    schema = next(iter(splits.values())).schema
    sizes = {name: arrow_table(frame).nbytes for name, frame in splits.items()}
    return {
        "config_name": config,
        "features": [{"name": n, "dtype": _dtype(n, d)} for n, d in schema.items()],
        "splits": [
            {"name": name, "num_bytes": sizes[name], "num_examples": frame.height}
            for name, frame in splits.items()
        ],
        "dataset_size": sum(sizes.values()),
    }


def _readme(configs: dict[str, dict[str, pl.DataFrame]], about: About) -> str:
    """Put configs and features into the head of the card, or make a short one."""
    card = str(about.get("card", ""))
    head: dict[str, Any] = {}
    body = f"\n# {about.get('dataset_type', 'dataset')} {about.get('version', '')}\n"
    if card.startswith("---\n"):
        _, text, body = card.split("---\n", 2)
        head = yaml.safe_load(text)
    elif card:
        body = card
    head["configs"] = [
        {
            "config_name": config,
            "data_files": [
                {"split": split, "path": f"{_folder(config)}/{split}-*.parquet"}
                for split in splits
            ],
        }
        for config, splits in configs.items()
    ]
    head["dataset_info"] = [_info(config, each) for config, each in configs.items()]
    written: str = yaml.safe_dump(head, sort_keys=False, allow_unicode=True)
    return f"---\n{written}---\n{body}"


def _write(folder: Path, tables: Tables, about: About) -> None:
    configs = _configs(tables)
    for config, splits in configs.items():
        for split, frame in splits.items():
            for number, part in _shards(frame):
                name = f"{_folder(config)}/{split}{number}"
                file_of(folder, name, ".parquet").write_bytes(encode(part))
    (folder / README).write_text(_readme(configs, about), encoding="utf-8")


HUGGING_FACE = Writer(
    "Hugging Face layout: data/*.parquet and a README with splits and features",
    "wide",
    _write,
    "null; NaN stays NaN",
)
