"""GARCH(1,1): the volatility that given parameters forecast for the next row."""

from math import sqrt

from tradeloop.errors import InputError
from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.base import Family, Feature, Source, suffix
from tradeloop.fold import Float, kernel

USUAL = (200.0, 0.08, 0.90)
"""A choice, not a fit: with returns in bps, 1 % a row in the long run, as a daily
stock index; fit your own parameters on training rows and pass them."""


@kernel("value", state=2, params=4)
def _garch(
    state: Float, params: tuple[float, float, float, float], change: float
) -> float:
    omega, alpha, beta, start = params
    # The state is held as its excess over the start, so that no row is the first.
    before = state[0] + start
    after = omega + alpha * (change * change) + beta * before
    state[0] = after - start
    return sqrt(after)


def garch(
    omega: float = USUAL[0],
    alpha: float = USUAL[1],
    beta: float = USUAL[2],
    x: Source | None = None,
) -> Feature:
    """Volatility forecast for the next row, in the unit of ``x`` (bps of log return).

    The parameters are run-time: fit them outside the rows that are served, with a mean
    of 0 and returns in the unit of ``x`` (``omega`` is in its square). It starts at the
    unconditional variance ``omega / (1 - alpha - beta)``.
    """
    if omega <= 0.0 or alpha < 0.0 or beta < 0.0 or alpha + beta >= 1.0:
        raise InputError(
            "garch needs omega above 0, alpha and beta not below 0 and a sum of these "
            f"below 1, was omega {omega}, alpha {alpha}, beta {beta}.",
            way_out="Fit them anew; a sum of 1 has no unconditional variance.",
            source="garch",
        )
    change = log_return(1).columns[0] if x is None else x
    values = "_".join(f"{v:g}".replace(".", "_") for v in (omega, alpha, beta))
    return Feature(
        f"garch_{values}{suffix(change, 'log_return_1_bps')}_bps",
        FAMILY,
        (change,),
        (omega, alpha, beta, omega / (1 - alpha - beta)),
        warm_up=(0,),
        look_back=None,
    )


FAMILY = Family(
    name="garch",
    category="risk",
    kernel=_garch,
    formula="sqrt(h[t+1]), h[t+1] = omega + alpha * r[t]^2 + beta * h[t], "
    "h[0] = omega / (1 - alpha - beta), r log return in bps",
    unit="bps a row",
    reference="Bollerslev 1986; mean 0",
    build=garch,
    examples=((), (500.0, 0.2, 0.7)),
)
