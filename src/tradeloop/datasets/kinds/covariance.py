"""Covariance of the members of a section, from what was known at its time."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.datasets.kinds.observing import known_bars
from tradeloop.errors import InputError

_LEAST = 2


def covariance_of(
    bars: pl.DataFrame, instruments: Sequence[str], at_ns: int, *, window_bars: int
) -> NDArray[np.float64]:
    """Sample covariance of the log returns of some instruments, as known at a time.

    ``C_ij = sum_t (r_it - m_i)(r_jt - m_j) / (T - 1)`` over the last T bar ends that
    all instruments share and that were known at ``at_ns``. Nothing is filled in, so
    instruments with different hours share few bars.

    Parameters
    ----------
    bars : polars.DataFrame
        Rows of the record BAR.
    instruments : sequence of str
        Members, in the order of the axes.
    at_ns : int
        When the portfolio is built, ns UTC.
    window_bars : int
        T, at least 2.

    Returns
    -------
    ndarray of shape (n_instruments, n_instruments)
        Fraction squared per bar.

    Raises
    ------
    InputError
        Fewer than ``window_bars`` returns are shared and known.
    """
    if window_bars < _LEAST:
        raise InputError(
            f"window_bars must be at least {_LEAST}, was {window_bars}.",
            way_out="Give the number of returns to look back on.",
            column="window_bars",
        )
    chosen = bars.filter(pl.col("instrument").is_in(list(instruments)))
    taken = known_bars(chosen).filter(pl.col("known_ns") <= at_ns)
    closes = taken.join(
        chosen.sort("received_ns").unique(
            ["instrument", "event_ns"], keep="first", maintain_order=True
        ),
        left_on=["instrument", "end_ns"],
        right_on=["instrument", "event_ns"],
    ).pivot("instrument", index="end_ns", values="close")
    lacking = [name for name in instruments if name not in closes.columns]
    shared = closes.drop_nulls().sort("end_ns").tail(window_bars + 1)
    if lacking or shared.height <= window_bars:
        raise InputError(
            f"{max(shared.height - 1, 0)} returns were known of all "
            f"{len(instruments)} instruments, fewer than {window_bars}."
            + (f" None of {', '.join(lacking[:3])}." if lacking else ""),
            way_out="Take fewer bars, a later time or instruments with common hours.",
            source="bars",
        )
    returns = np.diff(np.log(shared.select(instruments).to_numpy()), axis=0)
    return np.atleast_2d(np.cov(returns, rowvar=False, ddof=1))
