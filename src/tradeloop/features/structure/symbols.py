"""Symbols of a price path: words of signs, and orders of three values."""

from math import nan

from tradeloop.errors import InputError
from tradeloop.features.base import Family, Feature, Source, suffix
from tradeloop.fold import Float, kernel

_LONGEST = 8


@kernel("word", "order", state=4, params=2)
def _symbols(
    state: Float, params: tuple[float, float], x: float
) -> tuple[float, float]:
    length, words = params
    seen, late, early, word = state[0], state[1], state[2], state[3]
    state[1], state[2] = x, late
    if seen < length + 2.0:
        state[0] = seen + 1.0
    if seen == 0.0:
        return nan, nan
    word = word + word + (1.0 if x > late else 0.0)
    word = word - words if word >= words else word
    state[3] = word
    order = (1.0 if early > late else 0.0) + (2.0 if early > x else 0.0)
    order += 4.0 if late > x else 0.0
    return (word if seen >= length else nan), (order if seen >= 2.0 else nan)  # noqa: PLR2004


def symbols(length: int = 3, x: Source = "close") -> Feature:
    """Columns ``word`` (0 to 2^length - 1) and ``order`` (0 to 7), numbers of symbols.

    A word holds whether each of the last rows rose (1) or not (0), the newest last. The
    order says which of three values in a row stand above which; of its eight numbers
    six can come up, equal values count as in rising order.
    """
    if not 1 <= length <= _LONGEST:
        raise InputError(
            f"symbols.length must lie between 1 and {_LONGEST}, was {length}.",
            way_out="Take 3: longer words need long windows.",
            source="symbols",
        )
    return Feature(
        f"symbols_{length}{suffix(x, 'close')}",
        FAMILY,
        (x,),
        (length, 2**length),
        warm_up=(length, 2),
        look_back=max(length, 2),
    )


FAMILY = Family(
    name="symbols",
    category="technical",
    kernel=_symbols,
    formula="word = sum((x[t-k] > x[t-k-1]) * 2^k) for k below length, order = "
    "(x[t-2] > x[t-1]) + 2 * (x[t-2] > x[t]) + 4 * (x[t-1] > x[t])",
    unit="number of a symbol",
    reference="definition; Bandt and Pompe 2002 (order)",
    build=symbols,
    examples=((3,), (1,)),
)
