"""Volatility that a contract's price implies, and why there is none."""

from tradeloop.features.base import Family, Feature, Source, suffix
from tradeloop.features.options.inversion import implied_volatility as solved
from tradeloop.fold import kernel

_PRICE, _DIVIDEND = "option.price", "option.dividend"


@kernel("volatility", "reason")
def _implied_volatility(
    underlying: float,
    strike: float,
    years: float,
    rate: float,
    dividend: float,
    price: float,
    right: float,
) -> tuple[float, float]:
    return solved(underlying, strike, years, rate, dividend, price, right)  # type: ignore[no-any-return]


def implied_volatility(price: Source = _PRICE, dividend: Source = _DIVIDEND) -> Feature:
    """Columns ``volatility`` (0.2 is 20 % a year) and ``reason``.

    On a forward give ``option.rate`` as dividend.
    """
    return Feature(
        f"implied_volatility{suffix(price, _PRICE)}{suffix(dividend, _DIVIDEND)}",
        FAMILY,
        (
            "option.underlying_price",
            "option.strike",
            "option.years",
            "option.rate",
            dividend,
            price,
            "option.right",
        ),
        warm_up=(0, 0),
    )


FAMILY = Family(
    name="implied_volatility",
    category="options",
    kernel=_implied_volatility,
    formula="volatility at which the price of greeks is price",
    unit="1 a year of 365 days, missing where no volatility gives the price; reason 0 "
    "found, 1 price too low, 2 too high, 3 inputs without a price",
    reference="Black and Scholes 1973; bracketed third-order iteration",
    build=implied_volatility,
    examples=((), ("option.price_on_forward", "option.rate")),
)
