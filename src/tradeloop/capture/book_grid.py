"""Prices as whole ticks, exactly.

A feed writes decimal prices and Python reads the nearest floats. With a tick of
``num / den`` the price of tick ``k`` is ``k * num / den``: a product of whole numbers,
exact below 2^53, and one division, rounded correctly. It is therefore the very float
that the text of the price gives, and a price is on the grid if and only if it is equal.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import gcd, isfinite

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import InputError

Float = NDArray[np.float64]
Int = NDArray[np.int64]

MAX_TICK = 2**31 - 1
"""Highest tick that a book holds; its directory grows with the highest price."""

_MAX_DECIMALS = 9


@dataclass(frozen=True, slots=True)
class Grid:
    """The prices that an instrument can have.

    Parameters
    ----------
    num, den : int
        The tick is ``num / den``, in lowest terms, quote currency.
    """

    num: int
    den: int

    @property
    def tick_size(self) -> float:
        """The tick as a float, quote currency."""
        return self.num / self.den

    def prices(self, ticks: Int) -> Float:
        """Floats of whole ticks; a negative tick is no price and gives NaN.

        Parameters
        ----------
        ticks : ndarray of int64, any shape
        """
        return np.where(ticks >= 0, ticks * self.num / self.den, np.nan)

    def ticks(self, prices: Float) -> tuple[Int, NDArray[np.bool_]]:
        """Whole ticks of prices, and which prices are on the grid.

        Parameters
        ----------
        prices : ndarray of float64, shape (n_prices,)

        Returns
        -------
        ticks : ndarray of int64, shape (n_prices,)
            -1 where a price is not on the grid.
        on_grid : ndarray of bool, shape (n_prices,)
            False for prices between ticks, not above 0, not finite or above `MAX_TICK`.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            near = np.rint(prices * self.den / self.num)
            on_grid = (near >= 1) & (near <= MAX_TICK)
            on_grid &= near * self.num / self.den == prices
            return np.where(on_grid, near, -1.0).astype(np.int64), on_grid


def grid_of(tick_size: str | float | Decimal) -> Grid:
    """Make the grid of a tick size; a float stands for its shortest text.

    Raises
    ------
    InputError
        The tick size is not a positive number with at most 9 digits on either side.
    """
    try:
        size = Decimal(str(tick_size))
        exact = Fraction(size) if size.is_finite() else Fraction(0)
    except InvalidOperation:
        exact = Fraction(0)
    most = 10**_MAX_DECIMALS
    if exact <= 0 or exact.denominator > most or exact.numerator > most:
        raise InputError(
            f"A tick size must be a positive decimal, was {tick_size!r}.",
            way_out="Give the venue's tick size, such as 0.01.",
            source="tick_size",
        )
    return Grid(exact.numerator, exact.denominator)


def learn_grid(prices: Float) -> Grid:
    """Find the coarsest decimal grid that holds all of some prices.

    It is as fine as these prices show: later ones may lie between its ticks, and are
    then refused. Where the venue states a tick size, use that.

    Parameters
    ----------
    prices : ndarray of float64, shape (n_prices,)
        At least one; above 0.

    Raises
    ------
    InputError
        There is no price, or none of the grids with up to 9 decimals holds them all.
    """
    if prices.size and all(map(isfinite, (prices.min(), prices.max()))):
        for decimals in range(_MAX_DECIMALS + 1):
            den = 10**decimals
            near = np.rint(prices * den)
            if near.min() >= 1 and near.max() < 2**53 and (near / den == prices).all():
                step = int(np.gcd.reduce(near.astype(np.int64)))
                shared = gcd(step, den)
                return Grid(step // shared, den // shared)
    raise InputError(
        f"No tick size fits these {prices.size} prices.",
        way_out="Give the venue's tick size.",
        source="tick_size",
    )
