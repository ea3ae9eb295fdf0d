"""What a back-test is run with, apart from market, signals and costs."""

import math
from dataclasses import dataclass

from tradeloop.errors import InputError

WHOLE = 1_000_000_000
"""A weight of 1.0 (all of the capital) in the whole billionths that netting uses."""


@dataclass(frozen=True, slots=True)
class BacktestConfig:
    """Capital, caps and the calendar of a back-test.

    Profits are not reinvested: a weight is a share of ``capital``, which stays what it
    was at the start. Costs are then linear in the rates of the cost model.

    Parameters
    ----------
    capital : float
        Capital at the start, quote currency, above 0.
    max_instrument_exposure : float
        Largest net position of one instrument when it is taken, share of capital.
    max_total_exposure : float
        Largest sum of absolute net positions when they are taken, share of capital.
    periods_per_year : float, optional
        Daily portfolio returns in a year, for annual figures: 252 for an exchange, 365
        for a market that never closes. Without it the number is measured: days with
        bars per 365.25 days of the calendar covered.
    participation : float
        Share of the bar's volume that a trade is taken to be, for the impact term.

    Raises
    ------
    InputError
        A figure is outside its range.
    """

    capital: float = 1.0
    max_instrument_exposure: float = 1.0
    max_total_exposure: float = 1.0
    periods_per_year: float | None = None
    participation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("capital", "max_instrument_exposure", "max_total_exposure"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(
                    f"BacktestConfig.{name} must be finite and above 0, was {value}.",
                    way_out="Give a share of capital, such as 1.0 for all of it.",
                )
        if self.periods_per_year is not None and not self.periods_per_year > 0:
            raise InputError(
                "BacktestConfig.periods_per_year must be above 0,"
                f" was {self.periods_per_year}.",
                way_out="Leave it out to have it measured from the bars.",
            )
        if not 0 <= self.participation <= 1:
            raise InputError(
                "BacktestConfig.participation must lie in [0, 1],"
                f" was {self.participation}.",
                way_out="Give the share of a bar's volume that a trade takes.",
            )
