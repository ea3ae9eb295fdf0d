"""Pivot points: classic, Fibonacci, Camarilla and Woodie, by one linear step.

With ``below = pivot - low`` and ``above = high - pivot`` of a period that is over,
every level of the four methods is ``base + u * below + v * above`` or, on the other
side, ``base - v * below - u * above``.
"""

from typing import Literal

from tradeloop.features.arithmetic.lag import lag
from tradeloop.features.base import Column, Family, Feature, positive_rows
from tradeloop.features.rolling.extremes import extremes
from tradeloop.features.structure.completed_day import completed_day
from tradeloop.fold import kernel

Method = Literal["classic", "fibonacci", "camarilla", "woodie"]
Numbers = tuple[float, ...]

_RESISTANCES, _SUPPORTS = ("r1", "r2", "r3", "r4"), ("s1", "s2", "s3", "s4")
_LINES = ((1.0, 0.0), (1.0, 1.0), (2.0, 1.0), (3.0, 1.0))
_CAMARILLA = tuple((1.1 / part, 1.1 / part) for part in (12, 6, 4, 2))
_FIBONACCI = tuple((share, share) for share in (0.382, 0.618, 1.0, 1.618))
# Weight of the close in the pivot, share of the close in the base, (u, v) of r1 to r4.
_METHODS: dict[str, tuple[float, float, tuple[tuple[float, float], ...]]] = {
    "classic": (1.0, 0.0, _LINES),
    "fibonacci": (1.0, 0.0, _FIBONACCI),
    "camarilla": (1.0, 1.0, _CAMARILLA),
    "woodie": (2.0, 0.0, _LINES),
}


_OUTPUTS = tuple(f"{level}_bps" for level in ("pp", *_RESISTANCES, *_SUPPORTS))


@kernel(*_OUTPUTS, params=11)
def _pivots(
    params: Numbers, high: float, low: float, last: float, close: float
) -> tuple[float, float, float, float, float, float, float, float, float]:
    weight, scale, shift, u1, v1, u2, v2, u3, v3, u4, v4 = params
    pivot = (high + low + weight * last) * scale
    below, above = pivot - low, high - pivot
    unit = 1e4 / close if close != 0.0 else 0.0
    base = (pivot + shift * (last - pivot) - close) * unit
    a, b = below * unit, above * unit
    return (
        (pivot - close) * unit,
        base + u1 * a + v1 * b,
        base + u2 * a + v2 * b,
        base + u3 * a + v3 * b,
        base + u4 * a + v4 * b,
        base - v1 * a - u1 * b,
        base - v2 * a - u2 * b,
        base - v3 * a - u3 * b,
        base - v4 * a - u4 * b,
    )


def pivots(method: Method = "classic", day: str = "day") -> Feature:
    """Levels of the last completed day, as distances from the close in bps.

    ``1e4 * (level / close - 1)``: above 0 the level lies above the close. Resistances
    r1 to r4 rise, supports s1 to s4 fall.
    """
    done = completed_day(day)
    ending = "" if day == "day" else f"_{day}"
    return _levels(f"pivots_{method}{ending}", method, done.columns)


def rolling_pivots(n: int, method: Method = "classic") -> Feature:
    """Levels of the n rows before instead of those of a day, in bps of the close."""
    n = positive_rows(n, "rolling_pivots")
    span = extremes(n)
    over = (lag(span["highest"], 1), lag(span["lowest"], 1), lag("close", 1))
    columns = tuple(feature.columns[0] for feature in over)
    return _levels(f"rolling_pivots_{n}_{method}", method, columns)


def _levels(name: str, method: Method, over: tuple[Column, ...]) -> Feature:
    weight, shift, lines = _METHODS[method]
    flat = tuple(value for line in lines for value in line)
    params = (weight, 1 / (2 + weight), shift, *flat)
    return Feature(name, FAMILY, (*over, "close"), params, warm_up=(0,) * 9)


FAMILY = Family(
    name="pivots",
    category="technical",
    kernel=_pivots,
    formula="1e4 * (level - close) / close; pp = (high + low + w * last) / (2 + w), "
    "r = base + u * (pp - low) + v * (high - pp), s = base - v * (pp - low) - u * "
    "(high - pp), base = pp, or last in Camarilla's method",
    unit="bps of the close",
    reference="floor traders' pivots; Fibonacci; Camarilla (Scott 1989); Woodie",
    build=pivots,
    examples=(("classic",), ("fibonacci",), ("camarilla",), ("woodie",)),
)
