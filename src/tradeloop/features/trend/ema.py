"""Exponential and Wilder means, seeded with a plain mean as in TA-Lib."""

from math import nan

from tradeloop.features.base import (
    Family,
    Feature,
    Source,
    positive_rows,
    suffix,
)
from tradeloop.fold import Float, kernel


@kernel("value", state=2, params=3)
def _ema(state: Float, params: tuple[float, float, float], x: float) -> float:
    n, fresh, keep = params
    if state[0] == n:
        state[1] = state[1] * keep + x * fresh
        return state[1]  # type: ignore[no-any-return]
    state[0] += 1.0
    state[1] += x
    if state[0] < n:
        return nan
    state[1] /= n
    return state[1]  # type: ignore[no-any-return]


def ema(x: Source, n: int) -> Feature:
    """m[t] = m[t-1] + 2 / (n + 1) * (x[t] - m[t-1]), in the unit of ``x``."""
    name = f"ema_{n}{suffix(x, 'close')}"
    return weighted_mean(name, x, positive_rows(n, "ema"), 2 / (n + 1))


def wilder(x: Source, n: int) -> Feature:
    """m[t] = m[t-1] + 1 / n * (x[t] - m[t-1]), in the unit of ``x``."""
    name = f"wilder_{n}{suffix(x, 'close')}"
    return weighted_mean(name, x, positive_rows(n, "wilder"), 1 / n)


def weighted_mean(
    name: str, x: Source, n: int, fresh: float, keep: float | None = None
) -> Feature:
    """m[t] = keep * m[t-1] + fresh * x[t], seeded with the mean of n values.

    Parameters
    ----------
    name : str
        Name of the feature.
    x : str or Column
        What is averaged.
    n : int
        Rows of the seed.
    fresh, keep : float
        Weights of the new value and of the mean before; ``keep`` is by default what is
        left of 1.
    """
    n = positive_rows(n, name)
    keep = 1 - fresh if keep is None else keep
    return Feature(
        name, FAMILY, (x,), (n, fresh, keep), warm_up=(n - 1,), look_back=None
    )


FAMILY = Family(
    name="ema",
    category="technical",
    kernel=_ema,
    formula="m[t] = m[t-1] + w * (x[t] - m[t-1]), w = 2 / (n + 1), or 1 / n (Wilder)",
    unit="unit of x",
    reference="TA-Lib EMA; Wilder 1978",
    build=ema,
    examples=(("close", 20), ("volume", 3)),
    price_degree=(1,),
)
