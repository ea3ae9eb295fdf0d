"""The books of all instruments over a history."""

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from tradeloop.capture.book import Book
from tradeloop.capture.book_grid import learn_grid


def replay_book(
    deltas: pl.DataFrame,
    *,
    tick_sizes: Mapping[str, str | float] | None = None,
    n_levels: int = 5,
) -> dict[str, tuple[pl.DataFrame, Book]]:
    """Run the books of all instruments over a history.

    Parameters
    ----------
    deltas : polars.DataFrame of shape (n_rows, any)
        ``instrument`` and the columns of `Book.update`, in the order of receipt within
        an instrument.
    tick_sizes : mapping, optional
        By instrument; without one it is learnt from all of its prices.
    n_levels : int
        See `Book`.

    Returns
    -------
    dict of str to (polars.DataFrame, Book)
        By instrument: the tops, and the book as it stands at the end, with its faults.

    Raises
    ------
    InputError
        A column is absent, or no tick size fits an instrument's prices.
    """
    found = {}
    for (name,), own in deltas.group_by("instrument", maintain_order=True):
        tick = (tick_sizes or {}).get(str(name))
        if tick is None:
            grid = learn_grid(own["price"].drop_nulls().cast(pl.Float64).to_numpy())
            tick = str(Decimal(grid.num) / Decimal(grid.den))
        book = Book(tick, n_levels=n_levels)
        found[str(name)] = book.update(own), book
    return found
