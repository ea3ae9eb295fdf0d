"""A map from raw to calibrated probabilities, of the kind that is asked for.

``shrunk`` (temperature and biases), ``temperature``, ``platt`` and ``isotonic`` stand
in `tradeloop.models.calibrations`, one file each. Every kind falls back towards the
base rates where it has few rows, and on the rows it was fitted on its log loss is never
above that of the base rates.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models.base import CLASSES, Floats, Ints
from tradeloop.models.calibrations.base import RIDGE, Map, Rows, finite
from tradeloop.models.calibrations.isotonic import Isotonic
from tradeloop.models.calibrations.platt import Platt
from tradeloop.models.calibrations.shrunk import Shrunk
from tradeloop.models.calibrations.temperature import Temperature
from tradeloop.models.matrix import checked_weight, class_numbers, class_shares

__all__ = ["KINDS", "RIDGE", "Calibration", "fit_calibration", "read_calibration"]

FORMAT = "tradeloop-calibration-2"
_FORMAT_1 = "tradeloop-calibration-1"
Kind: TypeAlias = type[Shrunk] | type[Platt] | type[Isotonic]

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "shrunk": Shrunk,
        "temperature": Temperature,
        "platt": Platt,
        "isotonic": Isotonic,
    }
)
"""Kinds by name; the first is the default."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted calibration.

    Parameters
    ----------
    kind : str
        Name in `KINDS`.
    map : Map
        Its parameters.
    base_rates : tuple of float
        What it falls back to, in the order of `CLASSES`.
    rows : int
        Rows that it was fitted on.

    Raises
    ------
    InputError
        There is no such kind, or the base rates are not finite and one per class.
    """

    kind: str
    map: Map
    base_rates: tuple[float, ...]
    rows: int

    def __post_init__(self) -> None:
        kind_named(self.kind)
        finite(self.base_rates, "base rates")

    def apply(self, probabilities: Floats) -> Floats:
        """Calibrate.

        Parameters
        ----------
        probabilities : ndarray of shape (n_rows, 3)
            Raw probabilities. A row with NaN stays NaN.

        Returns
        -------
        ndarray of shape (n_rows, 3)
            Each row sums to 1 up to rounding.
        """
        return self.map.apply(probabilities)

    def to_json(self) -> str:
        """Write it as JSON; every float survives to the bit."""
        return json.dumps(
            {
                "format": FORMAT,
                "classes": list(CLASSES),
                "kind": self.kind,
                **self.map.as_mapping(),
                "base_rates": list(self.base_rates),
                "rows": self.rows,
            },
            indent=2,
            allow_nan=False,
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote, of any kind, also in the format without a kind.

        Raises
        ------
        ArtefactError
            Not JSON, another format or other classes, or a field is missing or wrong.
        """
        try:
            found = json.loads(text)
            known = found["format"] in (FORMAT, _FORMAT_1)
            if known and found["classes"] == list(CLASSES):
                kind = "shrunk" if found["format"] == _FORMAT_1 else found["kind"]
                return cls(
                    kind=kind,
                    map=kind_named(kind).of(found),
                    base_rates=tuple(float(value) for value in found["base_rates"]),
                    rows=int(found["rows"]),
                )
        except (ValueError, KeyError, TypeError) as error:
            raise ArtefactError(
                f"The calibration cannot be read: {error}. Train again."
            ) from error
        raise ArtefactError(
            f"The calibration must have the format {FORMAT} and the classes {CLASSES}, "
            f"had {found['format']!r} and {found['classes']}. Train again."
        )


def read_calibration(text: str) -> Calibration:
    """Read what `Calibration.to_json` wrote; errors are those of `from_json`."""
    return Calibration.from_json(text)


def kind_named(kind: str) -> Kind:
    """Return a kind of calibration.

    Raises
    ------
    InputError
        There is none of that name.
    """
    if kind not in KINDS:
        raise InputError(
            f"kind must be one of {', '.join(KINDS)}, was {kind!r}.",
            way_out="Take shrunk, or let choose_calibration choose.",
            source="kind",
        )
    return KINDS[kind]


def fit_calibration(
    probabilities: ArrayLike,
    direction: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    base_rates: ArrayLike | None = None,
    ridge: float = RIDGE,
    kind: str = "shrunk",
) -> Calibration:
    """Fit the map on rows that the model has not seen.

    Parameters
    ----------
    probabilities : array of shape (n_rows, 3)
        Raw probabilities of the model, finite.
    direction : array of int of shape (n_rows,)
        -1, 0 or +1. A class may be absent.
    weight : array of shape (n_rows,), optional
        Weight of each row; scaled to the mean 1.
    base_rates : array of shape (3,), optional
        What a model without skill falls back to, each above 0; the shares of the
        classes in these rows if absent.
    ridge : float
        Precision of the prior at the base rates, above 0; every pseudo-count of a kind
        grows with it. 10 weighs about as much as 45 rows on a bias, so a few hundred
        rows outweigh it.
    kind : str
        Name in `KINDS`.

    Returns
    -------
    Calibration
        Its log loss on these rows is at most that of ``base_rates``.

    Raises
    ------
    InputError
        Wrong shapes, no rows, a probability or a base rate that is not one, a ridge
        that is not above 0, or a kind that is none.
    """
    raw = np.asarray(probabilities, dtype=np.float64)
    shaped = raw.ndim == len(("rows", "classes")) and raw.shape[1:] == (len(CLASSES),)
    if not shaped or not len(raw) or not ((raw >= 0) & (raw <= 1)).all():
        raise InputError(
            f"Calibration needs at least one row of {len(CLASSES)} probabilities "
            f"from 0 to 1, had the shape {raw.shape}.",
            way_out="Pass the model's predict_proba of rows it was not fitted on.",
        )
    if not 0 < ridge < np.inf:
        raise InputError(
            f"ridge must be finite and above 0, was {ridge}.",
            way_out=f"Take {RIDGE:g}.",
            source="ridge",
        )
    classes = class_numbers(direction, len(raw))
    weights = checked_weight(weight, len(raw))
    rates = _checked_rates(base_rates, classes, weights)
    fitted = kind_named(kind).fit(Rows(raw, classes, weights, rates, ridge))
    return Calibration(
        kind=kind,
        map=fitted,
        base_rates=tuple(float(value) for value in rates),
        rows=len(raw),
    )


def _checked_rates(
    base_rates: ArrayLike | None, classes: Ints, weights: Floats
) -> Floats:
    if base_rates is None:
        return class_shares(classes, weights)
    rates = np.asarray(base_rates, dtype=np.float64)
    if rates.shape != (len(CLASSES),) or not (rates > 0).all():
        raise InputError(
            f"Base rates must be {len(CLASSES)} numbers above 0, were {rates}.",
            way_out="Pass the shares of the classes in the training rows.",
        )
    return np.asarray(rates / rates.sum())
