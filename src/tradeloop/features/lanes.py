"""The tightest live loops: one instrument, or many side by side."""

from collections.abc import Sequence

import numpy as np

from tradeloop.features.bank import Bank, Frame, rows_of
from tradeloop.fold import Word, live_row

_BYTES = 8
_ONE_ROW = np.array([1, 1, 0, _BYTES, 0], np.uintp)


class Lane:
    """One instrument of a bank, for the tightest loop.

    Fill `row`, call `step`, read `values`.

    Attributes
    ----------
    row : ndarray of shape (n_inputs,)
        What the next step reads; NaN is missing.
    values : ndarray of shape (n_names,)
        Features after the last step; the next one writes over them.
    """

    __slots__ = (
        "_address",
        "_bank",
        "_frames",
        "_shared",
        "row",
        "state",
        "table",
        "values",
    )

    def __init__(
        self, bank: Bank, shared: "Lane | None", of_all: Sequence[int]
    ) -> None:
        self._bank, self._shared = bank, shared  # both are pointed into
        self.state = bank.state()
        self.table = np.full(len(bank.columns), np.nan)
        self.row = self.table[: len(bank.inputs)]
        self.values = self.table[bank.published]
        where = rows_of(self.table.reshape(-1, 1))
        if shared is not None:
            common = rows_of(shared.table.reshape(-1, 1))
            where[list(of_all)] = common[list(of_all)]
        self._frames = {
            clock: self._frame(plan, where) for clock, plan in bank.plans.items()
        }
        whole = self._frames[""] = self._frame(bank.plan, where)
        self._address = whole.address

    def _frame(self, plan: Word, where: Word) -> Frame:
        return Frame(self._bank, plan, self.state, where, _ONE_ROW)

    def step(self) -> None:
        """Advance every feature by `row`, as if all inputs came in one event."""
        live_row(self._address)

    def step_on(self, stream: str) -> None:
        """Advance the features that step on a stream."""
        frame = self._frames.get(stream)
        if frame is not None:
            live_row(frame.address)


class Lanes:
    """Many instruments that advance together: fill `rows`, call `step`, read `values`.

    One thread advances more than ten million lanes a second; each thread of the
    caller's own may step lanes of its own.

    Parameters
    ----------
    bank : Bank
        Of one row for all features, such as bars.
    n : int
        Count of instruments.

    Attributes
    ----------
    rows : ndarray of shape (n_inputs, n)
        What the next step reads; NaN is missing.
    values : ndarray of shape (n_names, n)
        Features after the last step; the next one writes over them.
    state : ndarray of shape (n, n_state)
        One row of floats an instrument.
    """

    __slots__ = ("_frame", "rows", "state", "table", "values")

    def __init__(self, bank: Bank, n: int) -> None:
        self.state, self.table = bank.state(n), np.full((len(bank.columns), n), np.nan)
        self.rows = self.table[: len(bank.inputs)]
        self.values = self.table[bank.published]
        shape = np.array([n, 1, _BYTES * bank.n_state, _BYTES, 0], np.uintp)
        self._frame = Frame(bank, bank.plan, self.state, rows_of(self.table), shape)

    def step(self) -> None:
        """Advance every instrument by its column of `rows`."""
        live_row(self._frame.address)
