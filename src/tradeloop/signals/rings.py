"""The last feature rows of each symbol, ready as the sequence of a live forecast.

Each row is written twice, ``steps`` places apart, so that the last ``steps`` rows
always lie side by side and no row is moved or copied to be scored. The bits are those
of `tradeloop.models.sequences.Sequences` over the same rows.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError, OverloadedError
from tradeloop.models.matrix import as_float32

_NEVER = -(2**63)


class RowRing:
    """The last rows of one symbol.

    Parameters
    ----------
    steps : int
        Rows that are kept, at least 1.
    columns : int
        Columns of a row, at least 1.

    Raises
    ------
    InputError
        A figure is below 1.
    """

    __slots__ = ("_at", "_table", "last_ns", "rows", "steps")

    def __init__(self, steps: int, columns: int) -> None:
        if steps < 1 or columns < 1:
            raise InputError(
                f"A ring needs at least one step and one column, was {steps} and "
                f"{columns}.",
                way_out="Take both from the model.",
            )
        self.steps = steps
        self.rows = 0
        self.last_ns = _NEVER
        self._at = 0
        self._table = np.full((2 * steps, columns), np.nan, dtype=np.float32)

    def push(self, values: ArrayLike, event_ns: int) -> None:
        """Add the newest row; the oldest falls out.

        Parameters
        ----------
        values : array of shape (n_columns,)
            NaN means missing.
        event_ns : int
            Time of the row, ns UTC.

        Raises
        ------
        InputError
            Another width, an infinite value, or a time that does not come after the
            last one; the ring stays as it was.
        """
        if event_ns <= self.last_ns:
            raise InputError(
                f"Rows of one symbol come in time, {event_ns} follows {self.last_ns}.",
                way_out="Leave out rows that are late, or restore the ring.",
            )
        row = as_float32(np.asarray(values)[None])[0]
        if row.shape != self._table.shape[1:]:
            raise InputError(
                f"A row must have {self._table.shape[1]} columns, had {len(row)}.",
                way_out="Pass the columns of the model.",
            )
        self._table[self._at] = row
        self._table[self._at + self.steps] = row
        self._at = (self._at + 1) % self.steps
        self.rows = min(self.rows + 1, self.steps)
        self.last_ns = event_ns

    def window(self, steps: int | None = None) -> NDArray[np.float32]:
        """Return the last rows without copying; read it before the next `push`.

        Parameters
        ----------
        steps : int, optional
            How many, up to the ring's; all if absent.

        Returns
        -------
        ndarray of float32 of shape (steps, n_columns)
            The newest row last; NaN before the first row.
        """
        end = self._at + self.steps
        return self._table[end - (self.steps if steps is None else steps) : end]

    def restore(self, values: ArrayLike, event_ns: ArrayLike) -> None:
        """Start again from stored rows, oldest first; only the last ones are kept.

        Raises
        ------
        InputError
            As for `push`; the ring then holds the rows before the bad one.
        """
        rows, times = np.asarray(values), np.asarray(event_ns, dtype=np.int64)
        if rows.ndim != len(("rows", "columns")) or times.shape != (len(rows),):
            raise InputError(
                "Restoring needs rows of shape (n_rows, n_columns) and a time of each, "
                f"had {rows.shape} and {times.shape}.",
                way_out="Pass the stored feature rows of one symbol.",
            )
        self._table[:] = np.nan
        self._at, self.rows, self.last_ns = 0, 0, _NEVER
        for row, at_ns in zip(
            rows[-self.steps :], times[-self.steps :].tolist(), strict=True
        ):
            self.push(row, at_ns)


class Rings:
    """One ring for each symbol, up to a number of symbols.

    Parameters
    ----------
    steps, columns : int
        Of each ring.
    most : int
        Most symbols; a ring takes ``8 * steps * columns`` bytes.
    """

    __slots__ = ("_columns", "_most", "_rings", "_steps")

    def __init__(self, steps: int, columns: int, *, most: int = 10_000) -> None:
        self._steps, self._columns, self._most = steps, columns, most
        self._rings: dict[str, RowRing] = {}

    def __len__(self) -> int:
        return len(self._rings)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rings)

    def of(self, symbol: str) -> RowRing:
        """Return the ring of a symbol; a new one is empty.

        Raises
        ------
        OverloadedError
            There are as many symbols as there may be.
        """
        found = self._rings.get(symbol)
        if found is None:
            if len(self._rings) >= self._most:
                raise OverloadedError(
                    f"{self._most} symbols are followed already, {symbol!r} is not.",
                    retry_after_s=60.0,
                )
            found = self._rings[symbol] = RowRing(self._steps, self._columns)
        return found

    def drop(self, symbol: str) -> None:
        """Forget a symbol, such as one that is no longer traded."""
        self._rings.pop(symbol, None)
