"""Price and greeks of a contract on a forward, from its volatility."""

from tradeloop.features.base import Family, Feature, Source, suffix
from tradeloop.features.options.greeks import VOLATILITY
from tradeloop.features.options.pricing import black_76
from tradeloop.fold import kernel


@kernel("price", "delta", "gamma", "theta", "vega", "rho")
def _forward_greeks(
    forward: float,
    strike: float,
    years: float,
    rate: float,
    volatility: float,
    right: float,
) -> tuple[float, float, float, float, float, float]:
    return black_76(forward, strike, years, rate, volatility, right)  # type: ignore[no-any-return]


def forward_greeks(volatility: Source = VOLATILITY) -> Feature:
    """As `greeks`, with the price of the underlying taken as that of a forward."""
    return Feature(
        f"forward_greeks{suffix(volatility, VOLATILITY)}",
        FAMILY,
        (
            "option.underlying_price",
            "option.strike",
            "option.years",
            "option.rate",
            volatility,
            "option.right",
        ),
        warm_up=(0,) * 6,
    )


FAMILY = Family(
    name="forward_greeks",
    category="options",
    kernel=_forward_greeks,
    formula="exp(-rate * years) * side * (forward * N(side * d1) "
    "- strike * N(side * d2)), side = right, and its derivatives",
    unit="as those of greeks; rho for the forward held still",
    reference="Black 1976",
    build=forward_greeks,
    examples=((), ("option.iv_30",)),
    price_degree=(1, 0, -1, 1, 1, 1),
)
