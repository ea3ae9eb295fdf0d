"""Dividends and splits of the vendor to rows of CORPORATE_ACTION.

Fields are those of the pages "Dividends" and "Splits" of the vendor's REST reference. A
fact may be used from the time at which it was known, and the vendor tells days only:

- a dividend was known at the end of its ``declaration_date`` in New York;
- a dividend without one, and a split, which never has one, is known from its ex day on:
  later than in truth, never earlier.
"""

import math
from datetime import date, timedelta
from typing import Any

from tradeloop.capture.polygon.shapes import Message, Row, UnfitError
from tradeloop.capture.polygon.spans import day_start_ns, zone_of

_ZONE = zone_of("")
_YEARS = range(1800, 2199)
_DAY = timedelta(days=1)


def dividend_row(message: Message, latency_ns: int) -> Row:
    """Read a result of "Dividends" into a row of CORPORATE_ACTION.

    Parameters
    ----------
    message : mapping
        One of ``results``.
    latency_ns : int
        From the time at which it was known to whoever could have used it.

    Raises
    ------
    UnfitError
        A field is absent or of another form.
    """
    ticker = _ticker(message)
    ex_ns = day_start_ns(_day(message, "ex_dividend_date"), _ZONE)
    known_ns = event_ns = ex_ns
    if message.get("declaration_date") is not None:
        declared = _day(message, "declaration_date")
        event_ns = day_start_ns(declared, _ZONE)
        known_ns = day_start_ns(declared + _DAY, _ZONE)
    amount = _positive(message, "cash_amount", "amount")
    name = message.get("id") or f"{ticker}-{message['ex_dividend_date']}-{amount:g}"
    currency = message.get("currency")
    return (
        f"polygon-dividend-{name}"[:200],
        ticker,
        event_ns,
        known_ns + latency_ns,
        "cash_dividend",
        ex_ns,
        None,
        amount,
        currency if isinstance(currency, str) and currency else None,
        None,
    )


def split_row(message: Message, latency_ns: int) -> Row:
    """Read a result of "Splits" into a row of CORPORATE_ACTION; see `dividend_row`."""
    ticker = _ticker(message)
    ex_ns = day_start_ns(_day(message, "execution_date"), _ZONE)
    ratio = _positive(message, "split_to", "split_to")
    ratio /= _positive(message, "split_from", "split_from")
    if not math.isfinite(ratio) or not ratio:
        raise UnfitError("ratio_not_finite")
    name = message.get("id") or f"{ticker}-{message['execution_date']}"
    return (
        f"polygon-split-{name}"[:200],
        ticker,
        ex_ns,
        ex_ns + latency_ns,
        "split",
        ex_ns,
        ratio,
        None,
        None,
        None,
    )


def _ticker(message: Message) -> str:
    ticker = message.get("ticker")
    if not isinstance(ticker, str) or not ticker:
        raise UnfitError("instrument_missing")
    return ticker


def _day(message: Message, name: str) -> date:
    value: Any = message.get(name)
    if value is None:
        raise UnfitError(f"{name}_missing")
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        raise UnfitError(f"{name}_not_a_date") from None
    if day.year not in _YEARS:
        raise UnfitError(f"{name}_outside_1800_to_2198")
    return day


def _positive(message: Message, name: str, meaning: str) -> float:
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnfitError(f"{meaning}_not_a_number")
    if value <= 0:
        raise UnfitError(f"{meaning}_not_positive")
    return float(value)
