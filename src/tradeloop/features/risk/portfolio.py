"""State of a portfolio as rows of the stream ``portfolio``: history and live.

A book takes what becomes known (a state, a fill, a price) and says after it what the
portfolio is worth and how it is spread. History (`portfolio_rows`) feeds the same book
with the events of a frame in the order in which they were received, so it is equal to
live to the bit. Sums are exact (`math.fsum`): the order of positions does not matter.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import fsum, isnan, nan
from typing import Any

import polars as pl

from tradeloop.errors import InputError

PORTFOLIO_COLUMNS = (
    "equity",
    "cash",
    "gross_exposure",
    "net_exposure",
    "margin_used",
    "largest_weight",
    "hhi",
    "n_positions",
)
"""Raw columns of the stream; with the prefix ``portfolio.`` they are a step's inputs.

``equity`` cash and worth of all positions; ``gross_exposure`` and ``net_exposure`` sum
of absolute and of signed worths; ``margin_used`` as the account says, 0 while it says
nothing; ``largest_weight`` share of the largest position in the gross exposure and
``hhi`` the sum of squares of these shares (1: all in one position; 0: no position);
``n_positions`` count of positions that are not 0. Missing where it cannot be known.
"""


def exposure_row(
    worths: Mapping[str, float],
    *,
    cash: float = nan,
    equity: float = nan,
    margin_used: float = 0.0,
) -> dict[str, float]:
    """`PORTFOLIO_COLUMNS` of signed worths of positions.

    Parameters
    ----------
    worths : mapping of str to float
        Instrument to worth, negative is short; NaN makes the row's exposure missing.
    cash, equity : float
        Each follows from the other where it is missing.
    margin_used : float
        In the currency of the rest.
    """
    held = [abs(worth) for worth in worths.values() if worth != 0.0]
    gross, net = fsum(held), fsum(worths.values())
    if isnan(equity):
        equity = fsum((cash, *worths.values()))
    elif isnan(cash):
        cash = fsum((equity, *(-worth for worth in worths.values())))
    weights = [worth / gross for worth in held]
    spread = (max(weights), fsum(w * w for w in weights)) if held else (0.0, 0.0)
    unknown = isnan(gross)
    found = (
        equity,
        cash,
        gross,
        net,
        margin_used,
        *((nan, nan) if unknown else spread),
    )
    return dict(zip(PORTFOLIO_COLUMNS, (*found, float(len(held))), strict=True))


@dataclass(slots=True)
class PortfolioBook:
    """Positions, cash and last prices of one portfolio: the live form.

    Parameters
    ----------
    cash : float
        Cash at the start, in the portfolio's currency; all prices are in it, too.
    margin_used : float
        Bound by positions at the start.
    units : dict of str to float
        Signed units held at the start.
    """

    cash: float = nan
    margin_used: float = 0.0
    units: dict[str, float] = field(default_factory=dict)
    _prices: dict[str, float] = field(default_factory=dict)
    _stated: dict[str, float] = field(default_factory=dict)

    def mark(self, instrument: str, price: float) -> None:
        """Take the last price of an instrument; what a state said of worths is old."""
        self._prices[instrument] = price
        if instrument in self.units:
            self._stated = {}

    def fill(
        self,
        instrument: str,
        side: int,
        quantity: float,
        price: float,
        fees: float | None = None,
    ) -> None:
        """Take a FILL: units against cash and fees; its price is a price, too."""
        held = fsum((self.units.get(instrument, 0.0), side * quantity))
        self.units[instrument] = held
        if held == 0.0:
            del self.units[instrument]
        self.cash = fsum((self.cash, -side * quantity * price, -(fees or 0.0)))
        self._prices[instrument] = price
        self._stated = {}

    def state(self, record: Mapping[str, Any]) -> None:
        """Take a PORTFOLIO_STATE: what it says stands until the next event."""
        positions = record["positions"]
        if isinstance(positions, str):
            positions = json.loads(positions)
        self.units = {name: float(u) for name, u in positions.items() if u}
        given = {
            name: float(record[name])
            for name in PORTFOLIO_COLUMNS
            if record.get(name) is not None
        }
        self.margin_used = given.get("margin_used", self.margin_used)
        worth = self._worths()
        cash = exposure_row(worth, equity=given["equity"])["cash"]
        self.cash = given.get("cash", cash)
        self._stated = given

    def row(self) -> dict[str, float]:
        """`PORTFOLIO_COLUMNS` as they are known now."""
        found = exposure_row(
            self._worths(),
            cash=self.cash,
            equity=self._stated.get("equity", nan),
            margin_used=self.margin_used,
        )
        return found | self._stated

    def _worths(self) -> dict[str, float]:
        prices = self._prices
        return {name: u * prices.get(name, nan) for name, u in self.units.items()}


def portfolio_rows(
    book: PortfolioBook,
    *,
    prices: pl.DataFrame | None = None,
    fills: pl.DataFrame | None = None,
    states: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Rows of a portfolio, one at each instant at which something of it became known.

    Of one instant prices come first, then fills, then states.

    Parameters
    ----------
    book : PortfolioBook
        What the portfolio was before; it is changed to what it is after.
    prices : polars.DataFrame of shape (n_prices, any), optional
        ``instrument``, ``received_ns``, ``close``: bars.
    fills : polars.DataFrame of shape (n_fills, any), optional
        The FILL record.
    states : polars.DataFrame of shape (n_states, any), optional
        The PORTFOLIO_STATE record of one portfolio.

    Returns
    -------
    polars.DataFrame of shape (n_instants, 2 + n_columns)
        ``event_ns`` and ``received_ns``, both the instant at which the row was known,
        and `PORTFOLIO_COLUMNS`, null where they cannot be known.

    Raises
    ------
    InputError
        The states are of several portfolios.
    """
    if states is not None and states["portfolio"].n_unique() > 1:
        raise InputError(
            "The rows of a portfolio must be made of its own states.",
            way_out="Filter the states by portfolio.",
            column="portfolio",
        )
    found: list[dict[str, float]] = []
    for at_ns, events in _instants(prices, fills, states):
        for kind, event in events:
            _take(book, kind, event)
        found.append({"event_ns": at_ns, "received_ns": at_ns, **book.row()})
    times = dict.fromkeys(("event_ns", "received_ns"), pl.Int64)
    schema = times | dict.fromkeys(PORTFOLIO_COLUMNS, pl.Float64)
    return pl.DataFrame(found, schema=schema).fill_nan(None)


def _take(book: PortfolioBook, kind: int, event: Mapping[str, Any]) -> None:
    name = event.get("instrument", "")
    if kind == 0:
        book.mark(name, event["close"])
    elif kind == 1:
        fees = event.get("fees")
        book.fill(name, event["side"], event["quantity"], event["price"], fees)
    else:
        book.state(event)


def _instants(
    *frames: pl.DataFrame | None,
) -> Iterator[tuple[int, list[tuple[int, dict[str, Any]]]]]:
    """Events of all frames in order of receipt, those of one instant together."""
    every = [
        (int(event["received_ns"]), kind, event)
        for kind, frame in enumerate(frames)
        if frame is not None
        for event in frame.iter_rows(named=True)
    ]
    every.sort(key=lambda each: each[:2])
    start = 0
    for place, each in enumerate(every):
        if place + 1 == len(every) or every[place + 1][0] != each[0]:
            yield each[0], [(k, event) for _, k, event in every[start : place + 1]]
            start = place + 1
