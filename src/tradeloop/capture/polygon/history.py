"""History of the vendor: bars, quotes, trades and corporate actions, one account each.

Nothing is asked for before a method is called. Each method gives an `Intake`: every
result is a row or stands in quarantine with its reason.
"""

import re
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias
from urllib.parse import quote

from tradeloop.capture.intake import Intake
from tradeloop.capture.polygon.access import VENDOR_REST, Key
from tradeloop.capture.polygon.actions import dividend_row, split_row
from tradeloop.capture.polygon.gathering import Gathering
from tradeloop.capture.polygon.pages import Pages, Patience
from tradeloop.capture.polygon.shapes import (
    ROUND_LOT,
    Message,
    Row,
    history_bar,
    history_quote,
    history_trade,
)
from tradeloop.capture.polygon.spans import day_of, span_of, zone_of
from tradeloop.clock import Clock
from tradeloop.errors import InputError
from tradeloop.events import (
    BAR,
    CORPORATE_ACTION,
    QUOTE,
    TRADE,
    Record,
    duration_text,
    instant_text,
)

Query: TypeAlias = Mapping[str, str | int]
PAGE_ROWS, PAGE_ACTIONS = 50_000, 1_000
"""The longest pages that the vendor gives."""
_TICKER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,39}")
_MS = 1_000_000


