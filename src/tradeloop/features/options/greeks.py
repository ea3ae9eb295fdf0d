"""Price and greeks of a contract on a spot, from its volatility."""

from tradeloop.features.base import Family, Feature, Source, suffix
from tradeloop.features.options.pricing import black_scholes
from tradeloop.fold import kernel

VOLATILITY = "option.volatility"


@kernel("price", "delta", "gamma", "theta", "vega", "rho")
def _greeks(
    underlying: float,
    strike: float,
    years: float,
    rate: float,
    dividend: float,
    volatility: float,
    right: float,
) -> tuple[float, float, float, float, float, float]:
    return black_scholes(  # type: ignore[no-any-return]
        underlying, strike, years, rate, dividend, volatility, right
    )


def greeks(volatility: Source = VOLATILITY) -> Feature:
    """Columns ``price``, ``delta``, ``gamma``, ``theta``, ``vega`` and ``rho``."""
    return Feature(
        f"greeks{suffix(volatility, VOLATILITY)}",
        FAMILY,
        (
            "option.underlying_price",
            "option.strike",
            "option.years",
            "option.rate",
            "option.dividend",
            volatility,
            "option.right",
        ),
        warm_up=(0,) * 6,
    )


FAMILY = Family(
    name="greeks",
    category="options",
    kernel=_greeks,
    formula="side * (exp(-dividend * years) * underlying * N(side * d1) "
    "- exp(-rate * years) * strike * N(side * d2)), side = right, and its derivatives",
    unit="price and theta in currency, theta for a year of 365 days; delta and gamma "
    "for 1 of the underlying, vega and rho for 1.00; gamma and vega 0 and exercise "
    "value where there is no time or no volatility",
    reference="Black and Scholes 1973; Merton 1973",
    build=greeks,
    examples=((), ("option.iv_30",)),
    price_degree=(1, 0, -1, 1, 1, 1),
)
