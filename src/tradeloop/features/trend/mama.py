"""MESA adaptive moving average, and the one that follows it."""

from math import nan

from tradeloop.errors import InputError
from tradeloop.features.base import Family, Feature, Source, suffix
from tradeloop.features.trend.blend import figure
from tradeloop.features.trend.hilbert import HISTORY, STATE, push_cycle
from tradeloop.fold import Float, kernel

_SKIP, _SETTLED = 12.0, 32.0  # rows, as in TA-Lib


@kernel("mama", "fama", state=STATE + 3, params=2)
def _mama(
    state: Float, ring: Float, params: tuple[float, float], x: float
) -> tuple[float, float]:
    fast, slow = params
    rows, phase, _ = push_cycle(state, ring, x, _SKIP)
    if rows < _SKIP:
        return nan, nan
    turned = max(state[8] - phase, 1.0)
    weight = max(fast / turned, slow) if turned > 1.0 else fast
    state[6] = weight * x + (1.0 - weight) * state[6]
    weight *= 0.5
    state[7] = weight * state[6] + (1.0 - weight) * state[7]
    state[8] = phase
    if rows < _SETTLED:
        return nan, nan
    return state[6], state[7]


def mama(x: Source = "close", fast: float = 0.5, slow: float = 0.05) -> Feature:
    """Columns ``mama`` and ``fama``, in the unit of ``x``.

    An exponential mean whose weight runs from ``slow`` to ``fast`` with the speed of
    the phase of the price's cycle; the second follows it at half the weight.
    """
    if not 0.0 < slow <= fast < 1.0:
        raise InputError(
            f"mama needs 0 < slow <= fast < 1, had {slow} and {fast}.",
            way_out="The usual ones are 0.05 and 0.5.",
            source="mama",
        )
    usual = "" if (fast, slow) == (0.5, 0.05) else f"_{figure(fast)}_{figure(slow)}"
    return Feature(
        f"mesa{usual}{suffix(x, 'close')}",
        FAMILY,
        (x,),
        (fast, slow),
        ring=HISTORY,
        warm_up=(32, 32),
        look_back=None,
    )


FAMILY = Family(
    name="mama",
    category="technical",
    kernel=_mama,
    formula="m[t] = m[t-1] + w * (x[t] - m[t-1]), w = fast / degrees of phase since "
    "the row before, slow to fast; fama the same on mama with w / 2",
    unit="unit of x",
    reference="Ehlers 2001; TA-Lib MAMA",
    build=mama,
    examples=((), ("open", 0.8, 0.1)),
    price_degree=(1, 1),
)
