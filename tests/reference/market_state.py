"""Slow and obvious: state of a lone instrument's market after its last bar."""

from itertools import pairwise
from math import log
from statistics import fmean, median, stdev


def state_oracle(bars, rule):
    """State after the last of ``bars``, a list of maps of one instrument."""
    closes = [bar["close"] for bar in bars]
    steps = [log(b / a) for a, b in pairwise(closes)]
    short, usual = rule.short_bars, rule.usual_bars

    def level(n):
        return 1e4 * stdev(steps[n - short : n])

    def amihud(n):
        window = range(n - short, n)
        turnover = sum(bars[k + 1]["volume"] * closes[k + 1] for k in window)
        return sum(abs(steps[k]) for k in window) / turnover

    n = len(steps)
    last = bars[-1]
    found = {
        "volatility_level": level(n),
        "order_book_imbalance": (last["bid_size"] - last["ask_size"])
        / (last["bid_size"] + last["ask_size"]),
        "bid_ask_spread": 1e4
        * (last["ask"] - last["bid"])
        / ((last["ask"] + last["bid"]) / 2),
        "top_of_book_size": last["bid_size"] + last["ask_size"],
    }
    flows = [bar["signed_volume"] for bar in bars[-rule.flow_bars :]]
    returns = steps[-rule.flow_bars :]
    f, r = fmean(flows), fmean(returns)
    pairs = list(zip(flows, returns, strict=True))
    slope = sum((a - f) * (b - r) for a, b in pairs) / sum((a - f) ** 2 for a in flows)
    found["market_impact_estimate"] = 1e4 * slope * fmean(abs(a) for a in flows)
    ends = range(n - usual + 1, n + 1)
    common = median(amihud(k) for k in ends)
    found["liquidity_score"] = common / (common + amihud(n))
    return found
