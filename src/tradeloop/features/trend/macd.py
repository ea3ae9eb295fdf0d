"""MACD: a fast less a slow exponential mean, and its own mean."""

from math import nan

from tradeloop.errors import InputError
from tradeloop.features.base import Family, Feature, Source, positive_rows, suffix
from tradeloop.fold import Float, inline, kernel


@inline
def _seed(state: Float, fast: float, slow: float, x: float) -> tuple[float, float]:
    """Add up the first values; the means start together, once the slow one is full."""
    count, f, s = state[0], state[1], state[2] + x
    if count >= slow - fast:
        f += x
    if count == slow - 1.0:
        f /= fast
        s /= slow
    return f, s


@kernel("line", "signal", "histogram", state=4, params=6)
def _macd(
    state: Float, params: tuple[float, float, float, float, float, float], x: float
) -> tuple[float, float, float]:
    fast, slow, sig, wf, ws, wg = params
    count = state[0]
    if count >= slow:
        f = state[1] * (1.0 - wf) + x * wf
        s = state[2] * (1.0 - ws) + x * ws
    else:
        f, s = _seed(state, fast, slow, x)
    state[1], state[2] = f, s
    if count < slow + sig:
        state[0] = count + 1.0
    if count < slow - 1.0:
        return nan, nan, nan
    line = f - s
    if count > slow + sig - 2.0:
        state[3] = state[3] * (1.0 - wg) + line * wg
    else:
        state[3] += line
        if count == slow + sig - 2.0:
            state[3] /= sig
    if count < slow + sig - 2.0:
        return nan, nan, nan
    return line, state[3], line - state[3]


def macd(fast: int, slow: int, signal: int, x: Source = "close") -> Feature:
    """Columns ``line``, ``signal`` and ``histogram``, in the unit of ``x``.

    All three start where the signal does, and the fast mean is seeded so that both
    means start together: as in TA-Lib.
    """
    positive_rows(fast, "macd.fast")
    positive_rows(signal, "macd.signal")
    if slow <= fast:
        raise InputError(
            f"macd.slow must be above macd.fast, was {slow} with {fast}.",
            way_out="Swap the periods.",
        )
    weights = (2 / (fast + 1), 2 / (slow + 1), 2 / (signal + 1))
    return Feature(
        f"macd_{fast}_{slow}_{signal}{suffix(x, 'close')}",
        FAMILY,
        (x,),
        (fast, slow, signal, *weights),
        warm_up=(slow + signal - 2,) * 3,
        look_back=None,
    )


FAMILY = Family(
    name="macd",
    category="technical",
    kernel=_macd,
    formula="line = ema(fast) - ema(slow), signal = ema(line), histogram = the rest",
    unit="unit of x",
    reference="Appel 1979; TA-Lib MACD",
    build=macd,
    examples=((12, 26, 9), (3, 7, 4)),
    price_degree=(1, 1, 1),
)
