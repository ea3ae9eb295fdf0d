"""Oscillators that need no step of their own: means, differences and ratios of others.

Means are seeded as in TA-Lib (`tradeloop.features.trend.ema`), each with its own first
n values, and every line starts as soon as it can.
"""

from dataclasses import replace

from tradeloop.features.arithmetic.absolute import absolute
from tradeloop.features.arithmetic.change import change
from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.arithmetic.ratio import ratio
from tradeloop.features.arithmetic.weighted_sum import weighted_sum
from tradeloop.features.base import Category, Column, Feature, Source, suffix
from tradeloop.features.momentum.buying_pressure import buying_pressure
from tradeloop.features.momentum.rate_of_change import roc
from tradeloop.features.momentum.rsi import rsi
from tradeloop.features.momentum.stochastic import stochastic
from tradeloop.features.momentum.streak import streak
from tradeloop.features.rolling.extremes import extremes
from tradeloop.features.rolling.percentile import percent_rank
from tradeloop.features.rolling.share import share
from tradeloop.features.trend.averages import alligator, midprice
from tradeloop.features.trend.blend import Term, blend, median_price
from tradeloop.features.trend.ema import ema, wilder
from tradeloop.features.trend.sma import sma
from tradeloop.features.trend.wma import wma
from tradeloop.features.volatility.true_range import true_range

_GROUP = "momentum"
_TECHNICAL: Category = "technical"


def only(feature: Feature) -> Column:
    """Output of a feature that has one."""
    return feature.columns[0]


def twice(x: Source, first: int, second: int) -> Column:
    """Exponential mean of an exponential mean."""
    return only(ema(only(ema(x, first)), second))


def _blend(name: str, *terms: Term) -> Feature:
    return replace(blend(name, *terms), group=_GROUP)


def cmo(n: int, x: Source = "close") -> Feature:
    """Chande momentum: gains less losses in their sum, Wilder means, -100 to 100."""
    name, strength = f"cmo_{n}{suffix(x, 'close')}", only(rsi(n, x))
    return weighted_sum(strength, strength, (2.0, 0.0), -100.0, name=name, group=_GROUP)


def cmo_plain(n: int, x: Source = "close") -> Feature:
    """Chande's own momentum, of plain sums: a share of all moves, -1 to 1."""
    moved = only(change(x, 1))
    return share(
        moved,
        only(absolute(moved)),
        n,
        name=f"cmo_plain_{n}{suffix(x, 'close')}",
        category=_TECHNICAL,
        group=_GROUP,
    )


def intraday_momentum(n: int) -> Feature:
    """Share of rising bodies in all bodies over n rows, 0 to 100; TA-Lib IMI."""
    body = only(difference("close", "open"))
    net = only(share(body, only(absolute(body)), n))
    name = f"intraday_momentum_{n}"
    return weighted_sum(net, net, (50.0, 0.0), 50.0, name=name, group=_GROUP)


def balance_of_power() -> Feature:
    """``(close - open) / (high - low)``, 0 where the range is empty; TA-Lib BOP."""
    body, span = difference("close", "open"), difference("high", "low")
    return ratio(only(body), only(span), name="balance_of_power", group=_GROUP)


def apo(fast: int, slow: int, x: Source = "close") -> Feature:
    """Fast less slow exponential mean, in the unit of ``x``; TA-Lib APO."""
    name = f"apo_{fast}_{slow}{suffix(x, 'close')}"
    means = only(ema(x, fast)), only(ema(x, slow))
    return difference(*means, name=name, category=_TECHNICAL, group=_GROUP)


def ppo(fast: int, slow: int, x: Source = "close", *, name: str = "") -> Feature:
    """`apo` in per cent of the slow mean, 0 where that is 0; TA-Lib PPO."""
    name = name or f"ppo_{fast}_{slow}{suffix(x, 'close')}_pct"
    gap = only(apo(fast, slow, x))
    return ratio(gap, only(ema(x, slow)), 100.0, name=name, group=_GROUP)


def awesome(fast: int = 5, slow: int = 34) -> Feature:
    """Fast less slow plain mean of the median price, in price units; TA-Lib AO."""
    price = median_price()
    return difference(
        only(sma(price, fast)),
        only(sma(price, slow)),
        name=f"awesome_{fast}_{slow}",
        category=_TECHNICAL,
        group=_GROUP,
    )


