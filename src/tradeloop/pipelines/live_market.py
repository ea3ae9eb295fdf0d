"""The market as it goes on: the features of each bar as it comes, equal to history.

It begins with what was captured and goes on bar by bar. The last rows of each
instrument are kept, for models that look at several.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.capture import instrument_names
from tradeloop.features import Bank, LiveBank
from tradeloop.features.base import CLOCK_INPUTS
from tradeloop.features.volatility.ewma_volatility import ewma_volatility
from tradeloop.pipelines.captured import Captured
from tradeloop.pipelines.featurize import with_series
from tradeloop.pipelines.rules import Rules
from tradeloop.signals.rings import Rings

KEPT_ROWS = 256
"""Rows of each instrument that are kept."""
_BPS = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is known of an instrument after its newest bar.

    Parameters
    ----------
    symbol : str
        Instrument, as the bars call it.
    values : ndarray of shape (n_features,)
        Features; NaN where one is not known.
    event_ns, received_ns : int
        When the bar ended and when it was known, ns UTC.
    price : float
        Its close.
    volatility : float
        Standard deviation of a bar's log return, as a share; NaN while unknown.
    """

    symbol: str
    values: NDArray[np.float64]
    event_ns: int
    received_ns: int
    price: float
    volatility: float


class LiveMarket:
    """Features of all instruments, advanced by one bar at a time.

    Parameters
    ----------
    bank : Bank
        Features of a bar.
    interval_ns : int
        Length of a bar.
    series : mapping of str to float
        Last value of each series, by its column of the bank's inputs.
    """

    def __init__(
        self, bank: Bank, interval_ns: int, series: Mapping[str, float | None]
    ) -> None:
        self.bank, self.interval_ns = bank, interval_ns
        self._series = dict(series)
        brought = (n for n in bank.inputs if n not in CLOCK_INPUTS)
        self._absent: dict[str, None] = dict.fromkeys(brought)
        self._live = LiveBank(bank)
        self._spread = LiveBank(Bank([ewma_volatility()]))
        self._rings = Rings(KEPT_ROWS, len(bank.names))
        self._times: dict[str, list[int]] = {}
        self.seen: dict[str, Seen] = {}
        self._meant: dict[str, str | None] = {}

    @classmethod
    def of(cls, captured: Captured, rules: Rules) -> Self:
        """Begin with what was captured.

        Parameters
        ----------
        captured : Captured
            Bars and series.
        rules : Rules
            Say which features.
        """
        market = captured.market
        bars = with_series(market.bars, captured.series)
        extra = [name for name in bars.columns if name not in market.bars.columns]
        bank = rules.features.bank(bars, market.interval_ns, extra)
        last = bars.sort("received_ns").tail(1)
        series = {name: last[name][0] for name in extra}
        made = cls(bank, market.interval_ns, series)
        made._replay(bars.sort("received_ns", "event_ns", maintain_order=True))
        return made

    def take_series(self, body: Mapping[str, Any]) -> None:
        """Take a release; it counts for the bars that come after it."""
        name = str(body["series"]).lower()
        if name in self._series:
            self._series[name] = body["value"]

    def take_bar(
        self, body: Mapping[str, Any], event_ns: int, received_ns: int
    ) -> Seen:
        """Advance the instrument by a bar.

        Parameters
        ----------
        body : mapping
            The bar, as the journal keeps it.
        event_ns, received_ns : int
            When it ended and when it was known, ns UTC.

        Raises
        ------
        InputError
            The bar is not later than the last one.
        """
        times = {"event_ns": event_ns, "received_ns": received_ns}
        row = {**self._absent, **self._series, **body, **times}
        symbol = str(body["instrument"])
        values = self._live.update(symbol, row)
        (spread,) = self._spread.update(symbol, {**body, **times})
        self._keep(symbol, values, event_ns)
        if symbol not in self.seen:
            self._meant.clear()  # a name may mean another instrument now
        self.seen[symbol] = found = Seen(
            symbol=symbol,
            values=values,
            event_ns=event_ns,
            received_ns=received_ns,
            price=float(body["close"]),
            volatility=float(spread) * _BPS,
        )
        return found

    def past(self, symbol: str) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
        """Last rows of an instrument, oldest first, and when their bars ended."""
        times = np.array(self._times.get(symbol, []), dtype=np.int64)
        if not times.size:
            return np.empty((0, len(self.bank.names))), times
        return self._rings.of(symbol).window(times.size), times

    def symbol_of(self, name: str) -> str | None:
        """Name by which the bars know an instrument; None where they do not."""
        if name in self.seen:
            return name
        if name not in self._meant:
            known = pl.Series("instrument", list(self.seen), dtype=pl.String())
            found = instrument_names(pl.Series([name]), known)["meant"]
            self._meant[name] = found[0] if found.len() else None
        return self._meant[name]

    def _keep(self, symbol: str, values: NDArray[np.float64], event_ns: int) -> None:
        with np.errstate(over="ignore"):
            narrow = values.astype(np.float32)
        narrow[np.isinf(narrow)] = np.nan
        self._rings.of(symbol).push(narrow, event_ns)
        times = self._times.setdefault(symbol, [])
        times.append(event_ns)
        del times[:-KEPT_ROWS]

    def _replay(self, bars: pl.DataFrame) -> None:
        for row in bars.iter_rows(named=True):
            self.take_bar(row, row["event_ns"], row["received_ns"])
