"""Random raw columns of the streams option and sentiment."""

from math import erfc, exp, log, sqrt

import numpy as np


def price_by_hand(underlying, strike, years, rate, dividend, volatility, right):
    """Black-Scholes price of a call (+1) or put (-1), term by term."""
    spread = volatility * sqrt(years)
    d1 = (log(underlying / strike) + (rate - dividend) * years) / spread + spread / 2
    d2 = d1 - spread
    held = underlying * exp(-dividend * years) * erfc(-right * d1 / sqrt(2)) / 2
    owed = strike * exp(-rate * years) * erfc(-right * d2 / sqrt(2)) / 2
    return right * (held - owed)


def option_columns(seed, rows):
    """A contract and a chain in each row; prices are inside their bounds."""
    random = np.random.default_rng([seed, 1])
    underlying = 100 * np.exp(np.cumsum(random.normal(0, 0.01, rows)))
    years, volatility = random.uniform(0.02, 2.0, rows), random.uniform(0.1, 0.9, rows)
    away = random.uniform(-1.5, 1.5, rows) * volatility * np.sqrt(years)
    found = {
        "underlying_price": underlying,
        "strike": underlying * np.exp(away),
        "years": years,
        "rate": random.uniform(-0.01, 0.08, rows),
        "dividend": random.uniform(0.0, 0.04, rows),
        "volatility": volatility,
        "right": random.choice([-1.0, 1.0], rows),
    }
    contracts = list(zip(*found.values(), strict=True))
    found["price"] = np.array([price_by_hand(*contract) for contract in contracts])
    contracts = [(s, k, t, r, r, v, side) for s, k, t, r, _, v, side in contracts]
    on_forward = [price_by_hand(*contract) for contract in contracts]
    found["price_on_forward"] = np.array(on_forward)
    found["iv_30"] = random.uniform(0.1, 0.6, rows)
    found["atm_iv"] = random.uniform(0.1, 0.6, rows)
    found["realised_bps"] = random.uniform(10.0, 300.0, rows)
    found["day"] = 18_000.0 + np.arange(rows) // 6
    found["ns_of_day"] = (np.arange(rows) % 6) * 4 * 3.6e12
    return {f"option.{name}": values for name, values in found.items()}


def sentiment_columns(seed, rows):
    """Scores of texts at uneven times, some of them at the same one."""
    random = np.random.default_rng([seed, 2])
    apart_ns = random.integers(0, 8 * 3600, rows) * (random.random(rows) < 0.9) * 10**9
    day, ns_of_day = np.divmod(np.cumsum(apart_ns), 86_400 * 10**9)
    return {
        "sentiment.score": random.uniform(-1, 1, rows) * (random.random(rows) < 0.8),
        "sentiment.confidence_score": random.uniform(0.0, 1.0, rows),
        "sentiment.day": 17_990.0 + day,
        "sentiment.ns_of_day": ns_of_day.astype(float),
    }
