"""Random but possible columns of a benchmark, a portfolio, a session and a market."""

import numpy as np


def benchmark_columns(seed, rows, *, flat=0.0, tick=0.0):
    """Another instrument's closes, known an hour before those of the bars."""
    random = np.random.default_rng(seed + 7_000)
    moves = random.normal(0, 0.008, rows) * (random.random(rows) >= flat)
    close = 50 * np.exp(np.cumsum(moves))
    hours = 24.0 * 18_000 + 4.0 * np.arange(rows) - 1.0
    return {
        "benchmark.close": np.round(close / tick) * tick if tick else close,
        "benchmark.day": hours // 24,
        "benchmark.ns_of_day": hours % 24 * 3.6e12,
    }


def portfolio_columns(seed, rows):
    """A book of up to nine positions, long and short."""
    random = np.random.default_rng(seed + 8_000)
    worths = random.normal(100, 1_000, (9, rows)) * (random.random((9, rows)) < 0.6)
    worths[0] += 500.0
    gross = np.abs(worths).sum(0)
    weights = np.abs(worths) / gross
    equity = 20_000 * np.exp(np.cumsum(random.normal(0, 0.01, rows)))
    return {
        "portfolio.equity": equity,
        "portfolio.cash": equity - worths.sum(0),
        "portfolio.gross_exposure": gross,
        "portfolio.net_exposure": worths.sum(0),
        "portfolio.margin_used": 0.3 * gross,
        "portfolio.largest_weight": weights.max(0),
        "portfolio.hhi": (weights**2).sum(0),
        "portfolio.n_positions": (worths != 0).sum(0).astype(float),
        "portfolio.day": 18_000.0 + np.arange(rows) // 6,
        "portfolio.ns_of_day": (np.arange(rows) % 6) * 4 * 3.6e12,
    }


def session_columns(seed, rows):
    """What a calendar says, of sessions that last from 04:00 to 16:00."""
    random = np.random.default_rng(seed + 9_000)
    hours = (np.arange(rows) % 6) * 4.0
    passed = 60 * np.clip(hours - 4, 0, 12)
    flags = (random.random((4, rows)) < 0.1).astype(float)
    return {
        "session_is_open": ((hours > 4) & (hours <= 16)).astype(float),
        "session_minutes_from_open": passed,
        "session_minutes_to_close": 720.0 - passed,
        "session_minutes_to_open": np.where(hours > 16, 60 * (28 - hours), 0.0),
        "session_day": 18_000.0 + np.arange(rows) // 6,
        "session_minutes": np.full(rows, 720.0),
        "session_before_holiday": flags[0],
        "session_after_holiday": flags[1],
        "session_is_half_day": flags[2],
        "session_to_month_end": 20.0 - np.arange(rows) // 6 % 21,
        "session_to_quarter_end": 62.0 - np.arange(rows) // 6 % 63,
        "session_turn_of_month": flags[3],
    }


def market_columns(seed, rows):
    """What a universe of instruments says of the market and of this one in it."""
    random = np.random.default_rng(seed + 10_000)
    return {
        "market.mean_correlation": random.uniform(-0.2, 0.9, rows),
        "market.eigenvalue_share": random.uniform(0.1, 0.9, rows),
        "market.dispersion_bps": random.uniform(10, 300, rows),
        "market.day": 18_000.0 + np.arange(rows) // 6,
        "market.ns_of_day": (np.arange(rows) % 6) * 4 * 3.6e12,
        "peer_rank": random.random(rows),
        "peer_zscore": random.normal(0, 1, rows),
        "peer_rank_window": random.random(rows),
        "peer_zscore_window": random.normal(0, 1, rows),
    }


def columns_beside_bars(seed, rows, *, flat=0.0, tick=0.0):
    """All of them."""
    return {
        **benchmark_columns(seed, rows, flat=flat, tick=tick),
        **portfolio_columns(seed, rows),
        **session_columns(seed, rows),
        **market_columns(seed, rows),
    }
