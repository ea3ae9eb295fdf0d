"""Versions side by side: figures with their intervals, and pair by pair."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tradeloop.errors import InputError
from tradeloop.pipelines.kept_forecasts import KEY as _KEY
from tradeloop.pipelines.kept_forecasts import NO_FIGURES, kept_rows
from tradeloop.pipelines.models_list import version_named
from tradeloop.pipelines.workspace import Workspace
from tradeloop.statistics import Interval, block_bootstrap
from tradeloop.stores import StoredModel

_ENDS = ("_low", "_high")
_LEAST = 2
_BLOCK_SHARE = 50
"""A block of the bootstrap is this part of the shared rows, at least one row: an
evaluation that knows its blocks says so as ``block_rows``."""

Figure = tuple[float, float | None, float | None]
"""Value, low and high."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far a figure of a version lies from that of the first, on the same decisions.

    Parameters
    ----------
    figure : str
        Column of the rows, such as ``log_loss``.
    version : str
        Model and version that the first is taken from: ``value = version - first``.
    rows : int
        Decisions that both were judged on.
    interval : Interval
        Mean difference, with the interval of the block bootstrap.
    """

    figure: str
    version: str
    rows: int
    interval: Interval


@dataclass(frozen=True, slots=True)
class ComparedModels:
    """Versions side by side.

    Parameters
    ----------
    versions : tuple of str
        Model and version, in the order asked for.
    figures : dict of str to tuple of Figure or None
        Each figure for each version; None where it was not measured.
    differences : tuple of Difference
        Against the first version.
    left_out : dict of str to str
        Versions without paired differences, and why.
    """

    versions: tuple[str, ...]
    figures: dict[str, tuple[Figure | None, ...]]
    differences: tuple[Difference, ...]
    left_out: dict[str, str]


def compare_models(
    workspace: Workspace, asked: Sequence[tuple[str, str]], *, seed: int = 42
) -> ComparedModels:
    """Compare versions by what was measured when they were trained.

    Figures of different evaluations differ by their rows, too; differences on the
    decisions that two evaluations share do not.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    asked : sequence of (str, str)
        Model and version or alias, at least 2.
    seed : int
        Of the bootstrap.

    Raises
    ------
    InputError
        Fewer than two.
    NotFoundError
        There is no such version.
    """
    models = [version_named(workspace, name, which) for name, which in asked]
    if len(models) < _LEAST:
        raise InputError(
            f"A comparison needs two versions, was given {len(models)}.",
            way_out="Name two, such as boost@v1.0.0 boost@champion.",
        )
    names = tuple(_name(model) for model in models)
    known = {key for model in models for key in model.record.metrics}
    bare = sorted(key for key in known if not key.endswith(_ENDS))
    differences, left_out = _differences(workspace, models, seed)
    return ComparedModels(
        versions=names,
        figures={key: tuple(_figure(model, key) for model in models) for key in bare},
        differences=tuple(differences),
        left_out=left_out,
    )


def _name(model: StoredModel) -> str:
    return f"{model.record.name} {model.record.version}"


def _figure(model: StoredModel, key: str) -> Figure | None:
    metrics = model.record.metrics
    if key not in metrics:
        return None
    low, high = (metrics.get(f"{key}{end}") for end in _ENDS)
    return metrics[key], low, high


def _differences(
    workspace: Workspace, models: Sequence[StoredModel], seed: int
) -> tuple[list[Difference], dict[str, str]]:
    found: list[Difference] = []
    left_out: dict[str, str] = {}
    first, first_block = _rows(workspace, models[0])
    for model in models[1:]:
        name = _name(model)
        rows, block = _rows(workspace, model)
        if first is None or rows is None:
            left_out[name] = "one of the two was kept without its rows"
            continue
        both = first.join(
            rows, on=_KEY, how="inner", suffix="_2", maintain_order="left"
        )
        if both.height < _LEAST:
            left_out[name] = f"the two were judged on {both.height} shared decisions"
            continue
        widest = max(first_block, block, both.height // _BLOCK_SHARE, 1)
        for figure in first.columns:
            if figure not in NO_FIGURES and figure in rows.columns:
                gap = (both[f"{figure}_2"] - both[figure]).to_numpy()
                interval = _interval(gap, min(widest, both.height), seed)
                found.append(Difference(figure, name, both.height, interval))
    return found, left_out


def _interval(gap: np.ndarray, block_rows: int, seed: int) -> Interval:
    if not np.ptp(gap):  # equal to the last bit: nothing to draw from
        return Interval(float(gap[0]), float(gap[0]), float(gap[0]), 0.95)
    return block_bootstrap(
        lambda rows: float(rows.mean()), gap, block_rows=block_rows, seed=seed
    )


def _rows(workspace: Workspace, model: StoredModel) -> tuple[pl.DataFrame | None, int]:
    """Rows of the newest evaluation that has some, and the block that it names."""
    found = kept_rows(workspace, model)
    if found is None:
        return None, 1
    rows, judged = found
    return rows, int(judged.numbers.get("block_rows", 1))
