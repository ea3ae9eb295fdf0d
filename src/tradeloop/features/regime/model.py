"""A hidden Markov model of regimes: its parameters, as they are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log, tau
from typing import Any

import numpy as np

from tradeloop.errors import InputError
from tradeloop.events import MarketRegime

REGIMES = tuple(each.value for each in MarketRegime)
MEASURES = ("drift", "volatility", "drawdown", "trend")
Rows = tuple[tuple[float, ...], ...]

_SURE = 1e-9  # how far from 1 a sum of probabilities may be


@dataclass(frozen=True, slots=True)
class RegimeModel:
    """Chances of each regime and of what is seen in it.

    Parameters
    ----------
    start : tuple of float
        Chance of each of `REGIMES` before the first row.
    transition : tuple of tuple of float
        Chance of the regime of the next row (columns) in each regime (rows), all above
        0: none is ever ruled out for good.
    mean, std : tuple of tuple of float
        Of each of `MEASURES` (columns) in each regime (rows); within a regime they are
        normal and independent.

    Raises
    ------
    InputError
        A shape, a sum or a sign is wrong.
    """

    start: tuple[float, ...]
    transition: Rows
    mean: Rows
    std: Rows

    def __post_init__(self) -> None:
        size, width = len(REGIMES), len(MEASURES)
        wanted = {"transition": size, "mean": width, "std": width}
        for name, columns in wanted.items():
            rows: Rows = getattr(self, name)
            if len(rows) != size or any(len(row) != columns for row in rows):
                _refuse(name, f"must be {size} rows of {columns}")
            if not all(isfinite(value) for row in rows for value in row):
                _refuse(name, "must be finite")
        chances = [("transition", row) for row in self.transition]
        for name, row in [("start", self.start), *chances]:
            if len(row) != size or min(row) <= 0 or abs(sum(row) - 1) > _SURE:
                _refuse(name, "must be chances above 0 that sum to 1")
        if min(map(min, self.std)) <= 0:
            _refuse("std", "must be above 0")

    def as_mapping(self) -> dict[str, Any]:
        """Parameters as JSON has them."""
        rows = {name: getattr(self, name) for name in ("transition", "mean", "std")}
        lists = {name: [list(row) for row in value] for name, value in rows.items()}
        return {"start": list(self.start), **lists}

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> "RegimeModel":
        """Make the model that `as_mapping` was of."""
        rows = {name: _rows(given[name]) for name in ("transition", "mean", "std")}
        return cls(tuple(map(float, given["start"])), **rows)

    def params(self) -> tuple[float, ...]:
        """Constants of the filter's step."""
        inverse = 1 / np.array(self.std)
        height = np.log(inverse).sum(1) - 0.5 * len(MEASURES) * log(tau)
        parts = (self.start, self.transition, self.mean, inverse, height)
        return tuple(float(x) for part in parts for x in np.array(part).ravel())


def _refuse(name: str, rule: str) -> None:
    raise InputError(
        f"RegimeModel.{name} {rule}.",
        way_out="Fit it with tradeloop.features.regime.fit_regime.",
        source=name,
    )


def _rows(values: Sequence[Sequence[float]]) -> Rows:
    return tuple(tuple(float(x) for x in row) for row in values)


_USUAL = {
    "TRENDING_UP": ((1.1, -0.1, -0.2, 0.6), (0.6, 0.25, 0.25, 0.4)),
    "TRENDING_DOWN": ((-0.9, 0.1, -1.0, -0.6), (0.6, 0.25, 0.45, 0.4)),
    "SIDEWAYS": ((0.0, -0.05, -0.5, 0.0), (0.5, 0.2, 0.35, 0.25)),
    "HIGH_VOLATILITY": ((0.0, 0.55, -0.7, 0.0), (1.2, 0.25, 0.6, 0.5)),
    "LOW_VOLATILITY": ((0.2, -0.6, -0.2, 0.1), (0.4, 0.2, 0.2, 0.4)),
    "CRISIS": ((-1.8, 0.85, -2.2, -0.8), (1.2, 0.35, 0.9, 0.5)),
}
_USUAL_STAY = 0.97


def usual_model() -> RegimeModel:
    """Model set by hand from what the names mean; nothing is fitted."""
    size = len(REGIMES)
    leave = (1 - _USUAL_STAY) / (size - 1)
    return RegimeModel(
        start=(1 / size,) * size,
        transition=tuple(
            tuple(_USUAL_STAY if i == j else leave for j in range(size))
            for i in range(size)
        ),
        mean=tuple(_USUAL[name][0] for name in REGIMES),
        std=tuple(_USUAL[name][1] for name in REGIMES),
    )
