"""The levels of a book: sizes by whole tick, found in a few steps at any distance.

Ticks are cut into pages of 512. A page holds its sizes and eight words of bits that
tell which of them are not zero; a directory says where the page of a tick lies, and has
bits of its own. Setting a size is a look-up; the next level above or below a tick is
found by the bits, past any gap. No window, so nothing has to be re-centred and no level
is too far away; an empty page goes back to the pool.

All compiled functions of the book stand in this file: Numba's cache watches one file.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.fold import compiled

BID, ASK = 0, 1
PAGE = 512
FREE = 0
"""Place in ``notes``: how many pages are in the pool."""

APPLIED, OLD, CROSSED, LOCKED = 1, 2, 3, 4
"""What became of a message; 0 means not looked at."""

_U0, _U1, _U6, _U9 = np.uint64(0), np.uint64(1), np.uint64(6), np.uint64(9)
_U58, _U63, _SLOT = np.uint64(58), np.uint64(63), np.uint64(PAGE - 1)
_ALL = np.uint64(2**64 - 1)

# Multiplying a power of two by this number puts its exponent's code into the top bits.
_FACTOR = np.uint64(0x03F79D71B4CB0A89)


def _exponents() -> NDArray[np.uint64]:
    """Exponent of each code that `_FACTOR` gives."""
    table = np.zeros(64, np.uint64)
    for exponent in range(64):
        code = ((1 << exponent) * int(_FACTOR)) % 2**64 >> 58
        table[code] = exponent
    return table


_EXPONENT = _exponents()

Levels = tuple[Any, ...]
"""``sizes`` (pages, 512), ``bits`` (pages, 8), ``used`` (pages,), ``free`` (pages,),
``directory`` (2, n), ``present`` (2, n / 64), ``best`` (2,), ``notes`` (1,)."""


def empty_levels(pages: int, highest: int) -> Levels:
    """Room for ``pages`` pages of levels and ticks up to ``highest``."""
    words = highest // PAGE // 64 + 1
    return (
        np.zeros((pages, PAGE)),
        np.zeros((pages, PAGE // 64), np.uint64),
        np.zeros(pages, np.int64),
        np.arange(pages - 1, -1, -1, dtype=np.int64),
        np.full((2, words * 64), -1, np.int64),
        np.zeros((2, words), np.uint64),
        np.full(2, -1, np.int64),
        np.array([pages], np.int64),
    )


def roomier(levels: Levels, pages: int, highest: int) -> Levels:
    """Copy levels into more room."""
    grown = empty_levels(pages, highest)
    old = levels[0].shape[0]
    for new, given in zip(grown[:3], levels[:3], strict=True):
        new[:old] = given
    for new, given in zip(grown[4:6], levels[4:6], strict=True):
        new[:, : given.shape[1]] = given
    grown[6][:] = levels[6]
    n_free, more = int(levels[7][FREE]), pages - old
    grown[3][:more] = np.arange(pages - 1, old - 1, -1)
    grown[3][more : more + n_free] = levels[3][:n_free]
    grown[7][FREE] = n_free + more
    return grown


@compiled
def _low_bit(word: Any) -> Any:
    """Position of the lowest set bit of a word that is not zero."""
    return _EXPONENT[((word & (~word + _U1)) * _FACTOR) >> _U58]


@compiled
def _high_bit(word: Any) -> Any:
    """Position of the highest set bit of a word that is not zero."""
    for shift in (1, 2, 4, 8, 16, 32):
        word |= word >> np.uint64(shift)
    return _EXPONENT[((word ^ (word >> _U1)) * _FACTOR) >> _U58]


@compiled
def _first_up(words: Any, row: int, bit: Any) -> int:
    """Lowest set bit at or above ``bit`` in a row of words, -1 if none."""
    at, end = bit >> _U6, np.uint64(words.shape[1])
    if at >= end:
        return -1
    word = words[row, at] & (_ALL << (bit & _U63))
    while word == _U0:
        at += _U1
        if at >= end:
            return -1
        word = words[row, at]
    return int(np.int64((at << _U6) + _low_bit(word)))


@compiled
def _first_down(words: Any, row: int, bit: Any) -> int:
    """Highest set bit at or below ``bit`` in a row of words, -1 if none."""
    at = bit >> _U6
    word = words[row, at] & (_ALL >> (_U63 - (bit & _U63)))
    while word == _U0:
        if at == _U0:
            return -1
        at -= _U1
        word = words[row, at]
    return int(np.int64((at << _U6) + _high_bit(word)))


@compiled
def _level_up(bits: Any, directory: Any, present: Any, side: int, tick: int) -> int:
    """Lowest tick with a size at or above ``tick``; -1 if there is none."""
    at = np.uint64(tick) >> _U9
    if at >= np.uint64(directory.shape[1]):
        return -1
    page = directory[side, at]
    if page >= 0:
        slot = _first_up(bits, page, np.uint64(tick) & _SLOT)
        if slot >= 0:
            return np.int64(at << _U9) + slot  # type: ignore[no-any-return]
    home = _first_up(present, side, at + _U1)
    if home < 0:
        return -1
    return home * PAGE + _first_up(bits, directory[side, home], _U0)  # type: ignore[no-any-return]


@compiled
def _level_down(bits: Any, directory: Any, present: Any, side: int, tick: int) -> int:
    """Highest tick with a size at or below ``tick``; -1 if there is none."""
    if tick < 0:
        return -1
    at = np.uint64(tick) >> _U9
    page = directory[side, at]
    if page >= 0:
        slot = _first_down(bits, page, np.uint64(tick) & _SLOT)
        if slot >= 0:
            return np.int64(at << _U9) + slot  # type: ignore[no-any-return]
    if at == _U0:
        return -1
    home = _first_down(present, side, at - _U1)
    if home < 0:
        return -1
    return home * PAGE + _first_down(bits, directory[side, home], _SLOT)  # type: ignore[no-any-return]


@compiled
def read_ladder(levels: Levels, ticks: Any, sizes: Any, row: int) -> None:
    """Write the best levels of both sides; ``ticks``, ``sizes`` (rows, 2, n_levels).

    Ticks of absent levels are -1, their sizes NaN.
    """
    held, bits, _, _, directory, present, best, _ = levels
    for side in range(2):
        tick = best[side]
        for k in range(ticks.shape[2]):
            ticks[row, side, k] = tick
            if tick < 0:
                sizes[row, side, k] = np.nan
                continue
            slot = np.uint64(tick) & _SLOT
            sizes[row, side, k] = held[directory[side, np.uint64(tick) >> _U9], slot]
            if side == BID:
                tick = _level_down(bits, directory, present, side, tick - 1)
            else:
                tick = _level_up(bits, directory, present, side, tick + 1)


@compiled
def _open_page(levels: Levels, side: int, at: Any) -> int:
    """Take a page out of the pool; -1 if it is empty."""
    _, _, _, free, directory, present, _, notes = levels
    if notes[FREE] == 0:
        return -1
    notes[FREE] -= 1
    page = free[notes[FREE]]
    directory[side, at] = page
    present[side, at >> _U6] |= _U1 << (at & _U63)
    return page  # type: ignore[no-any-return]


@compiled
def _after_removal(levels: Levels, side: int, tick: int, page: int) -> None:
    """Put the page back where it became empty, and find the next best level."""
    _, bits, used, free, directory, present, best, notes = levels
    at = np.uint64(tick) >> _U9
    used[page] -= 1
    if used[page] == 0:
        directory[side, at] = -1
        present[side, at >> _U6] &= ~(_U1 << (at & _U63))
        free[notes[FREE]] = page
        notes[FREE] += 1
    if tick == best[side] and side == BID:
        best[side] = _level_down(bits, directory, present, side, tick)
    elif tick == best[side]:
        best[side] = _level_up(bits, directory, present, side, tick)


@compiled
def _is_better(tick: int, best: int, side: int) -> bool:
    """Whether a level lies before the best one of its side."""
    return best < 0 or (tick > best) == (side == BID)


@compiled
def apply_rows(levels: Levels, rows: tuple[Any, Any, Any], start: int, end: int) -> int:
    """Set the sizes of rows [start, end); return 0 where the pool ran out of pages.

    Sizes are absolute: after making room, the same rows can be applied again. To clear
    a level that is not there is no fault: venues send such rows.
    """
    # Unpacked once: taking an array out of a tuple costs an atomic count each time.
    sizes, bits, used, _, directory, _, best, _ = levels
    sides, ticks, given = rows
    for k in range(start, end):
        side, tick, size = sides[k], ticks[k], given[k]
        at, slot = np.uint64(tick) >> _U9, np.uint64(tick) & _SLOT
        page = directory[side, at]
        if page < 0:
            if size == 0.0:
                continue
            page = _open_page(levels, side, at)
            if page < 0:
                return 0
        was_empty = sizes[page, slot] == 0.0
        sizes[page, slot] = size
        if was_empty == (size == 0.0):
            continue
        bits[page, slot >> _U6] ^= _U1 << (slot & _U63)
        if was_empty:
            used[page] += 1
            if _is_better(tick, best[side], side):
                best[side] = tick
        else:
            _after_removal(levels, side, tick, page)
    return 1


@compiled
def verdict(levels: Levels) -> int:
    """Say whether the two sides cross or lock."""
    bid, ask = levels[6][BID], levels[6][ASK]
    if bid < 0 or ask < 0 or bid < ask:
        return APPLIED
    return LOCKED if bid == ask else CROSSED


@compiled
def run_messages(
    levels: Levels,
    rows: tuple[Any, Any, Any],
    messages: tuple[Any, Any, Any, Any],
    found: tuple[Any, Any, Any],
    span: tuple[int, int, int],
) -> tuple[int, int]:
    """Apply messages as long as each follows the one before.

    ``messages`` is the first row of each and the end, previous and last sequence, and
    whether the fast way may take it; ``found`` receives what became of each and its
    ladder; ``span`` is the first message, the end, and the book's sequence. Returns
    the message that it stopped at and the book's sequence there.
    """
    starts, previous, last, plain = messages
    states, ticks, sizes = found
    at, stop, sequence = span
    while at < stop and plain[at]:
        if last[at] <= sequence:
            states[at] = OLD
        elif previous[at] > sequence:
            break
        else:
            if apply_rows(levels, rows, starts[at], starts[at + 1]) == 0:
                break
            sequence = last[at]
            states[at] = verdict(levels)
            read_ladder(levels, ticks, sizes, at)
        at += 1
    return at, sequence
