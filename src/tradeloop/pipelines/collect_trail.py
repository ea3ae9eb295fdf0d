"""Features along the bars of one instrument, with states to go on from.

A bank is a fold: the state after a bar holds all that later features see of the past.
The trail keeps the state before every 512th bar. Each stretch was run on its own bars
and on the state before it, and was handed nothing else. So to compute features again on
history that is cut at a bar it is enough to go on from the last state before that bar:
exact, and as fast after a million bars as after a thousand.

Banks that read longer timeframes or other streams have no such states: they start at
the first bar each time.
"""

from functools import cached_property

import numpy as np
import polars as pl

from tradeloop.features import Bank, compute
from tradeloop.features.base import stream_of
from tradeloop.features.frames import input_column, known_by, lane_bounds, series
from tradeloop.features.timeframes import interval_of
from tradeloop.fold import Float

EVERY = 512


class Trail:
    """Features of the bars of one instrument.

    Parameters
    ----------
    bank : Bank
        What to compute.
    bars : polars.DataFrame of shape (n_bars, n_columns)
        Bars of one instrument, sorted by ``event_ns``, with the bank's inputs.
    earlier : Trail, optional
        Of the same bank; where its bars are the first ones of these, it is gone on
        with.

    Attributes
    ----------
    features : polars.DataFrame of shape (n_bars, 3 + n_features)
        As `tradeloop.features.compute` gives them, to the bit.
    known_ns : ndarray of shape (n_bars,)
        When each row was known: its bar and all before it were received.
    """

    def __init__(
        self, bank: Bank, bars: pl.DataFrame, earlier: "Trail | None" = None
    ) -> None:
        self.bank, self.bars = bank, bars
        self._steps = not any(interval_of(stream_of(name)) for name in bank.inputs)
        self._states: list[Float] = []
        self._values: Float = np.empty((len(bank.names), 0))
        if self._steps:
            self.features = self._walked(earlier)
        else:
            self.features = compute(bank, bars)
        self.known_ns = self.features["received_ns"].to_numpy()

    def row_at(self, at_ns: int) -> int:
        """Return the last row that was known at a time; -1 where there is none."""
        return int(np.searchsorted(self.known_ns, at_ns, side="right")) - 1

    def begin(self, row: int) -> int:
        """Return the row to begin with, to compute a row again: at or before it."""
        return row // EVERY * EVERY if self._steps else 0

    def again(self, begin: int, bars: pl.DataFrame) -> Float:
        """Compute features anew, of bars that follow on those before a row.

        Parameters
        ----------
        begin : int
            A row that `begin` gave.
        bars : polars.DataFrame of shape (n_rows, n_columns)
            Taken for the bars from that row on.

        Returns
        -------
        ndarray of shape (n_features, n_rows)
            NaN where a value is not known.
        """
        if not self._steps:
            found = compute(self.bank, bars).select(self.bank.names)
            return found.fill_null(float("nan")).to_numpy().T
        inputs = [input_column(bars, name) for name in self.bank.inputs]
        return self._panel(self._states[begin // EVERY].copy(), inputs)

    def _panel(self, state: Float, inputs: list[Float]) -> Float:
        return self.bank.panel(state, inputs, np.array([0, len(inputs[0])], np.intp))

    def _walked(self, earlier: "Trail | None") -> pl.DataFrame:
        bounds = lane_bounds(self.bars)
        inputs = [input_column(self.bars, name) for name in self.bank.inputs]
        done, parts = 0, list[Float]()
        if earlier is not None and self._follows(earlier):
            done = max(0, len(earlier._states) - 1) * EVERY  # noqa: SLF001
            self._states = earlier._states[: done // EVERY]  # noqa: SLF001
            parts.append(earlier._values[:, :done])  # noqa: SLF001
            state = earlier._states[done // EVERY].copy()  # noqa: SLF001
        else:
            state = self.bank.state()
        for first in range(done, self.bars.height, EVERY):
            self._states.append(state.copy())
            parts.append(
                self._panel(state, [each[first : first + EVERY] for each in inputs])
            )
        self._values = np.ascontiguousarray(np.hstack(parts))
        return self.bars.select("instrument", "event_ns").with_columns(
            pl.Series("received_ns", known_by(self.bars, bounds)),
            *series(self.bank.names, list(self._values)),
        )

    def _follows(self, earlier: "Trail") -> bool:
        """Whether the bars begin with those of an earlier trail of the same bank."""
        same = earlier.bank.fingerprint == self.bank.fingerprint
        return same and self.bars.head(earlier.bars.height).equals(earlier.bars)

    @cached_property
    def in_order(self) -> bool:
        """Whether no bar came late, and none before its end."""
        received = self.bars["received_ns"].to_numpy()
        early = received < self.bars["event_ns"].to_numpy()
        return bool((received == self.known_ns).all() and not early.any())
