"""Normalisation: statistics fitted on training rows, kept, and applied to any row.

========== ====================================================== ===================
method     value                                                  statistics
========== ====================================================== ===================
none       x                                                      none
z_score    (x - mean) / standard deviation (n - 1)                centre, scale
robust     (x - median) / (upper - lower quartile)                centre, scale
min_max    (x - least) / (greatest - least), not clipped          centre, scale
rank_gauss normal score of the rank of x in the training rows     65 quantile knots
========== ====================================================== ===================

1. A missing or infinite value is no value: it does not count in the statistics and
   comes out missing. A column without a value in the training rows has no statistics
   and comes out missing whatever comes later.
2. A column that does not vary is centred only (scale 1), so it is 0 in the training
   rows. Where the quartiles meet though the column varies, ``robust`` divides by the
   standard deviation.
3. ``rank_gauss`` keeps quantiles at normal scores (see `rank_gauss`) and draws lines
   between them. Tied knots share the mean of their scores; what lies outside takes the
   end's score.
4. Every value goes through the same element-wise operations, so that one row (live)
   and a whole history give the same bits.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from math import inf
from typing import Any, Literal, Self, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.features.rank_gauss import KNOTS, Line, knots_of, line, on_line
from tradeloop.fold import Float

Method = Literal["none", "z_score", "robust", "min_max", "rank_gauss"]
METHODS: tuple[Method, ...] = get_args(Method)
_PAIR = ("centre", "scale")


@dataclass(frozen=True)
class Normalisation:
    """What was fitted; the same for the same training rows, whatever else there is.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    names : tuple of str
        Columns, in the order of a matrix.
    rows : int
        Training rows.
    counts : tuple of int
        Of them, those in which each column has a value.
    parameters : tuple of tuple of float
        For each column (centre, scale) or the `KNOTS` knots; empty where there is none.
    """

    method: Method
    names: tuple[str, ...]
    rows: int
    counts: tuple[int, ...]
    parameters: tuple[tuple[float, ...], ...]

    @property
    def statistics(self) -> dict[str, dict[str, float]]:
        """Statistics by column, every one a number; columns without any are absent.

        ``centre`` and ``scale``; for ``rank_gauss`` ``count`` and ``knot_00`` to
        ``knot_64``, from which with the count all can be computed again.
        """
        found = {}
        for name, count, given in zip(
            self.names, self.counts, self.parameters, strict=True
        ):
            if not given:
                continue
            keys = _PAIR if len(given) == len(_PAIR) else _KNOT_NAMES
            more = {"count": float(count)} if keys is _KNOT_NAMES else {}
            found[name] = {**more, **dict(zip(keys, given, strict=True))}
        return found

    def as_mapping(self) -> dict[str, Any]:
        """Give everything as JSON; `from_mapping` makes the same of it, to the bit."""
        return {
            "method": self.method,
            "names": list(self.names),
            "rows": self.rows,
            "counts": list(self.counts),
            "parameters": [list(given) for given in self.parameters],
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def from_mapping(cls, told: Mapping[str, Any]) -> Self:
        """Make the normalisation that `as_mapping` wrote.

        Raises
        ------
        InputError
            It does not match its fingerprint, or the method is unknown.
        """
        made = cls(
            _known(told["method"]),
            tuple(told["names"]),
            int(told["rows"]),
            tuple(int(count) for count in told["counts"]),
            tuple(tuple(float(v) for v in given) for given in told["parameters"]),
        )
        if made.fingerprint != told["fingerprint"]:
            raise InputError(
                "The statistics do not match their fingerprint "
                f"{str(told['fingerprint'])[:12]}, but {made.fingerprint[:12]}.",
                way_out="Fit the normalisation again on the training rows.",
                source="Normalisation",
            )
        return made

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of method, columns, counts and the bits of the statistics."""
        bits = [[value.hex() for value in given] for given in self.parameters]
        told = [self.method, self.names, self.rows, self.counts, bits]
        return sha256(json.dumps(told).encode()).hexdigest()

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Normalise columns of a frame, null where missing; others stay as they are.

        Raises
        ------
        InputError
            A column is absent.
        """
        return self._mapped(frame, self._forward)

    def invert(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Undo `apply`, up to rounding.

        Raises
        ------
        InputError
            The method is ``rank_gauss``, which gives many values one score; or a column
            is absent.
        """
        if self.method == "rank_gauss":
            raise InputError(
                "rank_gauss cannot be undone: tied and outlying values share a score.",
                way_out="Keep the values before normalisation, or take another method.",
                source="Normalisation",
            )
        return self._mapped(frame, self._backward)

    def apply_values(self, values: ArrayLike) -> Float:
        """Normalise rows as live gives them, to the bit as `apply` does.

        Parameters
        ----------
        values : array of shape (n_names,) or (n_rows, n_names)
            In the order of ``names``; NaN is missing.

        Returns
        -------
        ndarray of the same shape, NaN where missing.

        Raises
        ------
        InputError
            The last axis is not as long as ``names``.
        """
        given = np.asarray(values, dtype=np.float64)
        if given.ndim == 0 or given.shape[-1] != len(self.names):
            raise InputError(
                f"Rows must have {len(self.names)} values, had the shape "
                f"{given.shape}.",
                way_out="Give the columns of the normalisation, in its order.",
                source="Normalisation",
            )
        rows = given.reshape(-1, len(self.names))
        found = np.empty_like(rows)
        for column in range(len(self.names)):
            found[:, column] = self._forward(column, rows[:, column])
        return found.reshape(given.shape)

    def _mapped(self, frame: pl.DataFrame, change: Any) -> pl.DataFrame:
        return frame.with_columns(
            pl.Series(
                name, change(at, column_values(frame, name)), nan_to_null=True
            ).cast(pl.Float64)
            for at, name in enumerate(self.names)
        )

    def _forward(self, column: int, x: Float) -> Float:
        given = self.parameters[column]
        if self.method == "none":
            return x
        known = np.where(np.isfinite(x), x, np.nan)
        if not given:
            return np.full_like(known, np.nan)
        if self.method == "rank_gauss":
            return on_line(known, self._lines[column])
        centre, scale = given
        return np.asarray((known - centre) / scale)

    def _backward(self, column: int, y: Float) -> Float:
        given = self.parameters[column]
        if self.method == "none":
            return y
        if not given:
            return np.full_like(y, np.nan)
        centre, scale = given
        return np.asarray(y * scale + centre)

    @cached_property
    def _lines(self) -> dict[int, Line]:
        return {
            at: line(np.array(given), count)
            for at, (given, count) in enumerate(
                zip(self.parameters, self.counts, strict=True)
            )
            if given
        }


