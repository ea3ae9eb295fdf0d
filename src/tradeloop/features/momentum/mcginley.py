"""McGinley dynamic: a mean that runs after the price as fast as it falls."""

from math import nan

from tradeloop.features.base import Family, Feature, Source, positive_rows, suffix
from tradeloop.fold import Float, kernel


@kernel("value", state=2, params=1)
def _mcginley(state: Float, params: tuple[float], x: float) -> float:
    if state[0] == 0.0:
        state[0], state[1] = 1.0, x
        return nan
    mean = state[1]
    ratio = x / mean if mean > 0.0 else 0.0
    slow = max(params[0] * (ratio * ratio) * (ratio * ratio), 1.0)
    state[1] = mean + (x - mean) / slow
    return state[1]  # type: ignore[no-any-return]


def mcginley(n: int, x: Source = "close") -> Feature:
    """``m + (x - m) / (0.6 * n * (x / m)^4)``, in the unit of ``x``, a price.

    The step never passes the price: after a fall by much the formula alone would throw
    the mean far below it.
    """
    n = positive_rows(n, "mcginley")
    return Feature(
        f"mcginley_{n}{suffix(x, 'close')}",
        FAMILY,
        (x,),
        (0.6 * n,),
        warm_up=(1,),
        look_back=None,
    )


FAMILY = Family(
    name="mcginley",
    category="technical",
    kernel=_mcginley,
    formula="m[t-1] + (x - m[t-1]) / max(0.6 * n * (x / m[t-1])^4, 1), from x[0] on",
    unit="unit of x; x itself where the mean before is not above 0",
    reference="McGinley 1990",
    build=mcginley,
    examples=((14,), (2,)),
    price_degree=(1,),
)
