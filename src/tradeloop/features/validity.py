"""Arrow's validity bits of a float column: missing (NaN) becomes null."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.fold import compiled, inline

_BLOCK = 64  # rows looked at together: few have something missing


@inline
def _clear(values: Any, bits: Any, first: int, stop: int) -> int:
    missing = 0
    for row in range(first, stop):
        if values[row] != values[row]:
            bits[row // 8] &= ~np.uint8(1 << (row % 8))
            missing += 1
    return missing


@compiled
def _bits(values: Any, bits: Any) -> Any:
    """Clear the bits of missing values, all bits being set; return their count."""
    missing, whole = 0, values.size - values.size % _BLOCK
    for first in range(0, whole, _BLOCK):
        gaps = 0
        for k in range(_BLOCK):
            gaps += values[first + k] != values[first + k]
        if gaps:
            missing += _clear(values, bits, first, first + _BLOCK)
    return missing + _clear(values, bits, whole, values.size)


def validity(values: NDArray[np.float64]) -> tuple[NDArray[np.uint8], int]:
    """Return a bit for each value, set where it is no NaN, and the count of NaN.

    Least significant bits come first, as Arrow has it.
    """
    bits = np.full(-(-values.size // 8), 255, np.uint8)
    return bits, int(_bits(values, bits))
