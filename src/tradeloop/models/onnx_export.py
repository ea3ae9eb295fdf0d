"""Export to ONNX, and the proof that the export says the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import ArtefactError, InputError, MissingExtraError
from tradeloop.models.base import Fitted
from tradeloop.models.boosting import FittedBoosting
from tradeloop.models.matrix import as_float32
from tradeloop.models.runtime import INPUT_NAME, OUTPUT_NAME, Runtime

TOLERANCE = 1e-6
OPSET = 15
"""ai.onnx opset asked for; the trees themselves need ai.onnx.ml 1 only."""


@dataclass(frozen=True, slots=True)
class Export:
    """An ONNX model and how near it is to the original.

    Parameters
    ----------
    content : bytes
        The ONNX model. The same booster gives the same bytes.
    parity : float
        Largest absolute difference of a probability over the rows compared.
    rows : int
        Rows compared, one row of missing values among them.
    """

    content: bytes
    parity: float
    rows: int


def export_onnx(
    fitted: Fitted, rows: ArrayLike, *, tolerance: float = TOLERANCE
) -> Export:
    """Export a model and compare both on ``rows`` and on a row of missing values.

    Parameters
    ----------
    fitted : Fitted
        The original; a `FittedBoosting`, the one kind that has an export.
    rows : array of shape (n_rows, n_columns)
        Rows to compare on, such as the test rows; NaN means missing.
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
        onnxmltools is not installed.
    """
    if not isinstance(fitted, FittedBoosting):
        raise ArtefactError(
            f"A {type(fitted).__name__} has no export to ONNX. Use "
            f"{FittedBoosting.__name__}."
        )
    given = as_float32(rows, fitted.columns)
    if not len(given):
        raise InputError(
            "An export must be compared on at least one row, had none.",
            way_out="Pass rows that the model was tested on.",
        )
    missing = np.full((1, given.shape[1]), np.nan, dtype=np.float32)
    compared = np.concatenate([given, missing])
    content = _convert(fitted)
    parity = parity_of(content, fitted, compared)
    if not parity <= tolerance:
        raise ArtefactError(
            f"The ONNX model differs from the original by {parity:.3g} on "
            f"{len(compared)} rows, more than {tolerance:g}. It is not written; check "
            "the versions of xgboost and onnxmltools."
        )
    return Export(content, parity, len(compared))


def parity_of(content: bytes, fitted: Fitted, rows: ArrayLike) -> float:
    """Largest absolute difference of a probability between ONNX and the original.

    Parameters
    ----------
    content : bytes
        The ONNX model.
    fitted : Fitted
        The original.
    rows : array of shape (n_rows, n_columns)
        Rows to compare on.

    Returns
    -------
    float
        NaN if either gave one; it then compares as out of tolerance.
    """
    ours = Runtime(content, fitted.columns).predict_proba(rows)
    return float(np.abs(ours - fitted.predict_proba(rows)).max())


def _convert(fitted: FittedBoosting) -> bytes:
    try:
        from onnxmltools.convert import convert_xgboost  # noqa: PLC0415
        from onnxmltools.convert.common.data_types import (  # noqa: PLC0415
            FloatTensorType,
        )
    except ImportError as error:
        raise MissingExtraError("onnxmltools", "models") from error
    # A fixed name: the converter's own is a random one, and bytes would differ.
    width = len(fitted.columns.names)
    model = convert_xgboost(
        fitted.booster,
        name=fitted.__class__.__name__,
        initial_types=[(INPUT_NAME, FloatTensorType([None, width]))],
        target_opset=OPSET,
    )
    outputs = [output.name for output in model.graph.output]
    if OUTPUT_NAME not in outputs:
        raise ArtefactError(
            f"The converter gave the outputs {outputs}, without {OUTPUT_NAME!r}. Check "
            "the version of onnxmltools."
        )
    content: bytes = model.SerializeToString()
    return content