def fit(
    frame: pl.DataFrame,
    names: Sequence[str],
    method: Method,
    rows: ArrayLike | None = None,
) -> Normalisation:
    """Fit a normalisation on training rows; other rows are not looked at.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, n_columns)
        Null and NaN are missing.
    names : sequence of str
        Numeric columns.
    method : str
        One of `METHODS`.
    rows : array of bool of shape (n_rows,), optional
        Which rows are for training; all of them where absent.

    Raises
    ------
    InputError
        No training row, an unknown method, or a column that is absent or not numeric.
    """
    _known(method)
    chosen = training_mask(frame.height, rows)
    counts, parameters = [], []
    for name in names:
        values = column_values(frame, name)[chosen]
        values = values[np.isfinite(values)]
        counts.append(len(values))
        parameters.append(_FITS[method](values) if len(values) else ())
    return Normalisation(
        method, tuple(names), int(chosen.sum()), tuple(counts), tuple(parameters)
    )


def training_mask(n_rows: int, rows: ArrayLike | None) -> NDArray[np.bool_]:
    """Return the mask of the training rows, of shape (n_rows,).

    Raises
    ------
    InputError
        It is no mask of these rows, or marks none.
    """
    mask = np.ones(n_rows, np.bool_) if rows is None else np.asarray(rows)
    if mask.dtype != np.bool_ or mask.shape != (n_rows,) or not mask.any():
        raise InputError(
            f"rows must mark at least one of the {n_rows} rows with true, was "
            f"{mask.dtype} of shape {mask.shape} with {int(np.sum(mask != 0))} marked.",
            way_out="Pass a boolean mask of the training rows.",
            source="rows",
        )
    return mask


def column_values(frame: pl.DataFrame, name: str) -> Float:
    """Return a numeric column as float64, NaN where null.

    Raises
    ------
    InputError
        It is absent or not numeric.
    """
    dtype = frame.schema.get(name)
    if dtype is None or not (dtype.is_numeric() or dtype in (pl.Null, pl.Boolean)):
        raise InputError(
            "The frame has no such column." if dtype is None else f"It is {dtype}.",
            way_out="Name numeric columns of the frame.",
            column=name,
        )
    return frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _known(method: Any) -> Method:
    if method not in METHODS:
        raise InputError(
            f"A method of normalisation is one of {', '.join(METHODS)}, not "
            f"{method!r}.",
            way_out="Take one of these.",
            source="method",
        )
    return method  # type: ignore[no-any-return]


def _deviation(x: Float) -> float:
    return float(x.std(ddof=1)) if len(x) > 1 else 0.0


def _pair(x: Float, centre: float, *scales: float) -> tuple[float, float]:
    """Centre and the first scale above rounding; a constant column is only centred."""
    if x.min() == x.max():
        return float(x[0]), 1.0
    return float(centre), next((float(s) for s in scales if 0 < s < inf), 1.0)


def _z_score(x: Float) -> tuple[float, ...]:
    return _pair(x, float(x.mean()), _deviation(x))


def _robust(x: Float) -> tuple[float, ...]:
    low, middle, high = np.quantile(x, (0.25, 0.5, 0.75))
    return _pair(x, middle, high - low, _deviation(x))


def _min_max(x: Float) -> tuple[float, ...]:
    return _pair(x, x.min(), x.max() - x.min())


def _rank_gauss(x: Float) -> tuple[float, ...]:
    return tuple(float(knot) for knot in knots_of(x))


_FITS: dict[Method, Any] = {
    "none": lambda _: (),
    "z_score": _z_score,
    "robust": _robust,
    "min_max": _min_max,
    "rank_gauss": _rank_gauss,
}
_KNOT_NAMES = tuple(f"knot_{k:02d}" for k in range(KNOTS))
