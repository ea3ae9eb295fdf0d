"""Estimators small enough for tests: one of rows, one that looks back."""

import json
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

from tradeloop.models import CLASSES, Columns
from tradeloop.models.matrix import as_sequences, class_numbers


@dataclass(frozen=True)
class FittedEcho:
    """Says the class shares, tilted by the mean of column 0 over the steps."""

    name: ClassVar[str] = "echo"

    shares: tuple
    tilt: float
    columns: Columns
    steps: int
    heard: tuple = ()

    def predict_proba(self, features, columns=None):
        self.columns.refuse_other(columns or self.columns)
        given = as_sequences(features, self.columns, steps=self.steps)
        seen = np.nan_to_num(np.nanmean(given.gather()[:, :, :1], axis=(1, 2)))
        logits = np.log(self.shares) + self.tilt * seen[:, None] * np.array(CLASSES)
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)

    def to_bytes(self):
        said = [self.shares, self.tilt, self.steps, self.heard]
        return json.dumps(said).encode()

    def importance(self):
        return dict.fromkeys(self.columns.names, 0.0)


@dataclass(frozen=True)
class Echo:
    """Looks at several rows, and hears of several horizons."""

    name: ClassVar[str] = "echo"
    many_horizons: ClassVar[bool] = True

    steps: int = 3
    random_state: int = 0

    def get_params(self):
        return asdict(self)

    def fit(
        self, features, direction, weight=None, *, columns=None, held=None, start=None
    ):
        directions = np.asarray(direction)
        first = directions if directions.ndim == 1 else directions[:, 0]
        given = as_sequences(features, columns, steps=self.steps).gather()
        classes = class_numbers(first, len(given))
        counts = np.bincount(classes, weights=weight, minlength=3)
        seen = np.nan_to_num(given[:, :, 0]).mean(axis=1)
        tilt = float(np.clip(np.mean(seen * first), -2, 2))
        before = 0.0 if start is None else start.tilt
        return FittedEcho(
            shares=tuple((counts / counts.sum()).tolist()),
            tilt=tilt + before,
            columns=columns or Columns.unnamed(given.shape[2]),
            steps=self.steps,
            heard=(
                *directions.shape,
                0 if held is None else len(held.direction),
                float(np.nansum(given)),
            ),
        )

    @classmethod
    def load(cls, content, columns):
        shares, tilt, steps, heard = json.loads(content)
        return FittedEcho(tuple(shares), tilt, columns, steps, tuple(heard))
