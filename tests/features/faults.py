"""Faults planted into feature frames: which, where, and on how many rows."""

from dataclasses import dataclass

import numpy as np

LENGTH = 20


@dataclass(frozen=True)
class Planted:
    """A column with a fault in rows [first, first + length)."""

    kind: str
    feature: str
    values: np.ndarray
    first: int
    length: int


def unit_error(x, draw, size):
    return x * 100


def unit_error_in_one_row(x, draw, size):
    return np.concatenate([x[:1] * 1e4, x[1:]])


def overflow(x, draw, size):
    return np.full_like(x, 1e6 * (1e6 + size))


def sentinel(x, draw, size):
    return np.full_like(x, -1e38)


def infinite(x, draw, size):
    return np.where(np.arange(len(x)) == len(x) // 2, np.inf, x)


def spike(x, draw, size):
    sign = draw.choice([-1.0, 1.0])
    return np.where(np.arange(len(x)) == len(x) // 2, sign * 1e6 * (1e3 + size), x)


def nan_burst(x, draw, size):
    return np.full_like(x, np.nan)


def short_nan_burst(x, draw, size):
    return np.where(np.arange(len(x)) < 5, np.nan, x)


def every_third_nan(x, draw, size):
    return np.where(np.arange(len(x)) % 3 == 0, np.nan, x)


def stuck(x, draw, size):
    return np.full_like(x, x[0])


def sign_flip(x, draw, size):
    return -x


def noise(x, draw, size):
    return x + draw.normal(0, 1, len(x)) * (np.abs(x).mean() + 1e-9)


def smaller(x, draw, size):
    return x / 100


OUT_OF_RANGE = (unit_error, overflow, sentinel, infinite, spike)
MISSING = (nan_burst, short_nan_burst, every_third_nan)
OTHERS = (unit_error_in_one_row, stuck, sign_flip, smaller, noise)


def planted(kinds, columns, *, first, seed, length=LENGTH):
    """One fault of each kind in each column, in rows of its own, one at a time.

    What changes no value, as 100 times 0, is no fault.
    """
    draw = np.random.default_rng(seed)
    for name, values in columns.items():
        size = float(np.nanmax(np.abs(values), initial=0.0))
        for kind in kinds:
            at = int(draw.integers(first, len(values) - 2 * length))
            spoiled = values.copy()
            spoiled[at : at + length] = kind(values[at : at + length], draw, size)
            if not np.array_equal(spoiled, values, equal_nan=True):
                yield Planted(kind.__name__, name, spoiled, at, length)


def moved(columns, *, first, rows):
    """Each column as it was ``rows`` rows before: a time shift."""
    for name, values in columns.items():
        yield Planted(
            "time shift",
            name,
            np.concatenate([values[:first], values[first - rows : -rows]]),
            first,
            len(values) - first,
        )


def swapped(columns, *, first, seed, length=LENGTH):
    """Each column with the rows of its neighbour, as after a change of columns."""
    draw = np.random.default_rng(seed)
    names = list(columns)
    for name, other in zip(names, names[1:] + names[:1], strict=True):
        at = int(draw.integers(first, len(columns[name]) - 2 * length))
        spoiled = columns[name].copy()
        spoiled[at : at + length] = columns[other][at : at + length]
        yield Planted("swapped columns", name, spoiled, at, length)
