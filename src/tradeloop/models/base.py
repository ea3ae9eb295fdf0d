"""What a model is: fit once, get something frozen, ask it for probabilities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeAlias, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import ArtefactError, InputError

if TYPE_CHECKING:
    from tradeloop.models.sequences import Sequences

CLASSES = (-1, 0, 1)
"""Directions in the order of every probability axis: down, flat, up."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Given: TypeAlias = Union[ArrayLike, "Sequences"]
"""Feature rows, or sequences of them."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a feature matrix and the bank that they come from.

    Parameters
    ----------
    names : tuple of str
        One name per column, in column order, each once.
    fingerprint : str
        Fingerprint of the feature bank; empty where there is no bank.
    """

    names: tuple[str, ...]
    fingerprint: str = ""

    def __post_init__(self) -> None:
        if not self.names or len(set(self.names)) < len(self.names):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            problem = f"repeats {twice}" if twice else "is empty"
            raise InputError(
                f"Columns.names must hold each name once, but it {problem}.",
                way_out="Name every column of the feature matrix, each once.",
            )

    @classmethod
    def unnamed(cls, width: int) -> Self:
        """Return ``width`` columns called ``f0``, ``f1`` and so on, of no bank."""
        return cls(tuple(f"f{column}" for column in range(width)))

    def refuse_other(self, other: "Columns") -> None:
        """Raise unless ``other`` names the same columns of the same bank.

        Raises
        ------
        ArtefactError
            Another fingerprint, another number of columns, or another name; the first
            difference is named.
        """
        if other.fingerprint != self.fingerprint:
            raise ArtefactError(
                f"The model was fitted on bank {self.fingerprint!r}, the row comes "
                f"from {other.fingerprint!r}. Train again, or compute the model's bank."
            )
        if len(other.names) != len(self.names):
            raise ArtefactError(
                f"The model was fitted on {len(self.names)} columns, the row has "
                f"{len(other.names)}. Pass the columns of the model, in its order."
            )
        if other.names != self.names:
            column = [a == b for a, b in zip(self.names, other.names, strict=True)]
            at = column.index(False)
            raise ArtefactError(
                f"Column {at} of the model is {self.names[at]!r}, of the row "
                f"{other.names[at]!r}. Pass the columns of the model, in its order."
            )


class Fitted(Protocol):
    """A fitted model. It never changes; two of the same bytes are the same model."""

    name: ClassVar[str]
    """`Model.name` of what was fitted."""

    @property
    def columns(self) -> Columns:
        """Columns that it was fitted on."""

    @property
    def steps(self) -> int:
        """Rows that it looks at for one forecast; 1: only the row itself."""

    def predict_proba(self, features: Given, columns: Columns | None = None) -> Floats:
        """Probability of each class.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            NaN means missing; infinities are refused. A model of one step reads the
            last step of sequences; one of several steps takes sequences only.
        columns : Columns, optional
            What the caller believes the columns to be; refused if they are others.

        Returns
        -------
        ndarray of shape (n_rows, 3)
            In the order of `CLASSES`; each row sums to 1 up to rounding of float32.

        Raises
        ------
        InputError
            Wrong shape, or an infinite value.
        ArtefactError
            ``columns`` are not those of the model.
        """

    def to_bytes(self) -> bytes:
        """Return the model in its native, pickle-free format."""

    def to_onnx(self) -> bytes:
        """Return the model for ONNX Runtime; the same model gives the same bytes.

        Input ``features``, output ``probabilities``, both float32; see
        `tradeloop.models.runtime.Runtime`.
        """

    def importance(self) -> Mapping[str, float]:
        """Share of the model's weight that each column has, by name; sums to 1 or 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Rows held back from training, to stop it early.

    Parameters
    ----------
    features : array of shape (n_rows, n_columns), or Sequences
        Their features.
    direction : array of int of shape (n_rows,)
        What came.
    weight : array of shape (n_rows,), optional
        Weight of each row.
    """

    features: Given
    direction: ArrayLike
    weight: ArrayLike | None = None


class Model(Protocol):
    """An unfitted model: its parameters only. ``fit`` leaves it as it is."""

    name: ClassVar[str]
    """Name in artefacts, settings and listings."""

    @property
    def steps(self) -> int:
        """Rows that it looks at for one forecast; 1: only the row itself."""

    @property
    def random_state(self) -> int:
        """Seed of everything random in ``fit``."""

    def get_params(self) -> Mapping[str, Any]:
        """Return the parameters by name, as scikit-learn does."""

    def fit(
        self,
        features: Given,
        direction: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        columns: Columns | None = None,
        held: Held | None = None,
        start: Fitted | None = None,
    ) -> Fitted:
        """Learn the direction from the features.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            NaN means missing; infinities are refused.
        direction : array of int of shape (n_rows,)
            -1, 0 or +1; each must occur.
        weight : array of shape (n_rows,), optional
            Weight of each row, finite and not negative; 1 each if absent.
        columns : Columns, optional
            Names and bank of the columns; ``f0``, ``f1``... if absent.
        held : Held, optional
            Rows that decide when to stop, where the model trains in rounds; a model
            that does not leaves them unread.
        start : Fitted, optional
            A fitted model of the same kind and columns to go on from.

        Raises
        ------
        InputError
            Wrong shapes, an infinite value, a direction that is none, a class without
            rows, no column that varies, or a ``start`` that this kind cannot go on
            from.
        """

    @classmethod
    def load(cls, content: bytes, columns: Columns) -> Fitted:
        """Return the fitted model whose `Fitted.to_bytes` gave ``content``.

        Raises
        ------
        ArtefactError
            The bytes are no such model, or of another number of columns.
        """
