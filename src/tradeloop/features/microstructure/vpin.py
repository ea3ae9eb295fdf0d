"""VPIN: how one-sided the flow of volume was, by a bulk classification."""

from math import erfc, sqrt

from numpy import uint64

from tradeloop.features.arithmetic.change import change
from tradeloop.features.arithmetic.weighted_sum import weighted_sum
from tradeloop.features.base import (
    Category,
    Family,
    Feature,
    Source,
    name_of,
    positive_rows,
    suffix,
)
from tradeloop.features.rolling.moments import moments
from tradeloop.features.trend.sma import sma
from tradeloop.fold import Float, inline, kernel

_ROOT_HALF = sqrt(0.5)


@inline
def _close_bucket(state: Float, ring: Float, n: float, imbalance: float) -> None:
    """Keep the imbalance of a bucket that is full, over that of n buckets ago."""
    ring[uint64(state[3])] = imbalance
    place = state[3] + 1.0
    state[3] = 0.0 if place == n else place
    state[4] = min(state[4] + 1.0, n)


@inline
def _fill(
    state: Float, ring: Float, n: float, share: float, volume: float, bucket: float
) -> float:
    """Pour a volume into buckets, ``share`` of it bought; 1 where one was closed."""
    size = state[2] if state[0] > 0.0 else bucket
    room = size - state[0]
    if size <= 0.0 or volume < room:
        state[0], state[1], state[2] = (
            state[0] + volume,
            state[1] + share * volume,
            size,
        )
        return 0.0
    bought = state[1] + share * room
    _close_bucket(state, ring, n, abs(2.0 * bought - size) / size)
    rest = volume - room
    whole = rest // bucket if bucket > 0.0 else 0.0
    for _ in range(uint64(min(whole, n))):
        _close_bucket(state, ring, n, abs(2.0 * share - 1.0))
    rest = max(rest - whole * bucket, 0.0)
    state[0], state[1], state[2] = rest, share * rest, bucket
    return 1.0


@kernel("value", "buckets", state=6, params=1)
def _vpin(
    state: Float,
    ring: Float,
    params: tuple[float],
    move: float,
    std: float,
    volume: float,
    bucket: float,
) -> tuple[float, float]:
    # state: volume, bought and size of the bucket at hand, place, buckets, value
    (n,) = params
    if std > 0.0:
        share = 0.5 * erfc(-(move / std) * _ROOT_HALF)
    else:
        share = 1.0 if move > 0.0 else 0.0 if move < 0.0 else 0.5
    if _fill(state, ring, n, share, volume, bucket) == 1.0:
        total = 0.0
        for k in range(uint64(state[4])):
            total += ring[k]
        state[5] = total / state[4]
    return state[5], state[4]


def vpin(
    n: int,
    bucket: float | Source,
    rows: int,
    price: Source = "close",
    volume: Source = "volume",
    *,
    name: str = "",
    category: Category | None = None,
) -> Feature:
    """Columns ``value`` (0 to 1) and ``buckets`` (complete ones, at most n).

    Buckets of equal volume; of each row's volume ``Phi(move / std)`` counts as bought.
    The value is the mean of ``abs(bought - sold) / size`` over the last n buckets.

    Read it with care: Andersen and Bondarenko (2014) show that what it says follows
    from volume and volatility, which enter through the classification, and that beside
    these two it foretells nothing; it peaked after the crash that it was praised for.
    Where the venue tells the taker's side, use that (`recent` of the signed volume).

    Parameters
    ----------
    n : int
        Buckets; the authors take 50.
    bucket : float or Source
        Volume of a bucket, such as a fiftieth of a day's; a column may change, and
        counts from the next bucket on.
    rows : int
        Rows of the standard deviation of the moves.
    """
    n, rows = positive_rows(n, "vpin"), positive_rows(rows, "vpin.rows", 2)
    if isinstance(bucket, int | float):
        fixed = f"{name_of(volume)}_always_{bucket:g}"
        bucket = weighted_sum(volume, volume, (0.0, 0.0), bucket, name=fixed)["value"]
    move = change(price, 1)["value"]
    ending = suffix(price, "close") + suffix(volume, "volume")
    return Feature(
        name or f"vpin_{n}_{rows}{ending}",
        FAMILY,
        (move, moments(move, rows)["std"], volume, bucket),
        (n,),
        ring=n,
        warm_up=(0, 0),
        look_back=None,
        category=category,
    )


def vpin_of_mean(n: int, share: float, rows: int) -> Feature:
    """VPIN of bars whose buckets hold ``share`` times the mean volume of a bar."""
    mean = sma("volume", rows)["value"]
    size = weighted_sum(mean, mean, (share, 0.0), name=f"vpin_bucket_{share:g}_{rows}")
    return vpin(n, size["value"], rows)


FAMILY = Family(
    name="vpin",
    category="microstructure",
    kernel=_vpin,
    formula="sum(abs(bought - sold)) / (n * size) over n buckets of one size, bought = "
    "volume * Phi(move / std)",
    unit="0 to 1; 0 until the first bucket is full. Buckets",
    reference="Easley, Lopez de Prado and O'Hara 2012; criticised by Andersen and "
    "Bondarenko 2014: no power beside volume and volatility",
    build=vpin,
    examples=((10, 2000.0, 20), (4, 150.0, 5)),
)
