"""Prices, greeks and implied volatilities of many contracts: arrays in, arrays out.

The loops run the functions that a step and a single contract run, so that all three
give the same bits.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import InputError
from tradeloop.features.options.inversion import implied_volatility
from tradeloop.features.options.pricing import black_76, black_scholes
from tradeloop.fold import Float, compiled

GREEKS = ("price", "delta", "gamma", "theta", "vega", "rho")
_SPOT = ("underlying", "strike", "years", "rate", "dividend")


@compiled
def _spot_loop(rows: Float, found: Float) -> None:
    for k in range(rows.shape[1]):
        found[0, k], found[1, k], found[2, k], found[3, k], found[4, k], found[5, k] = (
            black_scholes(
                rows[0, k],
                rows[1, k],
                rows[2, k],
                rows[3, k],
                rows[4, k],
                rows[5, k],
                rows[6, k],
            )
        )


@compiled
def _forward_loop(rows: Float, found: Float) -> None:
    for k in range(rows.shape[1]):
        found[0, k], found[1, k], found[2, k], found[3, k], found[4, k], found[5, k] = (
            black_76(
                rows[0, k], rows[1, k], rows[2, k], rows[3, k], rows[4, k], rows[5, k]
            )
        )


@compiled
def _implied_loop(rows: Float, found: Float) -> None:
    for k in range(rows.shape[1]):
        found[0, k], found[1, k] = implied_volatility(
            rows[0, k],
            rows[1, k],
            rows[2, k],
            rows[3, k],
            rows[4, k],
            rows[5, k],
            rows[6, k],
        )


def price_on_spot(
    underlying: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    right: ArrayLike,
) -> dict[str, Float]:
    """Black-Scholes prices and greeks; arguments are broadcast, rights are +1 and -1.

    Returns
    -------
    dict of str to ndarray of shape (n_contracts,)
        `GREEKS`, in the units of `tradeloop.features.options.pricing`.
    """
    given = (underlying, strike, years, rate, dividend, volatility, right)
    return _named(_spot_loop, (*_SPOT, "volatility", "right"), given, GREEKS)


def price_on_forward(
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    volatility: ArrayLike,
    right: ArrayLike,
) -> dict[str, Float]:
    """Black-76 prices and greeks; see `price_on_spot`."""
    names = ("forward", "strike", "years", "rate", "volatility", "right")
    given = (forward, strike, years, rate, volatility, right)
    return _named(_forward_loop, names, given, GREEKS)


def implied(
    underlying: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    price: ArrayLike,
    right: ArrayLike,
) -> dict[str, Float]:
    """Implied volatilities and reasons; on a forward, give the rate as dividend.

    Returns
    -------
    dict of str to ndarray of shape (n_contracts,)
        ``volatility``, NaN where there is none, and ``reason``, a key of
        `tradeloop.features.options.inversion.REASONS`.
    """
    given = (underlying, strike, years, rate, dividend, price, right)
    names = (*_SPOT, "price", "right")
    return _named(_implied_loop, names, given, ("volatility", "reason"))


def _named(
    loop: Any,
    names: tuple[str, ...],
    given: tuple[ArrayLike, ...],
    outputs: tuple[str, ...],
) -> dict[str, Float]:
    try:
        rows = np.broadcast_arrays(*(np.asarray(a, np.float64).ravel() for a in given))
    except ValueError as error:
        raise InputError(
            f"The arguments {', '.join(names)} must be numbers of one length: {error}.",
            way_out="Give each contract one number of each, or one for all.",
        ) from error
    found = np.empty((len(outputs), rows[0].size))
    loop(np.ascontiguousarray(rows), found)
    return dict(zip(outputs, found, strict=True))
