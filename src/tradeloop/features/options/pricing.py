"""Price and greeks of a European option: one definition for a step, a loop, a contract.

Units, everywhere in this package: a year has 365 days; theta is for a year to come (a
day's is a 365th of it), vega for 1.00 of volatility (a point's is a hundredth), rho for
1.00 of the rate, delta and gamma for 1 of the underlying. A right is +1 for a call and
-1 for a put.
"""

from math import erfc, exp, log, nan, sqrt

from tradeloop.clock import NS_PER_DAY
from tradeloop.fold import inline

DAYS_PER_YEAR = 365
NS_PER_YEAR = float(DAYS_PER_YEAR * NS_PER_DAY)
CALL, PUT = 1.0, -1.0
Greeks = tuple[float, float, float, float, float, float]
"""Price, delta, gamma, theta, vega and rho."""

_ROOT_HALF = sqrt(0.5)
_DENSITY = 0.3989422804014327  # 1 / sqrt(2 pi)
_CERTAIN = 40.0  # standard deviations after which a normal tail is 0


@inline
def normal_cdf(z: float) -> float:
    """Chance that a standard normal is at most z; small ones keep their digits."""
    return 0.5 * erfc(-z * _ROOT_HALF)


@inline
def normal_density(z: float) -> float:
    """Density of a standard normal at z."""
    return _DENSITY * exp(-0.5 * z * z)


@inline
def black_scholes(
    underlying: float,
    strike: float,
    years: float,
    rate: float,
    dividend: float,
    volatility: float,
    right: float,
) -> Greeks:
    """Price and greeks on a spot that pays a continuous dividend yield.

    Without time or volatility the option is worth what exercise would bring, and gamma
    and vega are 0. NaN where underlying or strike is not above 0.
    """
    if not (underlying > 0.0 and strike > 0.0):
        return nan, nan, nan, nan, nan, nan
    side = 1.0 if right > 0.0 else -1.0
    years, volatility = max(years, 0.0), max(volatility, 0.0)
    paid, discount = exp(-dividend * years), exp(-rate * years)
    root = sqrt(years)
    spread = volatility * root
    drift = log(underlying / strike) + (rate - dividend) * years
    if spread > 0.0:
        d1 = drift / spread + 0.5 * spread
        dense = normal_density(d1)
        gamma = paid * dense / (underlying * spread)
    else:
        d1 = _CERTAIN if drift > 0.0 else (-_CERTAIN if drift < 0.0 else 0.0)
        dense, gamma = 0.0, 0.0
    delta = side * paid * normal_cdf(side * d1)
    owed = side * discount * strike * normal_cdf(side * (d1 - spread))
    vega = underlying * paid * dense * root
    decay = 0.5 * underlying * paid * dense * volatility / root if root > 0.0 else 0.0
    theta = dividend * underlying * delta - rate * owed - decay
    return underlying * delta - owed, delta, gamma, theta, vega, years * owed


@inline
def black_76(
    forward: float,
    strike: float,
    years: float,
    rate: float,
    volatility: float,
    right: float,
) -> Greeks:
    """Price and greeks on a forward; they are changes for the forward held still."""
    price, delta, gamma, theta, vega, _ = black_scholes(
        forward, strike, years, rate, rate, volatility, right
    )
    return price, delta, gamma, theta, vega, -max(years, 0.0) * price
