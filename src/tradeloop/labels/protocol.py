"""What a label is: its columns, what it makes of a span, and nothing else."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import polars as pl

from tradeloop.labels.base import Floats, Times
from tradeloop.labels.span import Span


class Output(NamedTuple):
    """One column that a label makes per horizon.

    Parameters
    ----------
    stem : str
        Name of the column without the horizon.
    dtype : polars data type
        Type in frames.
    meaning : str
        What the value says, with its unit.
    mirror : tuple of str and float
        Under the opposite side, with cash as benchmark and no costs, the value is this
        factor times that of this output.
    words : tuple of str
        Text of the values ``-k .. k`` of a class; empty for a number.
    """

    stem: str
    dtype: pl.DataType
    meaning: str
    mirror: tuple[str, float]
    words: tuple[str, ...] = ()


class Labelled(NamedTuple):
    """What a label makes of a span.

    Parameters
    ----------
    values : mapping of str to ndarray of shape (n,)
        By stem; NaN where it is not known, never a stand-in.
    end_ns : ndarray of shape (n,)
        When all of them were known; `MISSING_NS` exactly where they are NaN.
    """

    values: Mapping[str, Floats]
    end_ns: Times


class Label(Protocol):
    """A label: one file, one line in ``ALL``, under the laws of `labels.checks`."""

    @property
    def name(self) -> str:
        """Name of the unit: that of its file."""

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Columns that it makes."""

    def label(self, span: Span) -> Labelled:
        """Label the decisions of a span."""
