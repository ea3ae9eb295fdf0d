"""Durations as people write them: ``30s``, ``5m``, ``1h``, ``5d``."""

import re

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.errors import InputError

_UNITS = {
    "ms": NS_PER_SECOND // 1000,
    "s": NS_PER_SECOND,
    "m": NS_PER_MINUTE,
    "h": NS_PER_HOUR,
    "d": NS_PER_DAY,
    "w": 7 * NS_PER_DAY,
}
_LONGEST_NS = 100 * 366 * NS_PER_DAY
_FORM = re.compile(r"([0-9]{1,20})(ms|s|m|h|d|w)")


def duration_ns(text: str) -> int:
    """Nanoseconds of a duration such as ``5m``.

    Raises
    ------
    InputError
        The text is no positive whole number with one of the units ms, s, m, h, d, w, or
        more than a hundred years.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None or not found[1].strip("0"):
        raise InputError(
            f"A duration must be a whole number above 0 and a unit, was {text!r}.",
            way_out=f"Write it like 5m; units are {', '.join(_UNITS)}.",
        )
    length_ns = int(found[1]) * _UNITS[found[2]]
    if length_ns > _LONGEST_NS:
        raise InputError(
            f"A duration may be a hundred years at most, was {text!r}.",
            way_out="Give a shorter one.",
        )
    return length_ns


def duration_text(ns: int) -> str:
    """Write ``ns`` with the largest unit that divides it; undoes `duration_ns`."""
    for unit, size in sorted(_UNITS.items(), key=lambda item: -item[1]):
        if unit != "w" and ns % size == 0:
            return f"{ns // size}{unit}"
    return f"{ns}ns"
