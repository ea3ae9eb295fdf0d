"""A mean of the past that forgets by half in a given time.

With each present value, ``m_t = w m_s + (1 - w) x_t``, ``w = 2 ** (-(t - s) /
half_life)`` and s the present value before; ``m = x`` at the first. A missing value is
the mean as it stands.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl


@dataclass(frozen=True, slots=True)
class Ewma:
    """Exponentially weighted mean of the instrument's present values.

    Parameters
    ----------
    half_life_ns : int
        Time in which the weight of the past halves, by event time; above 0.
    """

    half_life_ns: int
    name: str = "ewma"
    causal: bool = True

    def propose(self, frame: pl.DataFrame, column: str) -> pl.Series:
        """Propose the mean of each row's past; none before the first present value."""
        values = frame[column].to_numpy()
        there = np.flatnonzero(~np.isnan(values))
        lane = frame["instrument"].rank("dense").to_numpy()[there]
        event = frame["event_ns"].to_numpy()[there]
        mean = np.full(frame.height, np.nan)
        before: dict[int, tuple[int, float]] = {}
        for row, name, at in zip(there, lane, event, strict=True):
            since, held = before.get(name, (at, values[row]))
            weight = 2.0 ** (-(at - since) / self.half_life_ns)
            now = weight * held + (1.0 - weight) * values[row]
            mean[row], before[name] = now, (at, now)
        held = pl.Series(column, mean).fill_nan(None)
        return (
            frame.select("instrument", held)
            .select(pl.col(column).forward_fill().over("instrument"))
            .to_series()
        )
