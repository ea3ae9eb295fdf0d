"""Where the efficient price stood at a moment, with the error of that estimate.

1. Quotes lag behind the efficient price: at each change they go a share ``g`` of the
   way (partial adjustment). ``g`` is read off how far a change goes on: with ``b`` the
   slope of the following move on the change, ``g = 1 / (1 + b)``. The price that a
   quote went for is ``level[k-1] + (level[k] - level[k-1]) / g``.
2. Around each moment the volatility is the mean square of moves over some rows, by
   the time that they took.
3. Between the last quote before a moment, ``a`` s old, and the first one after it,
   ``b`` s later, the efficient price is taken as a Brownian motion: the two are
   weighted by the inverse of their error variances ``rate a + own`` and ``rate b +
   own``. Where no later quote is known yet, the first one stands alone.

Only rows known by a given time are used, and ``g`` is fitted anew only when the number
of known rows has doubled: a later quote changes nothing of an estimate once made.

References
----------
Amihud and Mendelson (1987), Journal of Finance 42(3): partial adjustment. Zhang,
Mykland and Ait-Sahalia (2005), JASA 100: variance from subsampled longer steps.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradeloop.labels.base import Floats, Times
from tradeloop.labels.certainty.observations import Observations
from tradeloop.labels.certainty.rule import CertaintyRule

Rows = NDArray[np.intp]
_LEAST_SHARE = 0.1  # a quote that goes less of the way than this says nothing


class Standing(NamedTuple):
    """Estimate of the efficient price at some moments, each field of shape (n,).

    Parameters
    ----------
    level_bps : ndarray
        ``1e4 log(price)``; NaN where there is no estimate.
    rate : ndarray
        Variance that the price gains, bps squared a second.
    weight : ndarray
        Weight of the later of the two quotes; 0 without one.
    own : ndarray
        Error variance of a quote by itself, bps squared.
    before_ns, at_ns, after_ns : ndarray
        When the earlier quote stood; the moment; when the later quote stood, or the
        moment itself without one.
    first_ns, last_ns : ndarray
        Window from which the rate was taken.
    """

    level_bps: Floats
    rate: Floats
    weight: Floats
    own: Floats
    before_ns: Times
    at_ns: Times
    after_ns: Times
    first_ns: Times
    last_ns: Times

    @property
    def variance(self) -> Floats:
        """Error variance of the level, bps squared."""
        early, late = 1.0 - self.weight, self.weight
        aged = early**2 * (self.at_ns - self.before_ns)
        ahead = late**2 * (self.after_ns - self.at_ns)
        moved: Floats = self.rate * (aged + ahead) / 1e9
        return moved + self.own * (early**2 + late**2)


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """What is derived from rows ``[0, stop)`` once some were known.

    ``level`` is where each quote went for; ``squares`` and ``spent`` are sums of
    squared moves over steps, and of the time of these steps.
    """

    level: Floats
    squares: Floats
    spent: Floats
    rounding: float


def adjustment(level_bps: Floats, *, lag_rows: int) -> float:
    """Share of the way that quotes go at each change, between 0.1 and 1.

    ``1 / (1 + b)`` with ``b = sum D[k] (L[k+lag] - L[k]) / sum D[k]**2`` and ``D[k] =
    L[k] - L[k-1]``: a change that is followed by more of the same was part of the way.

    Parameters
    ----------
    level_bps : ndarray of shape (n_rows,)
    lag_rows : int
        Rows within which the rest follows; more rows than this must be given.
    """
    moves = np.diff(level_bps)[: -lag_rows or None]
    rest = level_bps[1 + lag_rows :] - level_bps[1 : len(moves) + 1]
    squares = float(moves @ moves)
    follows = float(moves @ rest) / squares if squares > 0 else 0.0
    return 1.0 / (1.0 + min(max(follows, 0.0), 1.0 / _LEAST_SHARE - 1.0))


def _fitted(seen: Observations, known: int, stop: int, rule: CertaintyRule) -> _Fitted:
    """Fit on the first ``known`` rows, apply to the first ``stop``."""
    raw = seen.level_bps[:stop]
    share = 1.0
    if seen.follows:
        share = adjustment(raw[:known], lag_rows=rule.lag_rows)
    level = raw.copy()
    level[1:] = raw[:-1] + np.diff(raw) / share
    moves = np.abs(np.diff(raw[:known]))
    grid = float(moves[moves > 0].min(initial=np.inf))
    step = rule.step_rows
    squares, spent = np.zeros(len(level)), np.zeros(len(level))
    squares[step:] = np.cumsum((level[step:] - level[:-step]) ** 2)
    stood = seen.stood_ns[:stop]
    spent[step:] = np.cumsum((stood[step:] - stood[:-step]) / 1e9)
    return _Fitted(level, squares, spent, grid**2 / 12 if np.isfinite(grid) else 0.0)


def _at(
    seen: Observations, fit: _Fitted, at_ns: Times, last: Rows, rule: CertaintyRule
) -> Standing:
    """Estimate at moments whose last known row is ``last``."""
    before = np.searchsorted(seen.stood_ns, at_ns, side="right") - 1
    before = np.minimum(before, last)
    lowest = np.maximum(before - rule.window_rows, rule.step_rows)
    highest = np.minimum(before + rule.window_rows, last)
    enough = (before >= 0) & (highest - lowest >= rule.window_rows // 2)
    low, high = np.where(enough, lowest, 0), np.where(enough, highest, 1)
    before = np.maximum(before, 0)
    bounce = seen.bounce_bps**2
    moved = fit.squares[high] - fit.squares[low]
    apart = moved - 2 * bounce * (high - low)
    spent = fit.spent[high] - fit.spent[low]
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.maximum(apart, 0.1 * moved) / spent  # a bounce is never all
        rate = rule.between_share * rate
        between = (seen.stood_ns[high] - seen.stood_ns[low]) / 1e9 / (high - low)
    own = rule.quote_share * rate * between + fit.rounding + bounce
    has = before < last
    after = np.where(has, before + 1, before)
    early = seen.stood_ns[before]
    late = np.where(has, seen.stood_ns[after], at_ns)
    aged, ahead = rate * (at_ns - early) / 1e9 + own, rate * (late - at_ns) / 1e9 + own
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(has, aged / (aged + ahead), 0.0)
    level = fit.level[before] * (1 - weight) + fit.level[after] * weight
    level = np.where(enough & (spent > 0), level, np.nan)
    window = seen.stood_ns[low], seen.stood_ns[high]
    return Standing(level, rate, weight, own, early, at_ns, late, *window)


class Fits:
    """Observations of one instrument with what was fitted to them, each fit made once.

    Parameters
    ----------
    seen : Observations
        Of the instrument.
    rule : CertaintyRule
        Windows and shares.
    """

    def __init__(self, seen: Observations, rule: CertaintyRule) -> None:
        self.seen, self.rule = seen, rule
        self._made: dict[int, _Fitted] = {}

    def stage(self, k: int) -> _Fitted:
        """Fit on the first ``least_rows * 2**k`` rows, for up to twice as many."""
        if k not in self._made:
            known = self.rule.least_rows * 2**k
            stop = min(2 * known, len(self.seen))
            self._made[k] = _fitted(self.seen, known, stop, self.rule)
        return self._made[k]


def standing(price: Fits, at_ns: Times, known_ns: Times) -> Standing:
    """Estimate the efficient price at moments from what was known at later times.

    Parameters
    ----------
    price : Fits
        Observations of the instrument, and the rule.
    at_ns : ndarray of shape (n,)
        Moments, ns UTC.
    known_ns : ndarray of shape (n,)
        Only rows known by then are used.

    Returns
    -------
    Standing
        Level NaN where fewer than ``rule.least_rows`` rows were known, or too few of
        them lie around the moment.
    """
    seen, rule = price.seen, price.rule
    count = np.searchsorted(seen.known_ns, known_ns, side="right")
    doubled = np.log2(np.maximum(count, 1) / rule.least_rows)
    stage = np.floor(doubled).astype(np.int64)
    floats = [np.full(len(at_ns), np.nan) for _ in range(4)]
    level, rate, weight, own = floats
    before, moment, after, first, last = (at_ns.copy() for _ in range(5))
    found = Standing(level, rate, weight, own, before, moment, after, first, last)
    for k in np.unique(stage[stage >= 0]):
        here = np.flatnonzero(stage == k)
        made = _at(seen, price.stage(int(k)), at_ns[here], count[here] - 1, rule)
        for part, values in zip(found, made, strict=True):
            part[here] = values
    return found
