"""Scoring by ONNX Runtime alone: no trainer is imported, one thread, same bits.

One thread, because a row takes some 20 us and a thread pool only adds jitter. Many rows
at once are equal to one row at a time, to the bit: trees are asked for all rows at
once, since each row walks them by itself; anything with a matrix product is asked row
by row, since a product of another shape may sum in another order.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import ArtefactError, InputError, MissingExtraError
from tradeloop.models.base import CLASSES, Columns, Floats, Given, Ints
from tradeloop.models.graph import INPUT_NAME, OUTPUT_NAME
from tradeloop.models.matrix import as_float32, as_sequences
from tradeloop.models.sequences import Sequences

_ERRORS_ONLY = 3
_REAL = "tensor(float)"
_PRODUCTS = (
    *("Attention", "Conv", "Einsum", "FusedMatMul", "Gemm", "GRU", "LSTM", "MatMul"),
    *("DynamicQuantizeLSTM", "DynamicQuantizeMatMul", "MatMulInteger", "QLinearMatMul"),
    *("LinearClassifier", "LinearRegressor", "RNN", "SVMClassifier", "SVMRegressor"),
)
_TREES = ("TreeEnsembleClassifier", "TreeEnsembleRegressor")
_AT_ONCE = 4_096  # rows of sequences gathered at a time


class Runtime:
    """A model in ONNX, ready to score.

    Parameters
    ----------
    content : bytes
        The ONNX model: input ``features`` of shape (n_rows, n_columns), or
        (n_rows, n_steps, n_columns) where it looks at several steps; output
        ``probabilities`` of shape (n_rows, 3); both float32.
    columns : Columns
        Columns that the model was fitted on.
    steps : int
        Rows that it looks at for one forecast.
    kept : ndarray of int64, optional
        Places of those columns that the ONNX model sees; all if absent.

    Raises
    ------
    ArtefactError
        The bytes are no ONNX model, or one of another shape.
    MissingExtraError
        ONNX Runtime is not installed.
    """

    __slots__ = ("_at_once", "_kept", "_session", "_shape", "columns", "steps")

    def __init__(
        self,
        content: bytes,
        columns: Columns,
        steps: int = 1,
        *,
        kept: Ints | None = None,
    ) -> None:
        self.columns, self.steps, self._kept = columns, steps, kept
        width = len(columns.names)
        self._shape = (width,) if steps == 1 else (steps, width)
        products = any(_has(content, operator) for operator in _PRODUCTS)
        self._at_once = not products and any(_has(content, tree) for tree in _TREES)
        self._session = _session(content)
        self._refuse_shapes()

    def predict_proba(self, features: Given, columns: Columns | None = None) -> Floats:
        """Raw, not yet calibrated probability of each class.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            NaN means missing; infinities are refused. A model of one step takes the
            last step of sequences; one of several takes sequences, or an array of shape
            (n_rows, n_steps, n_columns), and of longer ones the last steps.
        columns : Columns, optional
            Refused if they are not those of the model.

        Returns
        -------
        ndarray of shape (n_rows, 3)
            In the order of `CLASSES`.

        Raises
        ------
        InputError
            Wrong shape, fewer steps, or an infinite value.
        ArtefactError
            ``columns`` are not those of the model.
        """
        if columns is not None and columns is not self.columns:
            self.columns.refuse_other(columns)
        if self.steps > 1 and isinstance(features, Sequences) and len(features) == 1:
            features = features.gather()
        axes = len(self._shape) + 1
        plain = isinstance(features, np.ndarray) and features.ndim == axes
        if isinstance(features, np.ndarray) and plain and len(features) == 1:
            return self.score_row(features[0])[None]
        return self._many(features)

    def score_row(self, row: NDArray[np.floating]) -> Floats:
        """Raw probability of each class for one row, with the fewest copies.

        Parameters
        ----------
        row : ndarray of shape (n_columns,), or (n_steps, n_columns)
            The row, or the rows that lead to it, the oldest first; of more steps than
            the model's the last are taken. float32 in C order is not copied. NaN means
            missing; infinities are refused.

        Returns
        -------
        ndarray of shape (3,)
            Equal to `predict_proba` of the same row, to the bit.

        Raises
        ------
        InputError
            Wrong shape, fewer steps, or an infinite value.
        """
        given = row
        if given.ndim == len(("steps", "columns")):
            given = given[-1] if self.steps == 1 else given[-self.steps :]
        if given.shape != self._shape:
            raise InputError(
                f"A row of the model must have the shape {self._shape}, had "
                f"{row.shape}.",
                way_out="Pass the row with the columns of the model, and its past.",
            )
        narrow = given.dtype == np.float32
        if narrow and not np.isinf(given).any():
            found = self._run(np.ascontiguousarray(given)[None])
            return np.asarray(found[0], dtype=np.float64)
        return np.asarray(self._many(given[None])[0])

    def _many(self, features: Given) -> Floats:
        if self.steps > 1:
            return self._of_sequences(
                as_sequences(features, self.columns, steps=self.steps)
            )
        narrow = as_float32(features, self.columns)
        if self._at_once and len(narrow):
            return np.asarray(self._run(narrow), dtype=np.float64)
        found = np.empty((len(narrow), len(CLASSES)))
        for row in range(len(narrow)):
            found[row] = self._run(narrow[row : row + 1])[0]
        return found

    def _of_sequences(self, sequences: Sequences) -> Floats:
        found = np.empty((len(sequences), len(CLASSES)))
        for begin in range(0, len(sequences), _AT_ONCE):
            rows = np.arange(begin, min(begin + _AT_ONCE, len(sequences)))
            gathered = sequences.gather(rows)
            for at, row in enumerate(rows):
                found[row] = self._run(gathered[at : at + 1])[0]
        return found

    def _run(self, narrow: NDArray[np.floating]) -> NDArray[np.float32]:
        if self._kept is not None:
            narrow = np.ascontiguousarray(narrow[..., self._kept])
        found: NDArray[np.float32] = self._session.run(
            [OUTPUT_NAME], {INPUT_NAME: narrow}
        )[0]
        return found

    def _refuse_shapes(self) -> None:
        takes = {found.name: found for found in self._session.get_inputs()}
        gives = {found.name: found for found in self._session.get_outputs()}
        width = len(self.columns.names if self._kept is None else self._kept)
        shape = (*self._shape[:-1], width)
        wanted = ((takes, INPUT_NAME, shape), (gives, OUTPUT_NAME, (len(CLASSES),)))
        for there, name, shape in wanted:
            fits = name in there and there[name].type == _REAL
            if not fits or tuple(there[name].shape[1:]) != shape:
                shapes = {name: found.shape for name, found in there.items()}
                raise ArtefactError(
                    f"The ONNX model has {shapes}; expected is {name} of {shape} a "
                    f"row, for {width} columns and {self.steps} steps. Export it again."
                )


def _has(content: bytes, operator: str) -> bool:
    """Whether a node has this operator: field 4 of a node, its length, its name.

    Numbers may look like it by chance: then rows are asked one by one, which is right
    too.
    """
    return b"\x22" + bytes([len(operator)]) + operator.encode() in content


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
