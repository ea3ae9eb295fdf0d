"""Export to ONNX, and the proof that the export says the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models.base import Fitted, Given
from tradeloop.models.matrix import as_float32, as_sequences
from tradeloop.models.runtime import Runtime
from tradeloop.models.sequences import Sequences
from tradeloop.models.vote import Vote, as_asked

TOLERANCE = 1e-6
_FAR = (0.0, 1e6, -1e6, float(np.finfo("f4").max), float(np.finfo("f4").min))


@dataclass(frozen=True, slots=True)
class Export:
    """An ONNX model and how near it is to the original.

    Parameters
    ----------
    content : bytes
        The ONNX model. The same model gives the same bytes.
    parity : float
        Largest absolute difference of a probability over the rows compared.
    rows : int
        Rows compared, missing and extreme ones among them.
    """

    content: bytes
    parity: float
    rows: int


def export_onnx(fitted: Fitted, rows: Given, *, tolerance: float = TOLERANCE) -> Export:
    """Export a model and compare both on ``rows``, on missing and on extreme values.

    1. Compared are the rows given; a row of missing values; rows of 0, of +-1e6 and of
       the largest float32; the least and the greatest value of each column, and a
       thousand times that.
    2. The largest difference of a probability is the parity; above ``tolerance``, or
       with a NaN on either side, nothing is exported.

    Parameters
    ----------
    fitted : Fitted
        The original, any but a `Vote`.
    rows : array of shape (n_rows, n_columns), or Sequences
        Rows to compare on, such as the test rows; NaN means missing. A model of several
        steps needs Sequences.
    tolerance : float
        Largest difference of a probability that is let through.

    Raises
    ------
    InputError
        No rows, or rows of another shape.
    ArtefactError
        A model without an export, or some probability differs by more than
        ``tolerance``.
    MissingExtraError
        A library that the export needs is not installed.
    """
    given = _checked(fitted, rows)
    if not len(given):
        raise InputError(
            "An export must be compared on at least one row, had none.",
            way_out="Pass rows that the model was tested on.",
        )
    content = fitted.to_onnx()
    probes = extremes(given)
    apart = [parity_of(content, fitted, part) for part in (given, probes)]
    parity, compared = float(np.max(apart)), len(given) + len(probes)
    if not parity <= tolerance:
        raise ArtefactError(
            f"The ONNX model of the {fitted.name} differs from the original by "
            f"{parity:.3g} on {compared} rows, more than {tolerance:g}. It is not "
            "written; check the versions of its library and of the converter."
        )
    return Export(content, parity, compared)


def export_members(
    vote: Vote, rows: Given, *, tolerance: float = TOLERANCE
) -> tuple[Export, ...]:
    """Export each member of a vote; parameters and errors are those of `export_onnx`.

    Members of weight 0 are exported too: their weight may change, their bytes do not.

    Returns
    -------
    tuple of Export
        One per member, in their order.
    """
    given = as_asked(rows, max(member.fitted.steps for member in vote.members))
    return tuple(
        export_onnx(member.fitted, given, tolerance=tolerance)
        for member in vote.members
    )


def parity_of(content: bytes, fitted: Fitted, rows: Given) -> float:
    """Largest absolute difference of a probability between ONNX and the original.

    Parameters
    ----------
    content : bytes
        The ONNX model.
    fitted : Fitted
        The original.
    rows : array of shape (n_rows, n_columns), or Sequences
        Rows to compare on.

    Returns
    -------
    float
        NaN if either gave one; it then compares as out of tolerance.
    """
    ours = Runtime(content, fitted.columns, fitted.steps).predict_proba(rows)
    # The largest float32 may overflow on the way to a bounded value: that is the point.
    with np.errstate(over="ignore"):
        theirs = fitted.predict_proba(rows)
    return float(np.abs(ours - theirs).max())


def extremes(rows: Sequences | NDArray[np.float32]) -> Sequences | NDArray[np.float32]:
    """Rows that a feed should not send but may; each sequence is one row, repeated.

    Parameters
    ----------
    rows : ndarray of float32 of shape (n_rows, n_columns), or Sequences
        Rows whose ranges are taken; at least one.

    Returns
    -------
    ndarray of shape (10, n_columns), or Sequences
        Of the same kind as ``rows``.
    """
    values = rows.values if isinstance(rows, Sequences) else rows
    empty = np.isnan(values).all(axis=0)
    filled = np.where(empty, np.float32(0), values)
    ends = np.stack([np.nanmin(filled, axis=0), np.nanmax(filled, axis=0)])
    plain = np.repeat(np.array([*_FAR, np.nan], "f4")[:, None], values.shape[1], axis=1)
    most = np.finfo("f4").max
    far = np.clip(ends.astype("f8") * 1_000, -most, most)
    found = np.concatenate([plain, ends, far]).astype(np.float32)
    if not isinstance(rows, Sequences):
        return found
    places = np.arange(len(found), dtype=np.int64)[:, None]
    return Sequences(found, np.repeat(places, rows.steps, axis=1))


def _checked(fitted: Fitted, rows: Given) -> Sequences | NDArray[np.float32]:
    if fitted.steps > 1:
        return as_sequences(
            as_asked(rows, fitted.steps), fitted.columns, steps=fitted.steps
        )
    return as_float32(as_asked(rows, 1), fitted.columns)
