"""A step function per class against the rest, that never falls as p_k rises.

1. Class by class, pool adjacent violators: the weighted least-squares fit of "the class
   came" that does not fall in p_k. It is a row of blocks, each with its hits H and
   weight W.
2. A block's value is (H + m r) / (W + m), with r the base rate of the class and m the
   ridge: never 0 or 1, and near the base rate where a block has few rows. Blocks that
   this puts out of order are pooled again, with the weights W + m.
3. Between blocks the value is interpolated; beyond the first and last it is theirs.
4. The three chances are divided by their sum. If that leaves the rows with a higher
   log loss than the base rates have, the base rates it is.

It takes more rows than the other kinds: about 1,000 and more.

References
----------
Ayer, Brunk, Ewing, Reid and Silverman, Annals of Mathematical Statistics 26, 1955;
Zadrozny and Elkan, Transforming classifier scores into accurate multiclass probability
estimates, KDD 2002.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Floats
from tradeloop.models.calibrations.base import Rows

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Isotonic:
    """Points of a curve per class; between them it is interpolated.

    Parameters
    ----------
    curves : tuple of tuple of (float, float)
        Per class, in the order of `CLASSES`: raw probability and value, neither
        falling; values between 0 and 1, both excluded.

    Raises
    ------
    InputError
        There is not one curve per class, or one falls, is empty or leaves its range.
    """

    curves: tuple[Points, ...]
    _arrays: tuple[tuple[Floats, Floats], ...] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        arrays = tuple(
            (
                np.array([at for at, _ in points], dtype=np.float64),
                np.array([value for _, value in points], dtype=np.float64),
            )
            for points in self.curves
        )
        good = [
            raw.size and _rises(raw) and _rises(value) and value[0] > 0
            and value[-1] < 1
            for raw, value in arrays
        ]  # fmt: skip
        if len(good) != len(CLASSES) or not all(good):
            raise InputError(
                f"A calibration needs {len(CLASSES)} curves that do not fall, with "
                f"values above 0 and below 1, were {self.curves}.",
                way_out="Fit it again.",
            )
        object.__setattr__(self, "_arrays", arrays)

    @classmethod
    def fit(cls, rows: Rows) -> Self:
        """Fit the curve of each class."""
        fitted = cls(tuple(_curve(rows, k) for k in range(len(CLASSES))))
        if rows.loss(fitted.apply(rows.raw)) <= rows.base_loss():
            return fitted
        return cls(tuple(((float(rate), float(rate)),) for rate in rows.rates))

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """Read what `as_mapping` gave."""
        return cls(
            tuple(
                tuple((float(at), float(value)) for at, value in points)
                for points in found["curves"]
            )
        )

    def apply(self, probabilities: Floats) -> Floats:
        """Calibrate; a row with NaN becomes NaN."""
        chances = np.empty(np.shape(probabilities), dtype=np.float64)
        for k, (raw, value) in enumerate(self._arrays):
            chances[:, k] = np.interp(probabilities[:, k], raw, value)
        return np.asarray(chances / chances.sum(axis=1, keepdims=True))

    def as_mapping(self) -> dict[str, Any]:
        """Return the parameters as JSON can hold them."""
        return {"curves": [[list(point) for point in each] for each in self.curves]}


def _rises(values: Floats) -> bool:
    return bool(np.isfinite(values).all() and (np.diff(values) >= 0).all())


def _curve(rows: Rows, k: int) -> Points:
    """Points of class ``k``: both ends of each block."""
    used = rows.weights > 0
    raw, place = np.unique(rows.raw[used, k], return_inverse=True)
    weight = rows.weights[used]
    weights: Floats = np.bincount(place, weight).astype(np.float64)
    came = weight * (rows.classes[used] == k)
    hits: Floats = np.bincount(place, came).astype(np.float64)
    first = pooled(hits, weights)
    starts = np.searchsorted(first, np.unique(first))
    prior = rows.ridge
    hits = np.add.reduceat(hits, starts) + prior * rows.rates[k]
    again = pooled(hits, np.add.reduceat(weights, starts) + prior)
    value = again[np.searchsorted(np.unique(first), first)]
    return _ends(raw, value)


def _ends(raw: Floats, value: Floats) -> Points:
    """First and last point of each run of equal values."""
    turns = np.flatnonzero(np.diff(value)) + 1
    first = np.concatenate([[0], turns])
    last = np.concatenate([turns - 1, [len(value) - 1]])
    kept = np.unique(np.concatenate([first, last]))
    return tuple((float(raw[at]), float(value[at])) for at in kept)


def pooled(hits: Floats, weights: Floats) -> Floats:
    """Weighted least-squares fit of hits / weights that does not fall.

    Parameters
    ----------
    hits, weights : ndarray of shape (n,)
        Sums of each place; weights above 0.

    Returns
    -------
    ndarray of shape (n,)
        Value at each place; places of one block have the very same value, those of two
        blocks another.
    """
    blocks: list[tuple[float, float, int]] = []
    for hit, weight in zip(hits.tolist(), weights.tolist(), strict=True):
        block = (hit, weight, 1)
        # Equal neighbours are pooled too, so that a block is a value.
        while blocks and blocks[-1][0] / blocks[-1][1] >= block[0] / block[1]:
            before = blocks.pop()
            block = (
                before[0] + block[0],
                before[1] + block[1],
                before[2] + block[2],
            )
        blocks.append(block)
    sums = np.array(blocks)
    return np.repeat(sums[:, 0] / sums[:, 1], sums[:, 2].astype(np.int64))
