"""Whether forecasts say more about their own outcomes than about shuffled ones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.statistics.samples import at_least

Rows = NDArray[Any]
_LEAST_BLOCKS = 6  # 720 orders; below that no order is rare


@dataclass(frozen=True, slots=True)
class PermutationNull:
    """A figure beside what it is when forecasts and outcomes do not belong together.

    Parameters
    ----------
    value : float
        The figure of the forecasts as they are.
    p_value : float
        Share of the orders, with the one that was found, that are at least as good.
    null_mean, null_deviation : float
        Mean and deviation of the figure over the shuffled orders.
    repeats : int
        Number of shuffled orders.
    """

    value: float
    p_value: float
    null_mean: float
    null_deviation: float
    repeats: int


def permutation_null(
    figure: Callable[[Rows, Rows], float],
    forecasts: ArrayLike,
    outcomes: ArrayLike,
    *,
    block_rows: int,
    seed: int,
    repeats: int = 500,
) -> PermutationNull:
    """Shuffle blocks of forecasts against the outcomes, and compute the figure anew.

    Forecasts of neighbouring rows are alike, and so are outcomes whose labels overlap;
    single rows that are shuffled would look far too independent. So whole blocks change
    places, and the cuts between blocks are moved at random in each order.
    ``p = (1 + #{shuffled >= found}) / (1 + repeats)``: at most the size it says, if
    blocks are exchangeable.

    Parameters
    ----------
    figure : callable
        Takes forecasts and outcomes of equal length, returns one number; higher is
        better.
    forecasts : array_like of shape (n_rows, ...)
        In time order.
    outcomes : array_like of shape (n_rows, ...)
        Of the same rows.
    block_rows : int
        Rows of a block: at least as many as one label spans.
    seed : int
        Seed of the generator.
    repeats : int
        Number of orders, at least 19.

    Raises
    ------
    InputError
        The lengths differ, there are fewer than 6 blocks, or a figure is not finite.

    References
    ----------
    Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology
    9(1), for the p-value; Politis and Romano (1992) for circular blocks.
    """
    asked, came = np.asarray(forecasts), np.asarray(outcomes)
    size = at_least(block_rows, 1, name="block_rows")
    at_least(repeats, 19, name="repeats")
    _refuse_rows(asked, came, size)
    value = _finite(figure(asked, came))
    generator = np.random.default_rng(seed)
    found = np.array(
        [
            _finite(figure(asked[_order(len(came), size, generator)], came))
            for _ in range(repeats)
        ]
    )
    return PermutationNull(
        value=value,
        p_value=(1 + int((found >= value).sum())) / (1 + repeats),
        null_mean=float(found.mean()),
        null_deviation=float(found.std(ddof=1)),
        repeats=repeats,
    )


def _order(n_rows: int, size: int, generator: np.random.Generator) -> NDArray[np.intp]:
    """Rows in blocks of ``size`` (one may be shorter) from a random cut, shuffled."""
    rows = np.roll(np.arange(n_rows), int(generator.integers(n_rows)))
    blocks = np.split(rows, np.arange(size, n_rows, size))
    return np.concatenate([blocks[k] for k in generator.permutation(len(blocks))])


def _refuse_rows(asked: Rows, came: Rows, size: int) -> None:
    if asked.ndim == 0 or came.ndim == 0 or len(asked) != len(came):
        raise InputError(
            f"forecasts and outcomes must have the same rows, had the shapes "
            f"{asked.shape} and {came.shape}.",
            way_out="Give one outcome per forecast.",
            source="outcomes",
        )
    if len(came) < _LEAST_BLOCKS * size:
        raise InputError(
            f"The rows must fill at least {_LEAST_BLOCKS} blocks of {size}, were "
            f"{len(came)}.",
            way_out="Give more rows, or take shorter blocks.",
            source="block_rows",
        )


def _finite(value: float) -> float:
    if not np.isfinite(value):
        raise InputError(
            f"The figure must be finite for every order, was {value}.",
            way_out="Give a figure that is defined on all rows, or more rows.",
            source="figure",
        )
    return float(value)
