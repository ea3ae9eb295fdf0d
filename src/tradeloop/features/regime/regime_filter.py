"""Chance of each regime, given all rows so far: a hidden chain's forward filter."""

from math import exp, inf
from typing import Any

from numpy import uint64

from tradeloop.errors import InputError
from tradeloop.features.base import Family, Feature, Source, name_of
from tradeloop.features.regime.model import MEASURES, REGIMES, RegimeModel, usual_model
from tradeloop.features.regime.regime_measures import regime_measures
from tradeloop.fold import Float, inline, kernel

_SIZE, _WIDTH = len(REGIMES), len(MEASURES)
_COUNT = _SIZE + _SIZE * _SIZE + 2 * _SIZE * _WIDTH + _SIZE
_FAR = 1e6  # standard deviations; farther is as far, so that no square overflows


@inline
def _away(
    ring: Float, mean: Any, inverse: Any, seen: tuple[float, float, float, float]
) -> float:
    """Square of the distance from a regime's means, in its standard deviations."""
    total = 0.0
    for k in range(len(seen)):
        at = uint64(k)
        z = (seen[k] - ring[mean + at]) * ring[inverse + at]
        z = max(-_FAR, min(z, _FAR))
        total += z * z
    return total


@inline
def _ahead(ring: Float, belief: Any, move: Any, prior: Any, size: Any) -> None:
    """Write the chances of the next row before it is seen."""
    for j in range(size):
        total = 0.0
        for i in range(size):
            total += ring[belief + i] * ring[move + i * size + j]
        ring[prior + j] = total


@kernel(*(f"p_{name.lower()}" for name in REGIMES), state=1, params=_COUNT)
def _regime_filter(
    state: Float,
    ring: Float,
    params: tuple[float, ...],
    drift: float,
    volatility: float,
    drawdown: float,
    trend: float,
) -> tuple[float, float, float, float, float, float]:
    # ring: the params (chances before the first row, of moves, means, 1 / std, heights
    # of the densities), then the chances before this row, then those of this row
    size, width = uint64(6), uint64(4)
    move, mean = size, size + size * size
    height = mean + uint64(2) * size * width
    prior, belief = height + size, height + size + size
    if state[0] == 0.0:
        for j in range(len(params)):
            ring[uint64(j)] = params[j]
        for j in range(size):
            ring[prior + j] = ring[j]
        state[0] = 1.0
    top = -inf
    for j in range(size):
        at = mean + j * width
        away = _away(ring, at, at + size * width, (drift, volatility, drawdown, trend))
        ring[belief + j] = ring[height + j] - 0.5 * away
        top = max(top, ring[belief + j])
    total = 0.0
    for j in range(size):
        ring[belief + j] = ring[prior + j] * exp(ring[belief + j] - top)
        total += ring[belief + j]
    for j in range(size):
        ring[belief + j] /= total
    _ahead(ring, belief, move, prior, size)
    a, b, c = ring[belief], ring[belief + uint64(1)], ring[belief + uint64(2)]
    belief += uint64(3)
    return a, b, c, ring[belief], ring[belief + uint64(1)], ring[belief + uint64(2)]


def regime_filter(
    model: RegimeModel | None = None,
    measures: tuple[Source, ...] = (),
    *,
    name: str = "regime",
) -> Feature:
    """Columns ``p_trending_up``, ``p_trending_down`` and so on, which sum to 1.

    Parameters
    ----------
    model : RegimeModel, optional
        As `fit_regime` found it on training rows; absent: the usual one, set by hand.
    measures : tuple of str or Column, optional
        Columns of `MEASURES`, in their order; absent: `regime_measures`.
    name : str
        Beginning of the columns' names: one for each model in a bank.

    Raises
    ------
    InputError
        There are not as many measures as the model has.
    """
    measures = measures or regime_measures().columns
    if len(measures) != _WIDTH:
        raise InputError(
            f"The filter reads {_WIDTH} measures, {', '.join(MEASURES)}, not "
            f"{', '.join(map(name_of, measures))}.",
            way_out="Give one for each.",
            source="measures",
        )
    return Feature(
        name,
        FAMILY,
        measures,
        (model or usual_model()).params(),
        ring=_COUNT + 2 * _SIZE,
        warm_up=(0,) * _SIZE,
        look_back=None,
    )


_SMALL = regime_measures(5, 30).columns
FAMILY = Family(
    name="regime_filter",
    category="risk",
    kernel=_regime_filter,
    formula="p[j] = density(j, measures) * sum over i of p[t-1][i] * transition[i, j], "
    "divided by their sum",
    unit="0 to 1, together 1",
    reference="forward filter, Baum and others 1970; Hamilton 1989",
    build=regime_filter,
    examples=((usual_model(), _SMALL),),
)
