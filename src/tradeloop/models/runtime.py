"""Scoring by ONNX Runtime alone: no trainer is imported, one thread, same bits.

One thread, because a row takes some 20 us and a thread pool only adds jitter; many rows
at once are then equal to one row at a time, to the bit.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import ArtefactError, MissingExtraError
from tradeloop.models.base import CLASSES, Columns, Floats
from tradeloop.models.matrix import as_float32

INPUT_NAME, OUTPUT_NAME = "features", "probabilities"
_ERRORS_ONLY = 3


class Runtime:
    """A model in ONNX, ready to score.

    Parameters
    ----------
    content : bytes
        The ONNX model: input ``features`` of shape (n_rows, n_columns), output
        ``probabilities`` of shape (n_rows, 3), both float32.
    columns : Columns
        Columns that the model was fitted on.

    Raises
    ------
    ArtefactError
        The bytes are no ONNX model, or one of another shape.
    MissingExtraError
        ONNX Runtime is not installed.
    """

    __slots__ = ("_session", "columns")

    def __init__(self, content: bytes, columns: Columns) -> None:
        self.columns = columns
        self._session = _session(content)
        width = {found.name: found.shape for found in self._session.get_inputs()}
        outputs = {found.name: found.shape for found in self._session.get_outputs()}
        inputs_fit = width.get(INPUT_NAME, [])[-1:] == [len(columns.names)]
        if not inputs_fit or outputs.get(OUTPUT_NAME, [])[-1:] != [len(CLASSES)]:
            raise ArtefactError(
                f"The ONNX model takes {width} and gives {outputs}; expected are "
                f"{INPUT_NAME} of {len(columns.names)} columns and {OUTPUT_NAME} of "
                f"{len(CLASSES)}. Export it again."
            )

    def predict_proba(
        self, features: ArrayLike, columns: Columns | None = None
    ) -> Floats:
        """Raw, not yet calibrated probability of each class.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns)
            NaN means missing; infinities are refused.
        columns : Columns, optional
            Refused if they are not those of the model.

        Returns
        -------
        ndarray of shape (n_rows, 3)
            In the order of `CLASSES`.

        Raises
        ------
        InputError
            Wrong shape, or an infinite value.
        ArtefactError
            ``columns`` are not those of the model.
        """
        if columns is not None and columns is not self.columns:
            self.columns.refuse_other(columns)
        narrow = as_float32(features, self.columns)
        if not len(narrow):
            return np.empty((0, len(CLASSES)))
        found = self._session.run([OUTPUT_NAME], {INPUT_NAME: narrow})[0]
        return np.asarray(found, dtype=np.float64)


def _session(content: bytes) -> Any:
    try:
        import onnxruntime  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "models") from error
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime raises a class of its own per fault
        raise ArtefactError(
            f"The bytes are no model that ONNX Runtime can load: {error}"
        ) from error
