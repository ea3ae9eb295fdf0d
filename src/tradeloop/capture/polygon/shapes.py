"""Messages of the vendor to rows of records.

Fields and units are those of the vendor's reference, pages "Trades", "Quotes", "Custom
Bars (OHLC)", "Dividends" and "Splits" of the REST API, and "Trades", "Quotes",
"Aggregates (Per Second)" and "Aggregates (Per Minute)" of the WebSocket API for stocks:

- REST trades and quotes: ``participant_timestamp`` (the exchange made it),
  ``trf_timestamp`` and ``sip_timestamp`` (the tape got it), all in nanoseconds;
- REST bars: ``t``, start of the window, in milliseconds, and no end;
- stream: ``t``, time of the tape, in milliseconds; of bars ``s`` and ``e``.

What the exchange said is ``event_ns``. History tells no time at which the vendor had a
row: ``received_ns`` is the latest time that it does tell, plus a latency that the user
states.
"""

import math
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from tradeloop.capture.polygon.spans import day_start_ns
from tradeloop.events import LATEST_NS

Row = tuple[Any, ...]
Message = Mapping[str, Any]

SHARES_FROM_NS = day_start_ns(date(2025, 11, 3), ZoneInfo("America/New_York"))
"""Sizes of quotes are shares from here on; before, round lots of 100 as a rule
(the vendor's note "Upcoming Changes to Bid and Ask Sizes in Stocks Quotes")."""
ROUND_LOT = 100.0
_MS, _NS = 1_000_000, 1
# A number in the wrong unit lands in 1970 or beyond 2200, never between.
_FIRST_NS = 631_152_000_000_000_000  # 1990-01-01
_LONGEST_KEPT_INT = 2**53


class UnfitError(ValueError):
    """A message is no row; the text is the reason for the quarantine."""


def history_quote(
    message: Message, ticker: str, latency_ns: int, *, round_lot: float = ROUND_LOT
) -> Row:
    """Read a result of "Quotes" into a row of QUOTE.

    Parameters
    ----------
    message : mapping
        One of ``results``.
    ticker : str
        What was asked for.
    latency_ns : int
        From the tape to whoever could have used it.
    round_lot : float
        Shares of a size of 1 before `SHARES_FROM_NS`.

    Raises
    ------
    UnfitError
        A field is absent or of another type.
    """
    event_ns, received_ns = _history_times(message, latency_ns)
    lot = round_lot if event_ns < SHARES_FROM_NS else 1.0
    return (
        ticker,
        event_ns,
        received_ns,
        *_sides(message, ("bid_price", "ask_price", "bid_size", "ask_size"), lot),
        _whole(message, "sequence_number", "sequence"),
    )


def history_trade(message: Message, ticker: str, latency_ns: int) -> Row:
    """Read a result of "Trades" into a row of TRADE; see `history_quote`.

    A trade that was corrected or cancelled later is refused: its row holds what was not
    known when it happened, and not when it became known.
    """
    changed = message.get("correction") or 0
    if changed:
        raise UnfitError(f"trade_correction_{changed!s:.20}")
    return (
        ticker,
        *_history_times(message, latency_ns),
        *_print(message, ("price", "size")),
        _trade_id(message, ("exchange", "trf_id", "id")),
    )


def live_quote(
    message: Message, received_ns: int, *, round_lot: float = ROUND_LOT
) -> Row:
    """Read a message ``Q`` of the stream into a row of QUOTE; see `live_trade`."""
    event_ns = time_of(message, "t", _MS)
    lot = round_lot if event_ns < SHARES_FROM_NS else 1.0
    return (
        symbol_of(message),
        min(event_ns, received_ns),
        received_ns,
        *_sides(message, ("bp", "ap", "bs", "as"), lot),
        sequence_of(message),
    )


def live_trade(message: Message, received_ns: int) -> Row:
    """Read a message ``T`` of the stream into a row of TRADE.

    Parameters
    ----------
    message : mapping
        One message of a frame.
    received_ns : int
        When the frame came, by our clock. Where that is before the exchange's time, the
        event time is cut to it: nothing happens after it was known.

    Raises
    ------
    UnfitError
        A field is absent or of another type.
    """
    return (
        symbol_of(message),
        min(time_of(message, "t", _MS), received_ns),
        received_ns,
        *_print(message, ("p", "s")),
        _trade_id(message, ("x", "trfi", "i")),
    )


