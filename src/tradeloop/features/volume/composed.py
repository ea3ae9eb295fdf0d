"""Volume columns that need no step of their own: sums, means and ratios of others."""

from dataclasses import replace

from tradeloop.features.arithmetic.above import above, below
from tradeloop.features.arithmetic.absolute import absolute
from tradeloop.features.arithmetic.change import change
from tradeloop.features.arithmetic.cumulative import cumulative
from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.arithmetic.distance import distance
from tradeloop.features.arithmetic.lag import lag
from tradeloop.features.arithmetic.product import product
from tradeloop.features.arithmetic.ratio import ratio
from tradeloop.features.base import Category, Column, Feature, Source
from tradeloop.features.momentum.composed import ppo
from tradeloop.features.momentum.rate_of_change import rocp
from tradeloop.features.rolling.share import share
from tradeloop.features.structure.typical import typical_price
from tradeloop.features.trend.blend import median_price
from tradeloop.features.trend.ema import ema
from tradeloop.features.trend.sma import sma
from tradeloop.features.volume.klinger import volume_force
from tradeloop.features.volume.money_flow import money_flow

_GROUP = "volume"
_TECHNICAL: Category = "technical"
_VOLUME_UNIT = 1e8  # usual scale of the ease of movement


def only(feature: Feature) -> Column:
    """Output of a feature that has one."""
    return feature.columns[0]


def titled(feature: Feature, name: str) -> Feature:
    """Return a feature of another group under a name of this one."""
    return replace(feature, name=name, category=_TECHNICAL, group=_GROUP)


def distribution_line() -> Feature:
    """Accumulation/distribution: sum of the money flow of all rows; TA-Lib AD."""
    return cumulative(only(money_flow()), name="ad_line", group=_GROUP)


def chaikin_money_flow(n: int = 20) -> Feature:
    """Money flow in all volume of n rows, -1 to 1; TA-Lib CMF."""
    return titled(share(only(money_flow()), "volume", n), f"chaikin_money_flow_{n}")


def dollar_volume() -> Feature:
    """``close * volume``: what was traded, in money."""
    return product("close", "volume", name="dollar_volume", group=_GROUP)


def force(n: int = 13) -> Feature:
    """Exponential mean of the change of the close times volume; TA-Lib EFI."""
    bar = product(only(change("close", 1)), "volume", name="force")
    return titled(ema(only(bar), n), f"force_index_{n}")


def force_share(n: int = 13) -> Feature:
    """`force` in the mean money traded, in bps: a return weighted by volume."""
    money = only(ema(only(dollar_volume()), n))
    name = f"force_index_{n}_bps"
    return ratio(only(force(n)), money, 1e4, name=name, group=_GROUP)


def rolling_vwap(n: int) -> Feature:
    """``sum(typical * volume) / sum(volume)`` over n rows; 0 where nothing traded."""
    money = product(typical_price(), "volume", name="typical_times_volume")
    return titled(share(only(money), "volume", n), f"rolling_vwap_{n}")


def from_price(base: Source, name: str) -> Feature:
    """Distance of the close from a price, in bps; 0 where that price is 0."""
    return distance("close", base, name=name, group=_GROUP)


def relative_volume(n: int = 20) -> Feature:
    """Volume over its mean of n rows, this one included."""
    name = f"relative_volume_{n}"
    return ratio("volume", only(sma("volume", n)), name=name, group=_GROUP)


def volume_against_prior(n: int = 20) -> Feature:
    """Volume over its mean of the n rows before; TA-Lib RVOL, that gives NaN at 0."""
    prior = only(lag(only(sma("volume", n)), 1))
    return ratio("volume", prior, name=f"volume_against_prior_{n}", group=_GROUP)


def pvo(fast: int = 12, slow: int = 26) -> Feature:
    """Fast less slow exponential mean of volume in per cent of the slow; TA-Lib PVO."""
    return titled(ppo(fast, slow, "volume"), f"pvo_{fast}_{slow}_pct")


def kvo(fast: int = 34, slow: int = 55) -> Feature:
    """Klinger: fast less slow exponential mean of the volume force, volume units."""
    flow = only(volume_force())
    means = only(ema(flow, fast)), only(ema(flow, slow))
    return titled(difference(*means), f"kvo_{fast}_{slow}")


def kvo_share(fast: int = 34, slow: int = 55) -> Feature:
    """`kvo` in the slow exponential mean of volume; 200 times it is the most."""
    name = f"kvo_{fast}_{slow}_per_volume"
    mean = only(ema("volume", slow))
    return ratio(only(kvo(fast, slow)), mean, name=name, group=_GROUP)


def ease_of_movement(n: int = 14) -> Feature:
    """Plain mean of the middle's change times the range per 1e8 of volume.

    In squared price units; 0 in rows without volume.
    """
    moved = product(only(change(median_price(), 1)), only(difference("high", "low")))
    eased = ratio(only(moved), "volume", _VOLUME_UNIT, name="ease")
    return titled(sma(only(eased), n), f"ease_of_movement_{n}")


def price_volume_trend() -> Feature:
    """Sum of volume times the share by which the close changed; TA-Lib PVT.

    It begins in the second row; TA-Lib adds a first one, 0.
    """
    bar = product(only(rocp(1)), "volume", name="return_times_volume")
    return cumulative(only(bar), name="price_volume_trend", group=_GROUP)


def sided_volume() -> Column:
    """Volume with the sign of the change of the close."""
    moved = only(change("close", 1))
    sign = difference(only(above(moved, 0.0)), only(below(moved, 0.0)), name="side")
    return only(product(only(sign), "volume", name="sided_volume"))


def up_volume_balance(n: int = 20) -> Feature:
    """Volume of rising less falling rows in both, -1 to 1; 0 where nothing moved.

    A bounded form r of the ratio up / down, which is (1 + r) / (1 - r).
    """
    sided = sided_volume()
    balance = share(sided, only(absolute(sided)), n)
    return titled(balance, f"up_volume_balance_{n}")
