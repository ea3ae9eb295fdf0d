"""What a writer of exports is, and what it is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

Tables = Mapping[str, pl.DataFrame]
About = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Writer:
    """A format that a dataset can be written in.

    Parameters
    ----------
    meaning : str
        What it is for, in a line.
    form : {"wide", "matrix"}
        Which tables it takes: every column as it is, or numbers only.
    write : callable
        Writes tables into an empty folder: ``write(folder, tables, about)``.
    missing : str
        How a missing value is written.
    extra : str
        Extra of the distribution that it needs; empty for none.
    """

    meaning: str
    form: Literal["wide", "matrix"]
    write: Callable[[Path, Tables, About], None]
    missing: str
    extra: str = ""


def file_of(folder: Path, split: str, suffix: str) -> Path:
    """Path of a split's file, such as ``fold_0/train.csv``; its folder is made."""
    path = folder / f"{split}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
