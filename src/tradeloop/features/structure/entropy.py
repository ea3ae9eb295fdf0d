"""Shannon entropy of symbols over a window: how varied the price path is."""

from math import log, nan

from numpy import uint64

from tradeloop.features.base import Column, Family, Feature, positive_rows
from tradeloop.features.structure.symbols import symbols
from tradeloop.fold import Float, inline, kernel

_ORDERS, _POSSIBLE = 8, 6


@inline
def _tabulate(ring: Float, first: int, n: int) -> None:
    """Write ``c * ln(c)`` for counts up to n, once: no logarithm is needed later."""
    for c in range(uint64(1), n + uint64(1)):
        ring[first + c] = float(c) * log(float(c))


@kernel("value", state=3, params=4)
def _entropy(
    state: Float, ring: Float, params: tuple[float, float, float, float], symbol: float
) -> float:
    # ring: n symbols, the count of each kind, c * ln(c) for c from 0 to n
    n, kinds, scale, whole = params
    rows = uint64(n)
    counts = rows + uint64(kinds)
    if state[2] == 0.0:
        _tabulate(ring, counts, rows)
        state[2] = 1.0
    here, code = uint64(state[0]), max(min(symbol, kinds - 1.0), 0.0)
    if state[1] == 1.0:
        ring[rows + uint64(ring[here])] -= 1.0
    ring[here] = code
    ring[rows + uint64(code)] += 1.0
    pos = state[0] + 1.0
    if pos == n:
        pos, state[1] = 0.0, 1.0
    state[0] = pos
    if state[1] == 0.0:
        return nan
    total = 0.0
    for k in range(rows, counts):
        total += ring[counts + uint64(ring[k])]
    return max(whole - total * scale, 0.0)


def entropy(symbol: Column, n: int, kinds: int, possible: int) -> Feature:
    """Entropy of n symbols numbered below ``kinds``, 1 where all possible come evenly.

    ``possible`` says how many of the kinds can come up.
    """
    n = positive_rows(n, "entropy", 2)
    most = log(possible)
    return Feature(
        f"entropy_{n}_{symbol.name}",
        FAMILY,
        (symbol,),
        (n, kinds, 1 / (n * most), log(n) / most),
        ring=2 * n + kinds + 1,
        warm_up=(n - 1,),
        look_back=n - 1,
    )


def word_entropy(n: int, length: int = 3) -> Feature:
    """Entropy of words of up and not up over n rows."""
    return entropy(symbols(length)["word"], n, 2**length, 2**length)


def permutation_entropy(n: int) -> Feature:
    """Permutation entropy of order 3 of the close over n rows."""
    return entropy(symbols()["order"], n, _ORDERS, _POSSIBLE)


def _example(n: int, output: str) -> Feature:
    return word_entropy(n) if output == "word" else permutation_entropy(n)


FAMILY = Family(
    name="entropy",
    category="technical",
    kernel=_entropy,
    formula="-sum(p * ln(p)) / ln(possible), p shares of the symbols of n rows",
    unit="0 (one symbol) to 1 (all alike)",
    reference="Shannon 1948; Bandt and Pompe 2002 (permutation entropy)",
    build=_example,
    examples=((50, "word"), (20, "order"), (7, "word")),
)
