"""What split and adaptive conformal sets share: scores, their quantile, sets, JSON."""

import json
from math import ceil
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models.base import CLASSES, Floats
from tradeloop.models.matrix import class_numbers

FORMAT = "tradeloop-conformal-1"
Sets: TypeAlias = NDArray[np.bool_]
_ROUNDING = 1e-9


def scores_of(probabilities: ArrayLike, direction: ArrayLike) -> tuple[float, ...]:
    """Sorted ``1 - p`` of the class that came.

    Raises
    ------
    InputError
        Wrong shapes, or a probability that is none.
    """
    chances = _shaped(probabilities)
    classes = class_numbers(direction, len(chances))
    if not ((chances >= 0) & (chances <= 1)).all():
        raise InputError(
            "Probabilities must lie in 0 to 1.",
            way_out="Pass calibrated probabilities of rows with a label.",
            source="probabilities",
        )
    found = 1 - chances[np.arange(len(classes)), classes]
    return tuple(np.sort(found).tolist())


def _shaped(probabilities: ArrayLike) -> Floats:
    chances = np.asarray(probabilities, dtype=np.float64)
    if chances.ndim != len(("rows", "classes")) or chances.shape[1] != len(CLASSES):
        raise InputError(
            f"Probabilities must have the shape (n_rows, {len(CLASSES)}), had "
            f"{chances.shape}.",
            way_out="Pass one column per class.",
            source="probabilities",
        )
    return chances


def quantile_of(scores: tuple[float, ...], level: float) -> float:
    """Return the ceil((n + 1) level)-th smallest score.

    1, which lets every class in, where that is beyond the last; -1, which lets none in,
    where it is before the first.
    """
    # 0.9 x 10 must not round up to 10 because 0.9 is no exact binary number.
    place = ceil((len(scores) + 1) * level - _ROUNDING)
    if place > len(scores):
        return 1.0
    return scores[place - 1] if place >= 1 else -1.0


def sets_of(probabilities: ArrayLike, quantile: float, *, may_be_empty: bool) -> Sets:
    """Classes with ``1 - p`` up to the quantile; with NaN in the row, every class."""
    chances = _shaped(probabilities)
    # Written so that NaN is inside.
    inside = ~(1 - chances > quantile)
    inside[np.isnan(chances).any(axis=1)] = True
    if not may_be_empty:
        bare = np.flatnonzero(~inside.any(axis=1))
        inside[bare, chances[bare].argmax(axis=1)] = True
    return np.asarray(inside)


def check_scores(scores: tuple[float, ...]) -> None:
    """Refuse scores that are not sorted or leave 0 to 1.

    Raises
    ------
    InputError
        They are such.
    """
    values = np.asarray(scores)
    if not ((values >= 0) & (values <= 1)).all() or (np.diff(values) < 0).any():
        raise InputError(
            "Scores must lie in 0 to 1 and be sorted.",
            way_out="Fit the sets again.",
            source="scores",
        )


def written(kind: str, **fields: Any) -> str:
    """Return the JSON of sets of a kind."""
    head = {"format": FORMAT, "classes": list(CLASSES), "kind": kind}
    return json.dumps({**head, **fields}, indent=2, allow_nan=False)


def read(text: str, kind: str) -> dict[str, Any]:
    """Return the fields that `written` wrote.

    Raises
    ------
    ArtefactError
        Not JSON, another format or kind, or other classes.
    """
    try:
        found = json.loads(text)
        head = [found[name] for name in ("format", "classes", "kind")]
    except (ValueError, KeyError, TypeError) as error:
        raise unreadable(error) from error
    if head != [FORMAT, list(CLASSES), kind]:
        raise ArtefactError(
            f"The conformal sets must have the format {FORMAT}, the classes {CLASSES} "
            f"and the kind {kind}, had {head}. Train again."
        )
    return dict(found)


def unreadable(error: Exception) -> ArtefactError:
    """Say that sets cannot be read."""
    return ArtefactError(f"The conformal sets cannot be read: {error}. Train again.")
