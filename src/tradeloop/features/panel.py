"""Lanes of history over threads, on columns that stand where they stand."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tradeloop.fold import LINE, Float, Word, panel

_CHUNK = 1000  # rows; no power of two, so that columns do not share cache sets
_FLOAT_BYTES = 8
_STEPS_A_THREAD = 400_000  # about two milliseconds, many times what a thread costs


def address_of(array: NDArray[Any]) -> int:
    """Where the first value of an array stands; the caller keeps the array alive."""
    return int(array.__array_interface__["data"][0])


def fresh_columns(columns: int, rows: int) -> Float:
    """Memory of shape (columns, rows), values unset, of Arrow's pool.

    The pool hands out again what was freed: pages that the system would have to clear
    first cost as much as several features.
    """
    memory = pa.allocate_buffer(columns * rows * _FLOAT_BYTES)
    return np.frombuffer(memory, np.float64).reshape(columns, rows)


def run_panel(
    plan: Word,
    state: Float,
    where: Word,
    bounds: Sequence[int] | NDArray[np.intp],
    hidden: int = 0,
) -> None:
    """Run a plan over lanes that stand one after another; many on several threads.

    Parameters
    ----------
    plan : ndarray
        Lines of a bank.
    state : ndarray of shape (n_lanes, n_state)
        Changed in place.
    where : ndarray of shape (n_columns,)
        Address of row 0 of each column; a number below ``hidden`` is the place of a
        column that is not kept.
    bounds : sequence of shape (n_lanes + 1,)
        Lane ``k`` holds rows ``bounds[k]:bounds[k + 1]``.
    hidden : int
        Count of columns that are not kept.
    """
    edges = np.asarray(bounds, np.intp)
    steps = int(edges[-1] - edges[0]) * plan.size // LINE
    threads = min(_usable_cores(), steps // _STEPS_A_THREAD, edges.size - 1)

    def run(begin: int, end: int) -> None:
        panel(plan, state, where, edges, begin, end, hidden, _CHUNK)

    if threads <= 1:
        run(0, edges.size - 1)
        return
    # Several parts a thread, so that long lanes do not keep the others waiting.
    rows = np.linspace(edges[0], edges[-1], 4 * threads + 1)[1:-1]
    cuts = np.unique([0, *np.searchsorted(edges, rows), edges.size - 1]).tolist()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, cuts[:-1], cuts[1:]))


def _usable_cores() -> int:
    """Cores that this process may use: a container may hold it below the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
