"""How often the best of many trials, chosen on one half, is below the median later."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.statistics.samples import Floats, at_least, finite_rows

_LEAST_TRIALS = 2
_ROUNDING = 1e-12
_TIE = 1e-10  # ratios that are equal but for the order in which they were summed
_MOST_BLOCKS = 20  # 184,756 splits; 22 blocks would be four times as many


@dataclass(frozen=True, slots=True)
class Overfitting:
    """What choosing the best trial is worth on rows that did not choose it.

    Parameters
    ----------
    probability : float
        Probability of back-test overfitting (PBO): share of the splits in which the
        trial that was best in sample is at or below the median out of sample.
    loss_share : float
        Share of the splits in which it has a mean return of at most 0 out of sample.
    median_logit : float
        Median over the splits of ``ln(w / (1 - w))``; above 0 is good.
    splits, blocks, trials : int
        What was split, and how.
    """

    probability: float
    loss_share: float
    median_logit: float
    splits: int
    blocks: int
    trials: int


def backtest_overfitting(
    returns: ArrayLike, *, blocks: int = 16, day: ArrayLike | None = None
) -> Overfitting:
    """Probability of back-test overfitting by combinatorially symmetric splits.

    The rows are cut into S blocks in time order. For each of the C(S, S/2) ways to take
    half of them, the trial with the best Sharpe ratio on that half (in sample) is
    ranked by its Sharpe ratio on the other half. With ``r`` its rank among N trials
    (1 is worst; equal ones share the mean of their ranks) and ``w = r / (N + 1)``, PBO
    is the share of splits with ``ln(w / (1 - w)) <= 0``. Of equals in sample the first
    is chosen. A trial whose returns do not vary on a half has the ratio 0 there.

    Parameters
    ----------
    returns : array_like of shape (n_rows, n_trials)
        Returns of every trial on the same rows in time order; NaN is refused. At least
        two trials.
    blocks : int
        S, even, from 2 to 20. They differ by one day at most.
    day : array_like of int of shape (n_rows,), optional
        Day of each row, not falling; a day is never cut. Without it a row is a day.

    Returns
    -------
    Overfitting

    Raises
    ------
    InputError
        Fewer days than blocks, one trial, an odd number of blocks, or a value that is
        not finite.

    References
    ----------
    Bailey, Borwein, Lopez de Prado and Zhu (2017), Journal of Computational Finance
    20(4): "The probability of backtest overfitting".
    """
    s = _even(blocks)
    values = finite_rows(returns, name="returns", at_least=s, axes=2)
    n_trials = values.shape[1]
    if n_trials < _LEAST_TRIALS:
        raise InputError(
            f"returns must hold at least {_LEAST_TRIALS} trials, had {n_trials}.",
            way_out="Nothing was chosen from one trial, so nothing can be overfitted.",
            source="returns",
        )
    chosen = _halves(s)
    means, ratios = _measures(values, _starts(day, len(values), s), chosen)
    splits = len(chosen)
    best = (ratios >= ratios.max(axis=1, keepdims=True) - _TIE).argmax(axis=1)
    at = np.arange(splits)
    # The halves come in lexical order, so the complement of split i is the i-th last.
    after = ratios[::-1]
    own = after[at, best][:, None]
    below = (after < own - _TIE).sum(axis=1)
    equal = (after <= own + _TIE).sum(axis=1) - below
    place = (below + (equal + 1) / 2) / (n_trials + 1)
    return Overfitting(
        probability=float((place <= 1 / 2).mean()),
        loss_share=float((means[::-1][at, best] <= 0).mean()),
        median_logit=float(np.median(np.log(place / (1 - place)))),
        splits=splits,
        blocks=s,
        trials=n_trials,
    )


def whole_days(day: ArrayLike | None, n_rows: int) -> NDArray[np.intp]:
    """First row of each day; without ``day`` a row is a day.

    Raises
    ------
    InputError
        The days have another length than the rows, or fall.
    """
    if day is None:
        return np.arange(n_rows)
    days = finite_rows(day, name="day", at_least=1)
    if len(days) != n_rows:
        raise InputError(
            f"day must have the {n_rows} rows of returns, had {len(days)}.",
            way_out="Give one day per row.",
            source="day",
        )
    falls = np.flatnonzero(np.diff(days) < 0)
    if len(falls):
        raise InputError(
            f"day must not fall, went from {days[falls[0]]:g} to "
            f"{days[falls[0] + 1]:g}.",
            way_out="Sort the rows by time.",
            source="day",
            row=int(falls[0]) + 1,
        )
    return np.concatenate([[0], np.flatnonzero(np.diff(days)) + 1]).astype(np.intp)


def _even(blocks: int) -> int:
    s = at_least(blocks, 2, name="blocks")
    if s % 2 or s > _MOST_BLOCKS:
        raise InputError(
            f"blocks must be even and at most {_MOST_BLOCKS}, was {s}.",
            way_out="Take 16, as its authors do.",
            source="blocks",
        )
    return s


def _starts(day: ArrayLike | None, n_rows: int, blocks: int) -> NDArray[np.intp]:
    """First row of each block; ``n_rows`` after the last."""
    first = whole_days(day, n_rows)
    if len(first) < blocks:
        raise InputError(
            f"returns must cover at least {blocks} days, covered {len(first)}.",
            way_out="Give more days, or take fewer blocks.",
            source="returns",
        )
    places = np.arange(blocks) * len(first) // blocks
    return np.append(first[places], n_rows)


def _halves(blocks: int) -> Floats:
    """1 where a split takes a block: shape (n_splits, n_blocks), in lexical order."""
    picks = np.array(list(combinations(range(blocks), blocks // 2)))
    taken = np.zeros((len(picks), blocks))
    np.put_along_axis(taken, picks, 1.0, axis=1)
    return taken


def _measures(
    values: Floats, starts: NDArray[np.intp], taken: Floats
) -> tuple[Floats, Floats]:
    """Mean and Sharpe ratio of each trial on each half: shape (n_splits, n_trials)."""
    centre, spread = values.mean(axis=0), values.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    off = (values - centre) / scale
    rows = taken @ np.diff(starts)[:, None]
    mean = (taken @ np.add.reduceat(off, starts[:-1], axis=0)) / rows
    square = (taken @ np.add.reduceat(off * off, starts[:-1], axis=0)) / rows
    variance = (square - mean * mean) * rows / (rows - 1)
    means = mean * scale + centre
    # A trial that did not move on a half has a variance of rounding errors there.
    moved = variance > _ROUNDING
    deviation = np.sqrt(np.where(moved, variance, 1.0)) * scale
    return means, np.where(moved, means / deviation, 0.0)
