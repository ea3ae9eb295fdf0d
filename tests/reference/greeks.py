"""Price by the formula, greeks by its derivatives, each written out."""

from math import erfc, exp, log, pi, sqrt

import numpy as np


def one(underlying, strike, years, rate, dividend, volatility, right):
    def cdf(z):
        return erfc(-z / sqrt(2)) / 2

    root = sqrt(years)
    d1 = log(underlying / strike) + (rate - dividend + volatility**2 / 2) * years
    d1 /= volatility * root
    d2 = d1 - volatility * root
    bell = exp(-d1 * d1 / 2) / sqrt(2 * pi)
    grown, owed = exp(-dividend * years), strike * exp(-rate * years)
    price = right * (underlying * grown * cdf(right * d1) - owed * cdf(right * d2))
    decay = underlying * grown * bell * volatility / (2 * root)
    carry = dividend * underlying * grown * cdf(right * d1)
    interest = rate * owed * cdf(right * d2)
    return (
        price,
        right * grown * cdf(right * d1),
        grown * bell / (underlying * volatility * root),
        -decay + right * (carry - interest),
        underlying * grown * bell * root,
        right * years * owed * cdf(right * d2),
    )


NAMES = ("price", "delta", "gamma", "theta", "vega", "rho")


def expected(columns, volatility="option.volatility"):
    given = ("underlying_price", "strike", "years", "rate", "dividend")
    inputs = [columns[f"option.{name}"] for name in given]
    inputs += [columns[volatility], columns["option.right"]]
    found = np.array([one(*row) for row in zip(*inputs, strict=True)])
    return dict(zip(NAMES, found.T, strict=True))
