"""Scorers that went through their files: one small model, and a vote of three."""

from dataclasses import dataclass

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
from tradeloop.models.artefact import Artefact, StoredMember
from tradeloop.models.checks import training_rows
from tradeloop.models.deep.lstm import Lstm
from tradeloop.models.forest import Forest
from tradeloop.models.meta import input_ranges
from tradeloop.models.onnx_export import export_members
from tradeloop.models.sequences import Sequences, places_of
from tradeloop.signals import Gate, Policy, Scorer

HORIZON_NS = 5 * 86_400 * 10**9
STEPS = 5


@dataclass(frozen=True)
class Clock:
    """A clock that goes on by what the members say that they take."""

    at: list

    def __call__(self):
        return self.at[0]


def meta_of(model, columns, exports, **more):
    return Meta(
        **{
            "name": "direction-5d",
            "version": "v0.1.0",
            "columns": columns,
            "horizon_ns": HORIZON_NS,
            "dataset_version": "abc",
            "seed": 42,
            "parameters": {},
            "base_rates": tuple(float(rate) for rate in model.base_rates),
            "importance": model.fitted.importance(),
            "parity": max(export.parity for export in exports),
        }
        | more
    )


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
    meta = meta_of(model, columns, [export])
    files = write_artefact(model.fitted, model.calibration, export, meta)
    return Scorer.of(read_artefact(files))


@pytest.fixture(scope="session")
def gate(scorer):
    return Gate(scorer, Policy())


@pytest.fixture(scope="session")
def history():
    """Rows of two symbols in time, with the places of their sequences."""
    values = training_rows(63, n_rows=300)[0]
    symbol = np.where(np.arange(300) % 3 == 0, "A", "B")
    time_ns = np.arange(300, dtype=np.int64) * 10**9
    return symbol, time_ns, values


@pytest.fixture(scope="session")
def sequences(history):
    symbol, time_ns, values = history
    return Sequences(values, places_of(symbol, time_ns, STEPS))


@pytest.fixture(scope="session")
def vote_model(columns):
    features, direction = training_rows(64, n_rows=400)
    decided = np.arange(400, dtype=np.int64) * 10
    members = (
        (Boosting(n_estimators=20, max_depth=4), 0.4),
        (Forest(n_estimators=10, max_depth=4), 0.3),
        (Lstm(sequence=STEPS, hidden=4, epochs=2), 0.3),
    )
    return fit_calibrated(
        features,
        direction,
        decided,
        decided + 5,
        recipe=Recipe(members=members, conformal_level=0.8),
        columns=columns,
        groups=np.zeros(400),
    )


@pytest.fixture(scope="session")
def vote_artefact(vote_model, columns, sequences):
    exports = export_members(vote_model.fitted, sequences)
    features = training_rows(64, n_rows=400)[0]
    meta = meta_of(
        vote_model, columns, exports, input_ranges=input_ranges(features, columns)
    )
    members = zip(vote_model.fitted.members, exports, strict=True)
    return Artefact(
        meta=meta,
        calibration=vote_model.calibration,
        members=tuple(
            StoredMember(
                m.name, m.fitted.name, m.weight, m.fitted.steps, b"", e.content
            )
            for m, e in members
        ),
        conformal=vote_model.conformal,
    )


@pytest.fixture(scope="session")
def vote(vote_artefact):
    """The scorer of three members, one of which looks at five rows."""
    return Scorer.of(vote_artefact)


@pytest.fixture(scope="session")
def names(columns):
    return columns.names
