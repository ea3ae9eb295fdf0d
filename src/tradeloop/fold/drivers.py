"""The loops that walk a plan: one row of many lanes, or a panel of history.

A driver calls scans by address, so it never recompiles. Both let go of Python's lock,
so threads are the caller's business: one thread advances more than ten million lanes a
second, and a pool inside would burn a core while one lane has work.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.fold.code import ROOT
from tradeloop.fold.kernel import inline
from tradeloop.fold.scan import WORD, call_scan, types, word_at
from tradeloop.fold.scan import _numba as numba

Float = NDArray[np.float64]
Word = NDArray[np.uintp]
Decorator = Callable[[Callable[..., Any]], Any]

LINE = 4  # words of a line of the plan
_BYTES, _LINE_BYTES = np.uint64(8), np.uint64(8 * LINE)
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_LANES, _WORDS, _N = types.float64[:, ::1], types.uintp[::1], types.intp


def _driver(*arguments: Any) -> Decorator:
    """Compile at import, or load from the cache, for these types of arguments."""
    compiled = numba.njit(types.void(*arguments), cache=True, nogil=True)

    def named(function: Callable[..., Any]) -> Any:
        function.__qualname__ += f"_{ROOT}"  # Numba's cache only watches this file
        return compiled(function)

    return named


@inline
def _walk(plan: int, lines: int, state: int, where: int, shape: int) -> None:
    """Run each scan of a plan once."""
    for k in range(lines):
        call_scan(plan + _LINE_BYTES * np.uint64(k), state, where, shape)


@_driver(WORD)
def live_row(frame: int) -> None:
    """Advance by one row; the frame holds plan, lines, state, where and shape.

    One address instead of five arrays: taking an array apart costs Numba longer than
    a feature takes.
    """
    _walk(
        word_at(frame),
        word_at(frame + _BYTES),
        word_at(frame + np.uint64(16)),
        word_at(frame + np.uint64(24)),
        word_at(frame + np.uint64(32)),
    )


@_driver(_WORDS, _LANES, _WORDS, _N[::1], _N, _N, _N, _N)
def panel(
    plan: Word,
    state: Float,
    where: Word,
    bounds: Any,
    begin: int,
    end: int,
    hidden: int,
    chunk: int,
) -> None:
    """Run the lanes [begin, end) of a panel, lanes of different lengths.

    Lane ``k`` holds rows ``bounds[k]:bounds[k + 1]``. ``where`` is the address of row 0
    of each column; below ``hidden`` it is the place of a column that nobody wants to
    see, which gets a scratch of one chunk.
    """
    scratch, moved = np.empty((hidden, chunk)), np.empty_like(where)
    shape = np.empty(5, np.uintp)
    shape[0], shape[2], shape[3], shape[4] = _ONE, _ZERO, _ZERO, _BYTES
    for lane in range(begin, end):
        home = np.uint64(state.ctypes.data)
        home += _BYTES * np.uint64(lane) * np.uint64(state.shape[1])
        for first in range(bounds[lane], bounds[lane + 1], chunk):
            shape[1] = min(chunk, bounds[lane + 1] - first)
            for k in range(where.size):
                if where[k] < np.uint64(hidden):
                    at = np.uint64(scratch.ctypes.data)
                    moved[k] = at + _BYTES * where[k] * np.uint64(chunk)
                else:
                    moved[k] = where[k] + _BYTES * np.uint64(first)
            _walk(
                np.uint64(plan.ctypes.data),
                plan.size // LINE,
                home,
                np.uint64(moved.ctypes.data),
                np.uint64(shape.ctypes.data),
            )
