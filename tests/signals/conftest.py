"""A scorer over one small model that went through its files."""

import numpy as np
import pytest

from tradeloop.models import (
    Boosting,
    Columns,
    Meta,
    Recipe,
    export_onnx,
    fit_calibrated,
    read_artefact,
    write_artefact,
)
from tradeloop.models.checks import training_rows
from tradeloop.signals import Gate, Policy, Scorer

HORIZON_NS = 5 * 86_400 * 10**9


@pytest.fixture(scope="session")
def rows():
    """Feature rows that the model has not seen."""
    return training_rows(62, n_rows=200)[0]


@pytest.fixture(scope="session")
def columns():
    return Columns(tuple("abcdef"), "bank-1")


@pytest.fixture(scope="session")
def model(columns):
    decided = np.arange(400, dtype=np.int64) * 10
    recipe = Recipe(Boosting(n_estimators=20, max_depth=4))
    data = training_rows(61, n_rows=400)
    return fit_calibrated(*data, decided, decided + 5, recipe=recipe, columns=columns)


@pytest.fixture(scope="session")
def scorer(model, columns, rows):
    export = export_onnx(model.fitted, rows)
    meta = Meta(
        name="direction-5d",
        version="v0.1.0",
        columns=columns,
        horizon_ns=HORIZON_NS,
        dataset_version="abc",
        seed=42,
        parameters={},
        base_rates=tuple(float(rate) for rate in model.base_rates),
        importance=model.fitted.importance(),
        parity=export.parity,
    )
    files = write_artefact(model.fitted, model.calibration, export, meta)
    return Scorer.of(read_artefact(files))


@pytest.fixture(scope="session")
def gate(scorer):
    return Gate(scorer, Policy())
