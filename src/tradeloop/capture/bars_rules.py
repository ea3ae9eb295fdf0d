"""When a bar ends: by time, ticks, volume, value, or an imbalance of ticks."""

from dataclasses import dataclass
from typing import Literal

from tradeloop.errors import InputError
from tradeloop.events import duration_ns

TIME, TICK, VOLUME, DOLLAR, TICK_IMBALANCE = range(5)
"""Kinds of bars, as compiled code knows them."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What is heard of an instrument; known before its first tick.

    Parameters
    ----------
    prices : {"trade", "mid"}
        Whether open, high, low and close are prices of trades or mids of quotes.
    volume : bool
        Whether its trades are heard: a bar without any has volume 0, not null.
    sides : bool
        Whether trades tell the taker's side: likewise for the signed volume.
    """

    prices: Literal["trade", "mid"] = "trade"
    volume: bool = True
    sides: bool = True


@dataclass(frozen=True, slots=True)
class Imbalance:
    """What tick-imbalance bars start from, and how fast they learn.

    Parameters
    ----------
    ticks : float
        Expected ticks of the first bar.
    balance : float
        Expected mean sign of the first bar, above 0 up to 1.
    ticks_span : float
        Span of the EWMA of ticks a bar, in bars.
    balance_span : float
        Span of the EWMA of the signs, in ticks.
    least_ticks, most_ticks : float
        Bounds of the expected ticks: without any, a bar of one tick begets bars of one
        tick, and a long one longer ones.
    least_balance : float
        Lower bound of the expected mean sign: in a balanced market it goes to 0, and
        with it the threshold. 0 leaves the definition as it is.
    by_taker : bool
        Signs are the taker's side where it is told, instead of the tick rule.
    """

    ticks: float
    balance: float
    ticks_span: float
    balance_span: float
    least_ticks: float
    most_ticks: float
    least_balance: float = 0.0
    by_taker: bool = False


@dataclass(frozen=True, slots=True)
class BarRule:
    """A kind of bar and its size; made by the functions below.

    Parameters
    ----------
    kind : int
        `TIME`, `TICK`, `VOLUME`, `DOLLAR` or `TICK_IMBALANCE`.
    size : float
        Nanoseconds, ticks, base units or quote currency; 0 for imbalance bars.
    imbalance : Imbalance, optional
    """

    kind: int
    size: float
    imbalance: Imbalance | None = None


def time_bars(length: str | int) -> BarRule:
    """Bars of equal length, such as ``1m``, ``5m``, ``15m``, ``1h``, ``1d``, or ns.

    They start at multiples of their length since 1970-01-01 UTC; a daily bar is a day
    of UTC, whatever the exchange calls its day.

    Raises
    ------
    InputError
        The text is no duration, or the length is not above 0.
    """
    return BarRule(
        TIME,
        _positive(
            "length", duration_ns(length) if isinstance(length, str) else int(length)
        ),
    )


def tick_bars(ticks: int) -> BarRule:
    """Bars of so many ticks: trades, or quotes where prices are mids.

    Raises
    ------
    InputError
        The number is not above 0.
    """
    return BarRule(TICK, _positive("ticks", int(ticks)))


def volume_bars(volume: float) -> BarRule:
    """Bars that end with the trade that brings them to a volume, base units.

    A trade is never cut in two: the last one belongs to the bar as a whole.

    Raises
    ------
    InputError
        The volume is not above 0.
    """
    return BarRule(VOLUME, _positive("volume", volume))


def dollar_bars(value: float) -> BarRule:
    """Bars that end with the trade that brings price x size to a value, quote currency.

    Raises
    ------
    InputError
        The value is not above 0.
    """
    return BarRule(DOLLAR, _positive("value", value))


def tick_imbalance_bars(imbalance: Imbalance) -> BarRule:
    """Tick-imbalance bars after Lopez de Prado.

    Each tick has a sign b: that of its change of price, or the last sign if there is
    none (0 before the first change). A bar ends once ``|sum of b| >= E[T] * |E[b]|``:
    E[T] is an EWMA of the ticks of the bars so far, E[b] one of the signs of all ticks
    so far, both as they stood when the bar began.

    Source: M. Lopez de Prado, Advances in Financial Machine Learning, Wiley 2018,
    section 2.3.2.1. The book leaves open where the EWMAs start and what keeps them in
    bounds: here all of it is a parameter.

    Raises
    ------
    InputError
        A parameter is out of its range.
    """
    for name in ("ticks", "ticks_span", "balance_span", "least_ticks"):
        _positive(name, getattr(imbalance, name))
    if not 0 < imbalance.balance <= 1:
        raise InputError(
            f"The expected balance of signs was {imbalance.balance}.",
            way_out="Give a number above 0 and at most 1.",
            source="balance",
        )
    if not imbalance.least_ticks <= imbalance.ticks <= imbalance.most_ticks:
        raise InputError(
            f"{imbalance.ticks} expected ticks do not lie within "
            f"{imbalance.least_ticks} and {imbalance.most_ticks}.",
            way_out="Widen least_ticks and most_ticks.",
            source="ticks",
        )
    return BarRule(TICK_IMBALANCE, 0.0, imbalance)


def _positive(name: str, value: float) -> float:
    if not 0 < value < float("inf"):
        raise InputError(
            f"The size of a bar must be above 0, was {value}.",
            way_out="Give a positive number.",
            source=name,
        )
    return value