class History(Pages):
    """Downloads from the vendor.

    Parameters
    ----------
    key : Key
        Of the user's account.
    clock : Clock
        Tells the time.
    latency_ns : int
        From the latest time that the vendor tells of a row to its use: the vendor says
        of no row when it sent it. There is no default; 0 claims that nothing took time.
    url : str
        Where the vendor is; https, or this machine.
    stop : threading.Event, optional
        Ends waiting.
    patience : Patience
        How often to ask.
    round_lot : float
        Shares of a size of 1 of quotes before 2025-11-03.
    """

    def __init__(
        self,
        key: Key,
        clock: Clock,
        *,
        latency_ns: int,
        url: str = VENDOR_REST,
        stop: threading.Event | None = None,
        patience: Patience | None = None,
        round_lot: float = ROUND_LOT,
    ) -> None:
        super().__init__(
            key,
            clock,
            url=url,
            stop=stop or threading.Event(),
            patience=patience or Patience(),
        )
        if latency_ns < 0 or round_lot <= 0:
            raise InputError(
                f"The latency must be at least 0 and a round lot above, were "
                f"{latency_ns} ns and {round_lot:g}.",
                way_out="State how long a row took from the tape to you.",
            )
        self._latency_ns, self._round_lot = latency_ns, round_lot

    def bars(self, ticker: str, bar: str, since_ns: int, until_ns: int) -> Intake:
        """Download bars that start in a period, as traded: not adjusted for splits.

        Parameters
        ----------
        ticker : str
            Such as ``AAPL``.
        bar : str
            Such as ``1m`` or ``1d``.
        since_ns, until_ns : int
            From, inclusive, to, exclusive, ns UTC; whole milliseconds.

        Returns
        -------
        Intake
            Rows of BAR.

        Raises
        ------
        InputError
            The vendor refuses the key or the question.
        OverloadedError, FeedError
            It does not answer; see `Pages.pages`.
        """
        span, name = span_of(bar), _named(ticker)
        first, last = since_ns // _MS, -(-until_ns // _MS) - 1
        path = f"/v2/aggs/ticker/{name}/range/{span.path}/{first}/{last}"
        read = partial(
            history_bar,
            ticker=ticker,
            latency_ns=self._latency_ns,
            end_of=span.end_of(zone_of(ticker)),
        )
        source = f"polygon/bars/{bar}/{ticker}/{instant_text(since_ns)}"
        query: Query = {"adjusted": "false", "sort": "asc", "limit": PAGE_ROWS}
        note = "bars as the vendor has them now: late trades count that came after them"
        return self._all(BAR, source, read, (path, query), note)

    def quotes(self, ticker: str, since_ns: int, until_ns: int) -> Intake:
        """Download the best bid and offer of a period; see `bars`. Rows of QUOTE."""
        read = partial(
            history_quote,
            ticker=ticker,
            latency_ns=self._latency_ns,
            round_lot=self._round_lot,
        )
        path, source = f"/v3/quotes/{_named(ticker)}", f"polygon/quotes/{ticker}"
        note = f"sizes before 2025-11-03 taken as round lots of {self._round_lot:g}"
        return self._ticks(QUOTE, source, read, path, (since_ns, until_ns), note)

    def trades(self, ticker: str, since_ns: int, until_ns: int) -> Intake:
        """Download the trades of a period; see `bars`. Rows of TRADE, without side."""
        read = partial(history_trade, ticker=ticker, latency_ns=self._latency_ns)
        path, source = f"/v3/trades/{_named(ticker)}", f"polygon/trades/{ticker}"
        note = "the tape does not say who was the taker: side is 0"
        return self._ticks(TRADE, source, read, path, (since_ns, until_ns), note)

    def dividends(self, ticker: str, since_ns: int, until_ns: int) -> Intake:
        """Download dividends by ex day; see `bars`. Rows of CORPORATE_ACTION."""
        return self._actions(
            "dividends", "ex_dividend_date", dividend_row, ticker, (since_ns, until_ns)
        )

    def splits(self, ticker: str, since_ns: int, until_ns: int) -> Intake:
        """Download splits by day; see `bars`. Rows of CORPORATE_ACTION."""
        return self._actions(
            "splits", "execution_date", split_row, ticker, (since_ns, until_ns)
        )

    def _ticks(
        self,
        record: Record,
        source: str,
        read: Callable[[Message], Row],
        path: str,
        period: tuple[int, int],
        note: str,
    ) -> Intake:
        query: Query = {
            "timestamp.gte": period[0],
            "timestamp.lt": period[1],
            "order": "asc",
            "sort": "timestamp",
            "limit": PAGE_ROWS,
        }
        source = f"{source}/{instant_text(period[0])}"
        return self._all(record, source, read, (path, query), note)

    def _actions(
        self,
        name: str,
        field: str,
        read: Callable[..., Row],
        ticker: str,
        period: tuple[int, int],
    ) -> Intake:
        _named(ticker)
        zone = zone_of("")
        query: Query = {
            "ticker": ticker,
            f"{field}.gte": day_of(period[0], zone).isoformat(),
            f"{field}.lte": day_of(period[1] - 1, zone).isoformat(),
            "order": "asc",
            "sort": field,
            "limit": PAGE_ACTIONS,
        }
        note = (
            "known at the end of the day of the announcement; else from the ex day on"
        )
        return self._all(
            CORPORATE_ACTION,
            f"polygon/{name}/{ticker}",
            partial(read, latency_ns=self._latency_ns),
            (f"/v3/reference/{name}", query),
            note,
        )

    def _all(
        self,
        record: Record,
        source: str,
        read: Callable[[Message], Row],
        question: tuple[str, Query],
        note: str,
    ) -> Intake:
        gathering = Gathering(record, source, read)
        delayed = False
        for page in self.pages(*question):
            delayed |= page.get("status") == "DELAYED"
            gathering.add(page["results"])
        took = duration_text(self._latency_ns) if self._latency_ns else "0"
        notes = [f"received: the latest time the vendor tells, and {took}", note]
        notes += ["the vendor says that the data are delayed"] if delayed else []
        return gathering.intake(notes)


def _named(ticker: Any) -> str:
    """Return a ticker as a part of a path."""
    if not isinstance(ticker, str) or not _TICKER.fullmatch(ticker):
        raise InputError(
            f"This is no ticker of the vendor: {ticker!r:.60}.",
            way_out="Give one, such as AAPL or X:BTCUSD; for all there is no history.",
            source="ticker",
        )
    return quote(ticker, safe="")
