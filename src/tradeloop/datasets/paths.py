"""Where the files of a dataset lie in the lake.

``{tenant}/training_datasets/{type}/version={hash}/year=YYYY/month=MM/day=DD/`` holds
one Parquet file per frame for the decisions of that day (UTC); ``metadata.json`` and
the card lie beside the years.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

import polars as pl

from tradeloop.datasets.dataset import Dataset
from tradeloop.errors import InputError

_FOLDER = "training_datasets"


def dataset_folder(tenant: str, dataset_type: str, version: str) -> PurePosixPath:
    """Folder of one version of a dataset, relative to the lake's root.

    Raises
    ------
    InputError
        A part is empty or would leave its folder.
    """
    for name, part in (("tenant", tenant), ("type", dataset_type), ("hash", version)):
        if not part or part.startswith(".") or set(part) & set("/\\="):
            raise InputError(
                f"The {name} of a dataset's folder may not be {part!r}.",
                way_out="Use letters, digits, '_' and '-'.",
            )
    return PurePosixPath(tenant, _FOLDER, dataset_type, f"version={version}")


def day_folders(decision_ns: pl.Series) -> pl.Series:
    """``year=YYYY/month=MM/day=DD`` of each time, ns UTC, as text."""
    times = decision_ns.cast(pl.Datetime("ns", "UTC"))
    return times.dt.strftime("year=%Y/month=%m/day=%d")


def day_files(dataset: Dataset) -> Mapping[str, pl.DataFrame]:
    """Cut the five frames by the day of the decision.

    Parameters
    ----------
    dataset : Dataset
        Rows in the order of their decisions.

    Returns
    -------
    mapping of str to polars.DataFrame
        Path below the dataset's folder to the rows of its file, by day, then frame.
    """
    return day_frames(dataset.frames, dataset.outcome_labels["decision_ns"])


def day_frames(
    frames: Mapping[str, pl.DataFrame], decision_ns: pl.Series
) -> Mapping[str, pl.DataFrame]:
    """Cut frames by the day of the decision.

    Parameters
    ----------
    frames : mapping of str to polars.DataFrame
        Name to frame, each with one row per decision, in the same order.
    decision_ns : polars.Series of shape (n_rows,)
        Times of the decisions, ns UTC, sorted.

    Returns
    -------
    mapping of str to polars.DataFrame
        Path below the dataset's folder to the rows of its file, by day, then frame.
    """
    days = day_folders(decision_ns).rle().struct.unnest()
    ends = days["len"].cum_sum()
    return {
        f"{day}/{name}.parquet": frame.slice(end - length, length)
        for day, length, end in zip(days["value"], days["len"], ends, strict=True)
        for name, frame in frames.items()
    }
