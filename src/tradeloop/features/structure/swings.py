"""Swing highs and lows, known once they are confirmed; fractals are those of two."""

from math import nan

from numpy import uint64

from tradeloop.features.base import Family, Feature, Source, name_of, positive_rows
from tradeloop.fold import Float, inline, kernel


@inline
def _stands_out(ring: Float, newest: int, span: int, k: int, sign: float) -> bool:
    """Whether the value k rows ago lies strictly above all others of the window."""
    middle = sign * ring[newest - k]
    found = True
    for j in range(span):
        found = found and (j == k or sign * ring[newest - j] < middle)
    return found


@inline
def _turn(
    state: Float,
    ring: Float,
    at: int,
    newest: int,
    window: tuple[int, int],
    sign: float,
) -> bool:
    """Take up a swing that this row confirms, or the extreme so far before the first.

    ``state[at:at + 4]`` is (swings seen, level, level before, age).
    """
    span, k = window
    x = ring[newest]
    if _stands_out(ring, newest, span, k, sign):
        level = ring[newest - k]
        state[at + 2] = state[at + 1] if state[at] > 0.0 else level
        state[at], state[at + 1], state[at + 3] = 1.0, level, float(k)
        return True
    if state[at] == 0.0 and sign * x >= sign * state[at + 1]:
        state[at + 1], state[at + 2], state[at + 3] = x, x, 0.0
    else:
        state[at + 3] += 1.0
    return False


@kernel(
    "high",
    "low",
    "high_before",
    "low_before",
    "high_age",
    "low_age",
    "is_high",
    "is_low",
    state=10,
    params=1,
)
def _swings(
    state: Float, ring: Float, params: tuple[float], high: float, low: float
) -> tuple[float, float, float, float, float, float, float, float]:
    # ring: the last 2 k + 1 highs, twice, so that they always stand in one piece;
    # then the lows
    k = uint64(params[0])
    span = k + k + uint64(1)
    here = uint64(state[0])
    lows = span + span
    ring[here] = ring[here + span] = high
    ring[here + lows] = ring[here + lows + span] = low
    if state[1] == 0.0:
        state[3] = state[4] = high
        state[7] = state[8] = low
    if state[1] < float(span):
        state[1] += 1.0
    state[0] = state[0] + 1.0 if here + uint64(1) < span else 0.0
    newest = here + span
    if state[1] < float(span):
        _early(state, high, low)
        return nan, nan, nan, nan, nan, nan, nan, nan
    top = _turn(state, ring, 2, newest, (span, k), 1.0)
    bottom = _turn(state, ring, 6, newest + lows, (span, k), -1.0)
    return (
        state[3],
        state[7],
        state[4],
        state[8],
        state[5],
        state[9],
        1.0 if top else 0.0,
        1.0 if bottom else 0.0,
    )


@inline
def _early(state: Float, high: float, low: float) -> None:
    """Keep the extremes so far while the first window fills."""
    state[5] += 1.0
    state[9] += 1.0
    if high >= state[3]:
        state[3], state[4], state[5] = high, high, 0.0
    if low <= state[7]:
        state[7], state[8], state[9] = low, low, 0.0


def swings(k: int, high: Source = "high", low: Source = "low") -> Feature:
    """Last confirmed swings of strength k: levels, the ones before, rows since.

    A swing high is a high strictly above those of the k rows to each side; it is known
    k rows later, when ``is_high`` is 1, and its age is then k. Until the first one is
    confirmed the highest so far stands for it; the same holds for lows.
    """
    k = positive_rows(k, "swings")
    usual = (high, low) == ("high", "low")
    ending = "" if usual else f"_{name_of(high)}_{name_of(low)}"
    return Feature(
        f"swings_{k}{ending}",
        FAMILY,
        (high, low),
        (k,),
        ring=4 * (2 * k + 1),
        warm_up=(2 * k,) * 8,
        look_back=None,
    )


FAMILY = Family(
    name="swings",
    category="technical",
    kernel=_swings,
    formula="high = high[t - k] in rows where it is above high[t - 2k .. t] without "
    "itself (is_high = 1), kept until the next; low mirrored; age = rows since",
    unit="levels: price; ages: rows; is_high, is_low: 0 or 1",
    reference="Williams 1995 (fractals, k = 2), from the row that confirms them",
    build=swings,
    examples=((5,), (2,)),
    price_degree=(1, 1, 1, 1, 0, 0, 0, 0),
)
