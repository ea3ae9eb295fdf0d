"""Durations: calls in turn, medians, percentiles.

Ours and the peer take turns, so that what else the machine does falls on both.
"""

from collections.abc import Callable
from importlib import import_module
from statistics import median
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tradeloop.clock import monotonic_s

Call = Callable[[], object]
REPEATS = 7


def seconds(call: Call) -> float:
    """Seconds that one call takes; its result lives until the clock has stopped."""
    began_s = monotonic_s()
    kept = call()
    took_s = monotonic_s() - began_s
    del kept
    return took_s


def medians_s(*calls: Call | None, repeats: int = REPEATS) -> list[float | None]:
    """Median seconds of each call, called in turn.

    Parameters
    ----------
    calls : callable or None
        Each is called once before, untimed. None stands for an absent peer.
    repeats : int
        Rounds; every second one goes backwards.

    Returns
    -------
    list of float or None
        In the order of ``calls``; None for None.
    """
    took: list[list[float]] = [[] for _ in calls]
    there = [(place, call) for place, call in enumerate(calls) if call is not None]
    for _, call in there:
        call()
    for turn in range(repeats):
        for place, call in there[:: 1 if turn % 2 == 0 else -1]:
            took[place].append(seconds(call))
    return [median(each) if each else None for each in took]


def pair_s(
    ours: Call, peer: Call | None, repeats: int = REPEATS
) -> tuple[float, float | None]:
    """Median seconds of ours and of a peer that may be absent; see `medians_s`."""
    first, second = medians_s(ours, peer, repeats=repeats)
    return cast("float", first), second


def each_us(
    calls: tuple[Call, ...], count: int, warm: int = 200
) -> list[NDArray[np.float64]]:
    """Microseconds of single calls, the callables taking turns in blocks of ``warm``.

    Parameters
    ----------
    calls : tuple of callable
        Each is called ``warm`` times before, untimed.
    count : int
        Timed calls of each.
    warm : int
        Block; a block keeps the caches as a stream of calls would.

    Returns
    -------
    list of ndarray of shape (count,)
    """
    took = [np.empty(count) for _ in calls]
    for call in calls:
        for _ in range(warm):
            call()
    for first in range(0, count, warm):
        for place, call in enumerate(calls):
            for at in range(first, min(first + warm, count)):
                took[place][at] = seconds(call)
    return [each * 1e6 for each in took]


def percentile(values: NDArray[np.float64], share: float) -> float:
    """Percentile of measured values, ``share`` from 0 to 100."""
    return float(np.percentile(values, share))


def peer_module(name: str) -> Any | None:
    """Import a peer, or return None where it is not installed.

    Peers are no dependency of the distribution, and none is loaded before it is asked
    for.
    """
    try:
        return import_module(name)
    except ImportError:
        return None
