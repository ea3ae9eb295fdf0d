"""What goes into a live loop and comes out: rows and answers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.models.base import Floats
from tradeloop.signals.breaker import MemberFault
from tradeloop.signals.issuing import Market
from tradeloop.signals.latest import Asked
from tradeloop.signals.signal import Signal, Spoke

Explain = Callable[[NDArray[np.floating], int], Spoke]
"""Columns that spoke most for a side, from what is scored: a row, or its steps."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveRow:
    """A feature row as it comes from a live bank.

    Parameters
    ----------
    symbol : str
        Instrument.
    values : ndarray of shape (n_bank_columns,)
        All columns of the bank; NaN means missing.
    event_ns, received_ns : int
        When the newest input happened and was known, ns UTC.
    quality : float
        Quality score of the data behind it, 0 to 1.
    market : Market or None
        What sizes and levels are worked out from; without it the size is the policy's.
    decision_id : str
        Decision that is asked about; empty if none.
    """

    symbol: str
    values: ArrayLike
    event_ns: int
    received_ns: int
    quality: float = 1.0
    market: Market | None = None
    decision_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a row.

    Parameters
    ----------
    signal : Signal
        Active or abstained.
    members : tuple of MemberFault
        Members that were left out of the vote.
    archived : tuple of Signal
        Signals that left the book meanwhile.
    repeated : bool
        Whether the signal was given before, to the same request.
    """

    signal: Signal
    members: tuple[MemberFault, ...] = ()
    archived: tuple[Signal, ...] = ()
    repeated: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A row that is to be scored.

    Parameters
    ----------
    at : int
        Place among the rows that came together.
    row : LiveRow
        The row.
    now_ns : int
        Time of the answer, ns UTC.
    values : ndarray of shape (n_columns,)
        The columns of the model.
    given : ndarray of shape (n_columns,) or (n_steps, n_columns)
        What is scored: the values, or the steps that lead to them.
    asked : Asked
        Symbol, bank and model.
    request : tuple
        What else makes a request the same.
    """

    at: int
    row: LiveRow
    now_ns: int
    values: Floats
    given: NDArray[np.floating]
    asked: Asked
    request: tuple[object, ...]
