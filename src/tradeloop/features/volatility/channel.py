"""Channel: bands about a middle line. Bollinger, Keltner, STARC, regression."""

from tradeloop.errors import InputError
from tradeloop.features.base import Column, Family, Feature, Source, name_of
from tradeloop.features.rolling.moments import moments
from tradeloop.features.trend.ema import ema
from tradeloop.features.trend.linear_regression import linear_regression
from tradeloop.features.trend.sma import sma
from tradeloop.features.volatility.true_range import atr
from tradeloop.fold import kernel


@kernel("upper", "middle", "lower", "position", "width_bps", params=1)
def _channel(
    params: tuple[float], x: float, middle: float, spread: float
) -> tuple[float, float, float, float, float]:
    half = params[0] * spread
    place = 0.5 + 0.5 * ((x - middle) / half) if half > 0.0 else 0.5
    width = 2e4 * (half / middle) if middle != 0.0 else 0.0
    return middle + half, middle, middle - half, place, width


def channel(
    x: Source, middle: Source, spread: Source, k: float, *, name: str = ""
) -> Feature:
    """Columns of the bands ``middle +- k * spread`` and of the place of ``x`` in them.

    ``upper``, ``middle`` and ``lower`` are in the unit of ``x``, ``position`` is 0 at
    the lower and 1 at the upper band, ``width_bps`` is a share of the middle line.
    """
    if k <= 0.0:
        raise InputError(
            f"channel.k must be above 0, was {k}.",
            way_out="Give the bands a distance from the middle line.",
            source=name or "channel",
        )
    ending = f"{k:g}".replace(".", "_")
    usual = f"channel_{name_of(x)}_{name_of(middle)}_{name_of(spread)}_{ending}"
    return Feature(name or usual, FAMILY, (x, middle, spread), (k,), warm_up=(0,) * 5)


def bollinger_bands(n: int, k: float = 2.0) -> Feature:
    """Mean of n closes, k standard deviations (divided by n) to each side."""
    recent = moments("close", n)
    name = _named("bollinger_bands", (n,), k)
    return channel("close", recent["mean"], recent["std"], k, name=name)


def keltner(n: int = 20, k: float = 2.0, rows: int = 10) -> Feature:
    """Exponential mean of n closes, k average true ranges of some rows to each side."""
    name = _named("keltner", (n, rows), k)
    return channel("close", ema("close", n)["value"], _atr(rows), k, name=name)


def starc(n: int = 5, k: float = 2.0, rows: int = 10) -> Feature:
    """Mean of n closes, k average true ranges of some rows to each side."""
    name = _named("starc", (n, rows), k)
    return channel("close", sma("close", n)["value"], _atr(rows), k, name=name)


def deviation_channel(n: int = 20, k: float = 2.0) -> Feature:
    """End of the regression line of n closes, k standard deviations to each side.

    The line is fitted anew in each row and ends there. A chart that draws one line
    through a whole block of rows has drawn its earlier rows with later closes.
    """
    recent = moments("close", n)
    name = _named("deviation_channel", (n,), k)
    line = linear_regression(n)
    return channel("close", line["end"], recent["std"], k, name=name)


def _atr(n: int) -> Column:
    return atr(n).columns[0]


_USUAL = 2.0


def _named(name: str, rows: tuple[int, ...], k: float) -> str:
    ending = "" if k == _USUAL else f"_{k:g}".replace(".", "_")
    return "_".join((name, *map(str, rows))) + ending


FAMILY = Family(
    name="channel",
    category="technical",
    kernel=_channel,
    formula="upper, lower = middle +- k * spread, position = (x - lower) / "
    "(upper - lower), width_bps = 1e4 * (upper - lower) / middle",
    unit="bands: unit of x; position: share, 0.5 where the bands meet; width_bps: bps",
    reference="TA-Lib BBANDS; Keltner 1960 as Raschke draws it; Stoller (STARC); "
    "standard deviation channel",
    build=channel,
    examples=(("close", "open", "low", 2.0), ("close", "high", "low", 0.5)),
    price_degree=(1, 1, 1, 0, 0),
)