def accelerator(fast: int = 5, slow: int = 34, signal: int = 5) -> Feature:
    """`awesome` less its own plain mean, in price units; TA-Lib AC."""
    line = only(awesome(fast, slow))
    return difference(
        line,
        only(sma(line, signal)),
        name=f"accelerator_{fast}_{slow}_{signal}",
        category=_TECHNICAL,
        group=_GROUP,
    )


def tsi(first: int = 25, second: int = 13, x: Source = "close") -> Feature:
    """Net moves in all moves, each smoothed twice, -100 to 100; TA-Lib TSI."""
    moved = only(change(x, 1))
    return ratio(
        twice(moved, first, second),
        twice(only(absolute(moved)), first, second),
        100.0,
        name=f"tsi_{first}_{second}{suffix(x, 'close')}",
        group=_GROUP,
    )


def smi(n: int = 13, first: int = 25, second: int = 2) -> Feature:
    """Stochastic momentum: distance from the middle of the range, -100 to 100."""
    span = extremes(n)
    top, bottom = span["highest"], span["lowest"]
    far = only(difference("close", only(midprice(n))))
    wide = only(difference(top, bottom))
    return ratio(
        twice(far, first, second),
        twice(wide, first, second),
        200.0,
        name=f"smi_{n}_{first}_{second}",
        group=_GROUP,
    )


def ultimate(short: int = 7, middle: int = 14, long: int = 28) -> Feature:
    """Buying pressure in the true range over three windows, 0 to 100; TA-Lib ULTOSC.

    An empty window counts as the middle, 50; TA-Lib counts it as 0.
    """
    bought, moved = only(buying_pressure()), only(true_range())
    a, b, c = (
        only(share(bought, moved, n, empty=0.5, name=f"buying_share_{n}"))
        for n in (short, middle, long)
    )
    name = f"ultimate_{short}_{middle}_{long}"
    return _blend(name, (400 / 7, a), (200 / 7, b), (100 / 7, c))


def connors_rsi(rows: int = 3, run: int = 2, rank: int = 100) -> Feature:
    """Mean of an RSI, the RSI of the streak and the last move's rank, 0 to 100."""
    strength, runs = only(rsi(rows)), only(rsi(run, only(streak())))
    ranked = only(percent_rank(only(roc(1)), rank))
    name = f"connors_rsi_{rows}_{run}_{rank}"
    return _blend(name, (1 / 3, strength), (1 / 3, runs), (100 / 3, ranked))


def kdj(n: int = 9, k: int = 3, d: int = 3) -> tuple[Feature, Feature, Feature]:
    """Stochastic with Wilder's means, K and D, and J = 3 K - 2 D; TA-Lib KDJ."""
    raw = stochastic(n, 1, 1)["k"]
    line = wilder(raw, k)
    slow = wilder(only(line), d)
    j = _blend(f"kdj_{n}_{k}_{d}_j", (3.0, only(line)), (-2.0, only(slow)))
    return line, slow, j


def kst() -> Feature:
    """Know sure thing: rates of change over 10 to 30 rows, smoothed and weighted."""
    a, b, c, d = (
        only(sma(only(roc(n)), smooth))
        for n, smooth in ((10, 10), (15, 10), (20, 10), (30, 15))
    )
    return _blend("kst", (1.0, a), (2.0, b), (3.0, c), (4.0, d))


def coppock(n: int = 10, fast: int = 11, slow: int = 14) -> Feature:
    """Weighted mean of the sum of two rates of change, per cent; TA-Lib COPPOCK."""
    name = f"coppock_{n}_{fast}_{slow}"
    both = _blend(f"{name}_sum", (1.0, only(roc(fast))), (1.0, only(roc(slow))))
    return replace(wma(only(both), n), name=name, group=_GROUP)


def gator() -> tuple[Feature, Feature]:
    """Gaps between the lines of the alligator, price units: jaw-teeth, teeth-lips."""
    jaw, teeth, lips = (only(line) for line in alligator())
    upper, lower = only(difference(jaw, teeth)), only(difference(teeth, lips))
    return (
        absolute(upper, name="gator_upper", group=_GROUP),
        absolute(lower, name="gator_lower", group=_GROUP),
    )
