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
    mirror : tuple of str and float, or None
        Under the opposite side, with cash as benchmark, no costs and barriers of one
        distance, the value is this factor times that of this output. None: it has no
        such image.
    words : tuple of str
        Text of the values ``-k .. k`` of a class; empty for a number.
    unless : str
        Stem of a flag; where it is 1 the mirror does not hold.
    """

    stem: str
    dtype: pl.DataType
    meaning: str
    mirror: tuple[str, float] | None
    words: tuple[str, ...] = ()
    unless: str = ""


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
    """A label: one file, one line in ``ALL``, under the laws of `labels.checks`.

    It may have two more attributes, which `own_end` and `looks_back` read.
    """

    @property
    def name(self) -> str:
        """Name of the unit: that of its file."""

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Columns that it makes."""

    def label(self, span: Span) -> Labelled:
        """Label the decisions of a span."""


def own_end(unit: Label) -> str:
    """Stem of the column with the label's own end; empty: it ends with the horizon.

    A label that may be known before the due time names such a column in its attribute
    ``own_end``.
    """
    return str(getattr(unit, "own_end", ""))


def looks_back(unit: Label) -> bool:
    """Whether the label takes the volatility at the decision: attribute ``looks_back``.

    All other labels know nothing of the time before the decision but the last price.
    """
    return bool(getattr(unit, "looks_back", False))
