"""Fractional difference: as stationary as needed, with as much memory as possible."""

from math import nan

from numpy import uint64

from tradeloop.errors import InputError
from tradeloop.features.base import Family, Feature, Source, name_of
from tradeloop.fold import Float, inline, kernel

_MOST = 5000


@inline
def _weigh(ring: Float, first: int, width: int, d: float) -> None:
    """Write the weights of the window behind the values, once."""
    weight = 1.0
    for k in range(width):
        ring[first + k] = weight
        weight = -weight * (d - k) / (k + 1.0)


@kernel("value", state=3, params=2)
def _frac_diff(
    state: Float, ring: Float, params: tuple[float, float], x: float
) -> float:
    # ring: the window twice, so that it always stands in one piece; then the weights
    d, n = params
    width = uint64(n)
    weights = width + width
    if state[2] == 0.0:
        _weigh(ring, weights, width, d)
        state[2] = 1.0
    here = uint64(state[0])
    ring[here] = ring[here + width] = x
    pos = state[0] + 1.0
    if pos == n:
        pos, state[1] = 0.0, 1.0
    state[0] = pos
    if state[1] == 0.0:
        return nan
    newest = here + width
    # Two sums, so that an addition need not wait for the one before it.
    even, odd = 0.0, 0.0
    for j in range(uint64(0), width - uint64(1), uint64(2)):
        even += ring[newest - j] * ring[weights + j]
        odd += ring[newest - j - uint64(1)] * ring[weights + j + uint64(1)]
    if width & uint64(1):
        even += ring[newest - width + uint64(1)] * ring[weights + width - uint64(1)]
    return even + odd


def frac_diff(x: Source, d: float, cutoff: float = 1e-3) -> Feature:
    """Difference of order ``d`` of ``x`` over a fixed window.

    The window ends before the first weight whose size is below ``cutoff``. Rows that
    have no full window have no value.
    """
    width = window_width(d, cutoff)
    order = f"{d:g}".replace(".", "_")
    return Feature(
        f"frac_diff_{order}_{width}_{name_of(x)}",
        FAMILY,
        (x,),
        (d, width),
        ring=3 * width,
        warm_up=(width - 1,),
        look_back=width - 1,
    )


def window_width(d: float, cutoff: float) -> int:
    """Count of weights of order ``d`` that come before the first below ``cutoff``.

    Raises
    ------
    InputError
        No order above 0, no cut-off between 0 and 1, or a window of too many rows.
    """
    if not 0.0 < d <= 2.0 or not 0.0 < cutoff < 1.0:  # noqa: PLR2004
        raise InputError(
            "frac_diff needs d above 0 up to 2 and cutoff between 0 and 1, was "
            f"d {d}, cutoff {cutoff}.",
            way_out="d = 0.4 with 1e-3 keeps much memory.",
            source="frac_diff",
        )
    weight, width = 1.0, 0
    while abs(weight) >= cutoff and width <= _MOST:
        weight *= -(d - width) / (width + 1)
        width += 1
    if width > _MOST:
        raise InputError(
            f"frac_diff with d {d} and cutoff {cutoff} needs a window of more than "
            f"{_MOST} rows.",
            way_out="Give a larger cutoff.",
            source="frac_diff",
        )
    return width


FAMILY = Family(
    name="frac_diff",
    category="technical",
    kernel=_frac_diff,
    formula="sum(w[k] * x[t - k]) for k below width, w[0] = 1, "
    "w[k] = -w[k-1] * (d - k + 1) / k",
    unit="unit of x",
    reference="Hosking 1981; Lopez de Prado 2018, chapter 5, fixed-width window",
    build=frac_diff,
    examples=(("close", 0.4, 1e-2), ("close", 0.7, 0.05), ("volume", 1.0, 0.01)),
    price_degree=(None,),
)
