"""One small model, fitted once."""

import numpy as np
import pytest

from tradeloop.models import (
    Boosting,
    Columns,
    Meta,
    Recipe,
    export_onnx,
    fit_calibrated,
    write_artefact,
)
from tradeloop.models.checks import training_rows


@pytest.fixture(scope="session")
def columns():
    return Columns(tuple("abcdef"), "bank-1")


@pytest.fixture(scope="session")
def rows():
    """Features and direction of 400 rows with one NaN in twenty."""
    return training_rows(21, n_rows=400)


@pytest.fixture(scope="session")
def model(rows, columns):
    """Boosting with its calibration, labels ending before the next decision."""
    decided = np.arange(400, dtype=np.int64) * 10
    recipe = Recipe(Boosting(n_estimators=20, max_depth=4))
    return fit_calibrated(*rows, decided, decided + 5, recipe=recipe, columns=columns)


@pytest.fixture(scope="session")
def export(model, rows):
    return export_onnx(model.fitted, rows[0])


@pytest.fixture(scope="session")
def meta(model, export, columns):
    return Meta(
        name="direction-5d",
        version="v0.1.0",
        columns=columns,
        horizon_ns=5 * 86_400 * 10**9,
        dataset_version="abc",
        seed=42,
        parameters={"n_estimators": 20},
        base_rates=tuple(float(rate) for rate in model.base_rates),
        importance=model.fitted.importance(),
        parity=export.parity,
    )


@pytest.fixture(scope="session")
def files(model, export, meta):
    return write_artefact(model.fitted, model.calibration, export, meta)
