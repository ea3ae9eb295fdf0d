"""Greeks on a forward: QuantLib. Its rho holds the spot still; ours the forward."""

from math import exp, sqrt

import numpy as np
import QuantLib as ql  # noqa: N813 - its own short name

NAMES = ("price", "delta", "gamma", "theta", "vega", "rho")


def one(forward, strike, years, rate, volatility, right):
    kind = ql.Option.Call if right > 0 else ql.Option.Put
    payoff = ql.PlainVanillaPayoff(kind, strike)
    spread, discount = volatility * sqrt(years), exp(-rate * years)
    found = ql.BlackCalculator(payoff, forward, spread, discount)
    return (
        found.value(),
        found.deltaForward(),
        found.gammaForward(),
        found.theta(forward, years),
        found.vega(years),
        -years * found.value(),
    )


def expected(columns, volatility="option.volatility"):
    given = ("underlying_price", "strike", "years", "rate")
    inputs = [columns[f"option.{name}"] for name in given]
    inputs += [columns[volatility], columns["option.right"]]
    found = np.array([one(*map(float, row)) for row in zip(*inputs, strict=True)])
    return dict(zip(NAMES, found.T, strict=True))
