"""Historical value at risk and expected shortfall of a window."""

from math import floor, nan
from typing import Any

from numpy import uint64

from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.base import Family, Feature, Source, name_of, positive_rows
from tradeloop.fold import Float, inline, kernel

_TAILS = (0.05, 0.01)


@inline
def _insert(ring: Float, first: Any, held: Any, x: float) -> None:
    """Put a value into the sorted ones, of which there are ``held`` from ``first``."""
    j = first + held
    while j > first and ring[j - uint64(1)] > x:
        ring[j] = ring[j - uint64(1)]
        j -= uint64(1)
    ring[j] = x


@inline
def _replace(ring: Float, first: Any, last: Any, old: float, x: float) -> None:
    """Put a value into the sorted ones, in the stead of an old one among them."""
    low, high = first, last
    while low < high:
        middle = (low + high) >> uint64(1)
        if ring[middle] < old:
            low = middle + uint64(1)
        else:
            high = middle
    while low < last and ring[low + uint64(1)] < x:
        ring[low] = ring[low + uint64(1)]
        low += uint64(1)
    while low > first and ring[low - uint64(1)] > x:
        ring[low] = ring[low - uint64(1)]
        low -= uint64(1)
    ring[low] = x


@inline
def _quantile(ring: Float, first: Any, place: float, last: Any) -> float:
    """Value at a place between two sorted ones, on the straight line between them."""
    j = first + uint64(place)
    after = min(j + uint64(1), last)
    return ring[j] + (place - float(uint64(place))) * (ring[after] - ring[j])  # type: ignore[no-any-return]


@inline
def _tail_mean(ring: Float, first: Any, rows: float) -> float:
    """Mean of the lowest rows; the last of them counts with the part that is left."""
    total, whole = 0.0, uint64(rows)
    for k in range(whole):
        total += ring[first + k]
    rest = rows - float(whole)
    return (total + rest * ring[first + whole]) / rows  # type: ignore[no-any-return]


@kernel("var_95", "es_95", "var_99", "es_99", state=2, params=5)
def _historical_loss(
    state: Float,
    ring: Float,
    params: tuple[float, float, float, float, float],
    x: float,
) -> tuple[float, float, float, float]:
    # ring: the last n values as they came, then the same ones sorted
    n, place_95, rows_95, place_99, rows_99 = params
    here, first = uint64(state[0]), uint64(n)
    last = first + first - uint64(1)
    old, held = ring[here], state[1]
    ring[here] = x
    state[0] = state[0] + 1.0 if state[0] + 1.0 < n else 0.0
    if held < n:
        _insert(ring, first, uint64(held), x)
        state[1] = held + 1.0
        if held + 1.0 < n:
            return nan, nan, nan, nan
    else:
        _replace(ring, first, last, old, x)
    return (
        -_quantile(ring, first, place_95, last),
        -_tail_mean(ring, first, rows_95),
        -_quantile(ring, first, place_99, last),
        -_tail_mean(ring, first, rows_99),
    )


def historical_loss(n: int, x: Source = "", *, name: str = "") -> Feature:
    """Columns ``var_95``, ``es_95``, ``var_99``, ``es_99`` of n rows of returns ``x``.

    A loss is positive, in the unit of ``x``: by default the log return of a bar in bps.
    Value at risk is the quantile on the straight line between the two nearest rows
    (Hyndman and Fan's seventh, NumPy's default). Expected shortfall is the mean of the
    lowest 5 or 1 % of the rows, where the last one counts with the part that is left
    (Acerbi and Tasche), so that it is never below the value at risk. Fewer than 100
    rows say of 99 % only what the worst row was.
    """
    n = positive_rows(n, "historical_loss", 2)
    x = x or log_return(1).columns[0]
    usual = name_of(x) == log_return(1).name
    ending = "" if usual else f"_{name_of(x)}"
    places = [each for p in _TAILS for each in ((n - 1) * p, _rows(n * p))]
    return Feature(
        name or f"historical_loss_{n}{ending}",
        FAMILY,
        (x,),
        (n, *places),
        ring=2 * n,
        warm_up=(n - 1,) * 4,
        look_back=n - 1,
    )


def _rows(count: float) -> float:
    """Rows of the tail; a whole number that rounding missed is that number."""
    near = floor(count + 0.5)
    return float(near) if abs(count - near) < 1e-9 else count  # noqa: PLR2004


FAMILY = Family(
    name="historical_loss",
    category="risk",
    kernel=_historical_loss,
    formula="var_q = -quantile(x, 1 - q), es_q = -mean(x below its (1 - q) quantile) "
    "over n rows",
    unit="unit of x; a loss is positive",
    reference="Hyndman and Fan 1996, type 7; Acerbi and Tasche 2002",
    build=historical_loss,
    examples=((100,), (20,)),
)
