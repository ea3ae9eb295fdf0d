"""The stationary bootstrap as counts, for many statistics of the same rows at once.

A resample draws n of n rows in blocks; what matters to a mean is only how often each
row was drawn. So a chunk of resamples is a matrix of counts, the means of many columns
are one matrix product, and a statistic that needs the order of the rows takes the
counts as weights. The draws are those of `block_bootstrap` with the same seed: its
intervals are the same up to rounding, and it is the slow proof of this one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np

from tradeloop.errors import InputError
from tradeloop.statistics.intervals import Interval
from tradeloop.statistics.samples import Floats, at_least, between

Weighted = Callable[[Floats], Floats]
"""Statistic of counts of shape (n_resamples, n_rows), of shape (n_resamples,)."""
_CHUNK_CELLS = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class OfMeans:
    """A statistic that is a function of the means of some columns.

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n_columns)
        What is averaged over the rows; finite.
    of : callable
        From means of shape (n_resamples, n_columns) to (n_resamples,); NaN where a
        resample does not allow the statistic.
    """

    columns: Floats
    of: Weighted


@dataclass(frozen=True, slots=True)
class Resamples:
    """How resamples of rows in time order are drawn.

    Parameters
    ----------
    rows : int
        Rows, at least 2.
    block_rows : int
        Mean length of a block, from 1 to ``rows``.
    repeats : int
        Number of resamples, at least 2.
    level : float
        Coverage of the intervals, between 0 and 1.
    seed : int
        Seed of the generator.

    Raises
    ------
    InputError
        A figure is outside its range.

    References
    ----------
    Politis and Romano (1994), JASA 89, 1303-1313.
    """

    rows: int
    block_rows: int
    repeats: int = 1000
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        at_least(self.rows, 2, name="rows")
        at_least(self.block_rows, 1, name="block_rows")
        at_least(self.repeats, 2, name="repeats")
        between(self.level, 0.0, 1.0, name="level")
        if self.block_rows > self.rows:
            raise InputError(
                f"block_rows must not exceed the {self.rows} rows, was "
                f"{self.block_rows}.",
                way_out="Take shorter blocks or more rows.",
                source="block_rows",
            )

    def counts(self) -> Iterator[Floats]:
        """Yield how often each row is drawn, in chunks.

        Returns
        -------
        iterator of ndarray of shape (n_resamples, n_rows)
            Each row of it sums to ``rows``.
        """
        rng = np.random.default_rng(self.seed)
        size = max(1, _CHUNK_CELLS // self.rows)
        for start in range(0, self.repeats, size):
            chunk = np.empty((min(size, self.repeats - start), self.rows))
            for drawn in chunk:
                drawn[:] = self._drawn(rng)
            yield chunk

    def _drawn(self, rng: np.random.Generator) -> Floats:
        n = self.rows
        first, luck = rng.integers(n, size=n), rng.random(n)
        new = luck <= 1 / self.block_rows
        new[0] = True
        at = np.flatnonzero(new)
        begin = first[at]
        end = begin + np.diff(at, append=n)
        # Blocks that run over the last row go on at the first.
        change = np.bincount(begin, minlength=2 * n + 1)
        change -= np.bincount(end, minlength=2 * n + 1)
        held = np.cumsum(change)
        return np.asarray(held[:n] + held[n : 2 * n], dtype=np.float64)

    def values(
        self,
        means: Mapping[str, OfMeans],
        others: Mapping[str, Weighted] | None = None,
    ) -> dict[str, Floats]:
        """Measure every statistic on the rows and on every resample.

        Parameters
        ----------
        means : mapping of str to OfMeans
            Statistics that are functions of means.
        others : mapping of str to callable, optional
            Statistics of the counts.

        Returns
        -------
        dict of str to ndarray of shape (1 + repeats,)
            First the value on the rows themselves, each drawn once.
        """
        others = others or {}
        columns, spans = _stacked(means, self.rows)
        found: dict[str, list[Floats]] = {name: [] for name in (*means, *others)}
        for drawn in chain([np.ones((1, self.rows))], self.counts()):
            averages = drawn @ columns / self.rows
            for name, each in means.items():
                found[name].append(each.of(averages[:, spans[name]]))
            for name, other in others.items():
                found[name].append(other(drawn))
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def interval(self, values: Floats) -> Interval | None:
        """Percentile interval of one statistic of `values`.

        Resamples on which it is not defined are left out; None where it is not defined
        on the rows themselves or on any resample.
        """
        drawn = values[1:][np.isfinite(values[1:])]
        if not np.isfinite(values[0]) or not len(drawn):
            return None
        tail = (1 - self.level) / 2
        low, high = np.quantile(drawn, [tail, 1 - tail])
        return Interval(float(values[0]), float(low), float(high), self.level)

    def certain(self, values: Floats) -> Interval:
        """Return `interval` of a statistic that is defined on all rows.

        Raises
        ------
        InputError
            It is not.
        """
        found = self.interval(values)
        if found is None:
            raise InputError(
                f"The statistic must be finite on the {self.rows} rows and on some "
                f"resample, was {values[0]} on the rows.",
                way_out="Give more rows.",
                source="statistic",
            )
        return found


def _stacked(
    means: Mapping[str, OfMeans], rows: int
) -> tuple[Floats, Mapping[str, slice]]:
    """Columns side by side, those of one array once, and where each statistic's are."""
    held: dict[int, slice] = {}
    parts, spans, at = [np.empty((rows, 0))], {}, 0
    for name, each in means.items():
        key = id(each.columns)
        if key not in held:
            held[key] = slice(at, at + each.columns.shape[1])
            at = held[key].stop
            parts.append(each.columns)
        spans[name] = held[key]
    return np.concatenate(parts, axis=1), spans