def live_bar(message: Message, received_ns: int) -> Row:
    """Read a message ``A`` or ``AM`` of the stream into a row of BAR.

    A bar is known at its end at the earliest, whatever our clock says.
    """
    end_ns = time_of(message, "e", _MS)
    return (
        symbol_of(message),
        time_of(message, "s", _MS),
        end_ns,
        max(end_ns, received_ns),
        *_bar_values(message),
    )


def history_bar(
    message: Message, ticker: str, latency_ns: int, end_of: Callable[[int], int]
) -> Row:
    """Read a result of "Custom Bars (OHLC)" into a row of BAR.

    Parameters
    ----------
    message : mapping
        One of ``results``.
    ticker : str
        What was asked for.
    latency_ns : int
        From the end of a bar to whoever could have used it.
    end_of : callable
        End of the bar that starts at a time, ns UTC.
    """
    start_ns = time_of(message, "t", _MS)
    end_ns = end_of(start_ns)
    return (ticker, start_ns, end_ns, end_ns + latency_ns, *_bar_values(message))


def symbol_of(message: Message) -> str:
    """Return the ticker of a message of the stream."""
    return _text(message, "sym", "instrument")


def sequence_of(message: Message) -> int | None:
    """Return the number of a message of the stream, where it has one."""
    return _whole(message, "q", "sequence")


def time_of(message: Message, name: str, unit_ns: int = _MS) -> int:
    """Return a time of a message, ns UTC.

    Raises
    ------
    UnfitError
        It is absent, no whole number, or not of our times: a wrong unit.
    """
    value = _whole(message, name, name)
    if value is None:
        raise UnfitError(f"{name}_missing")
    if not _FIRST_NS <= value * unit_ns < LATEST_NS:
        raise UnfitError(f"{name}_outside_1990_to_2200")
    return value * unit_ns


def _history_times(message: Message, latency_ns: int) -> tuple[int, int]:
    told = [
        time_of(message, name, _NS)
        for name in ("participant_timestamp", "trf_timestamp", "sip_timestamp")
        if message.get(name)
    ]
    if not told:
        raise UnfitError("time_missing")
    return told[0], max(told) + latency_ns


def _sides(
    message: Message, names: tuple[str, str, str, str], lot: float
) -> tuple[float | None, ...]:
    bid, ask, bid_size, ask_size = names
    return (
        _number(message, bid, "bid"),
        _number(message, ask, "ask"),
        _scaled(_number(message, bid_size, "bid_size", required=False), lot),
        _scaled(_number(message, ask_size, "ask_size", required=False), lot),
    )


def _scaled(size: float | None, lot: float) -> float | None:
    if size is None:
        return None
    if not math.isfinite(size * lot):
        raise UnfitError("size_not_finite")
    return size * lot


def _print(message: Message, names: tuple[str, str]) -> tuple[float | None, ...]:
    """Price, size and side of a trade; the tape does not say who was the taker."""
    price, size = names
    return _number(message, price, "price"), _number(message, size, "size"), 0


def _bar_values(message: Message) -> tuple[float | None, ...]:
    prices = [
        _number(message, name, meaning)
        for name, meaning in (
            ("o", "open"),
            ("h", "high"),
            ("l", "low"),
            ("c", "close"),
        )
    ]
    volume = _number(message, "v", "volume", required=False)
    return (*prices, volume, None, None, None, None, None)


def _trade_id(message: Message, names: tuple[str, str, str]) -> str | None:
    """Join the parts that make an id unique for a ticker: exchange, facility, id."""
    exchange, facility, name = names
    if message.get(name) is None:
        return None
    if not isinstance(message[name], str | int):
        raise UnfitError("trade_id_not_a_text")
    places = (message.get(place) for place in (exchange, facility))
    where = "/".join(str(place)[:20] for place in places if place is not None)
    return f"{where}:{message[name]}"[:200]


def _number(
    message: Message, name: str, meaning: str, *, required: bool = True
) -> float | None:
    value = message.get(name)
    if value is None:
        if required:
            raise UnfitError(f"{meaning}_missing")
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnfitError(f"{meaning}_not_a_number")
    return float(value)


def _whole(message: Message, name: str, meaning: str) -> int | None:
    value = message.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value) if abs(value) <= _LONGEST_KEPT_INT else value
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnfitError(f"{meaning}_not_a_whole_number")
    return value


def _text(message: Message, name: str, meaning: str) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not value:
        raise UnfitError(f"{meaning}_missing")
    return value
