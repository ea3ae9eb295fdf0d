"""A full retrain: one fit each of XGBoost, forest and LSTM, and what was bounded.

No search. The three vote, are calibrated and get conformal sets, as `tradeloop models
train --model ensemble` fits the last fold. ``make retrain ROWS=500000 COLUMNS=250``
measures the size that was asked for.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import typer

from tradeloop.apps.bench.machine import machine
from tradeloop.apps.bench.rows import Area, Row
from tradeloop.apps.bench.show import show
from tradeloop.clock import NS_PER_MINUTE, monotonic_s
from tradeloop.models import ALL, CalibratedModel, Recipe
from tradeloop.models.calibrated import fit_rows
from tradeloop.models.config_rules import EnsembleRule
from tradeloop.models.configs import ModelConfigs
from tradeloop.models.labelled import labelled, with_sequences
from tradeloop.models.members import Watched
from tradeloop.models.pace import Pace, Step

_ROWS, _COLUMNS = 20_000, 50
_ASKED = (500_000, 250)
_ASKED_MINUTES = 30.0
_MANY = 20_001  # rows from which an estimator bounds its effort
_INSTRUMENTS, _SPAN, _KNOWN = 10, 30, 5
_MINUTE_S = 60.0


def market(rows: int, columns: int, seed: int = 3) -> tuple[Any, Any, Any, Any]:
    """Rows of several instruments of which a few columns say a little.

    Returns
    -------
    features : ndarray of float32 of shape (n_rows, n_columns)
    direction : ndarray of int64 of shape (n_rows,)
    decision_ns : ndarray of int64 of shape (n_rows,)
    groups : ndarray of int64 of shape (n_rows,)
    """
    draw = np.random.default_rng(seed)
    features = draw.standard_normal((rows, columns), dtype=np.float32)
    told = features[:, :_KNOWN].sum(axis=1) / 2 + draw.standard_normal(rows)
    direction = np.where(told > 0.8, 1, np.where(told < -0.8, -1, 0))  # noqa: PLR2004
    decided = np.arange(rows, dtype=np.int64) * NS_PER_MINUTE
    return features, direction, decided, np.arange(rows) % _INSTRUMENTS


def recipe_for(rows: int, threads: int) -> tuple[Recipe, str]:
    """Return the usual ensemble, bounded as for many rows, and what was bounded."""
    usual = ModelConfigs.of(ALL)
    bounded, told = dict(usual.estimators), []
    for name in EnsembleRule().members:
        model: Any = usual.estimators[name]
        before = model.get_params()
        if "n_jobs" in before:
            model = replace(model, n_jobs=threads)
        if hasattr(model, "bounded"):
            model = model.bounded(max(rows, _MANY))
        bounded[name] = model
        after = model.get_params()
        told += [
            f"{name} {key} {before[key]} -> {value}"
            for key, value in after.items()
            if value != before[key] and key != "n_jobs"
        ]
        if "max_samples" in after and after["max_samples"] < rows:
            told.append(f"{name} draws {after['max_samples']:,} rows a tree")
    configs = replace(usual, estimators=bounded)
    return configs.recipe("ensemble"), "; ".join(told) or "nothing"


def measured(rows: int, columns: int, threads: int) -> Iterator[Row]:
    """Fit once each, and yield one row per estimator and one for all."""
    features, direction, decided, groups = market(rows, columns)
    recipe, bounded = recipe_for(rows, threads)
    steps: list[Step] = []
    pace = Pace(steps.append, monotonic_s)
    began_s = monotonic_s()
    model = _fitted(features, direction, decided, groups, recipe, pace)
    took_s = monotonic_s() - began_s
    size = f"{rows:,} rows x {columns} columns, {threads} threads"
    note = f"Bounded: {bounded}. Simulated rows."
    for step in steps:
        yield Row(
            what=f"one fit of {step.part}, {size}",
            unit="min",
            ours=step.seconds / _MINUTE_S,
            peer_name="none: the same libraries would be called",
            note=note,
        )
    yield Row(
        what=f"full retrain, vote and calibration included, {size}",
        unit="min",
        ours=took_s / _MINUTE_S,
        peer_name="none: the same libraries would be called",
        target=_ASKED_MINUTES,
        target_is="ours",
        judged=(rows, columns) == _ASKED,
        note=f"{len(model.model_rows):,} rows to learn from, {len(model.held_rows):,} "
        f"to stop early, {len(model.calibration_rows):,} to calibrate. {note}",
    )


def _fitted(
    features: Any, direction: Any, decided: Any, groups: Any, recipe: Recipe, pace: Pace
) -> CalibratedModel:
    ended = decided + _SPAN * NS_PER_MINUTE
    rows = labelled(features, direction, decided, ended, None, None)
    rows = with_sequences(rows, groups, recipe.steps)
    everything = np.arange(len(rows))
    return fit_rows(rows, everything, recipe, "all rows", watched=Watched(0, pace))


def _rows() -> Iterator[Row]:
    yield from measured(_ROWS, _COLUMNS, threads=2)


AREA = Area("retrain", _rows)


def main(
    rows: int = _ASKED[0],
    columns: int = _ASKED[1],
    threads: int = 2,
    *,
    as_json: bool = False,
) -> None:
    """Measure a full retrain of this size."""
    found = [row.as_mapping() for row in measured(rows, columns, threads)]
    answer = {"area": AREA.name, "machine": machine(), "rows": found}
    if as_json:
        typer.echo(json.dumps(answer, allow_nan=False))
    else:
        show(answer)
