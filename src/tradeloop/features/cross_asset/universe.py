"""Many instruments at once: how alike they move, and where each stands among them.

A universe is a fold as a feature is: one compiled step over a row of prices, one flat
state of floats, the same for history (`Universe.advance` over many rows) and live (over
one), so both give the same bits. What it says of the market is a stream of its own,
`MARKET_COLUMNS`; what it says of each instrument are raw columns of its bars,
`PEER_COLUMNS`.

A missing price: the return of a row needs the price in this row and in the row before.
In the correlations, in the eigenvalue and in what is ranked over the window, only the
instruments take part whose last n returns are all there; in the correlations, only
those of them that moved. So an instrument that was missing is back n + 1 rows later,
and no value is made up. Who wants another rule fills the prices before.
"""

from dataclasses import dataclass
from hashlib import sha256
from math import isnan, log, nan, sqrt
from typing import Any

import numpy as np

from tradeloop.errors import ArtefactError, InputError
from tradeloop.features.base import positive_rows
from tradeloop.features.cross_asset.eigenvalue import largest_eigenvalue
from tradeloop.features.fingerprint import step_fingerprint
from tradeloop.fold import Float, Kernel, compiled

MARKET_COLUMNS = ("mean_correlation", "eigenvalue_share", "dispersion_bps")
"""Mean correlation of all pairs over n returns, -1 to 1; share of the largest one in
the sum of all eigenvalues of their correlations, 0 to 1; standard deviation of the last
return across instruments. Missing while fewer than two take part."""
PEER_COLUMNS = ("peer_rank", "peer_zscore", "peer_rank_window", "peer_zscore_window")
"""Where the last return of an instrument, and that over n rows, stand among those of
all: share below, equal ones by half, and standard deviations from the mean."""

_STILL = (
    1e-20  # share of the squares that rounding leaves of a return that never varied
)
_PAIR = 2
_HEAD = 1


@compiled
def _mean_std(values: Float) -> tuple[float, float, float]:
    """Count, mean and standard deviation of the known values."""
    count, mean = 0, 0.0
    for value in values:
        if not isnan(value):
            count, mean = count + 1, mean + value
    if count < _PAIR:
        return float(count), nan, nan
    mean /= count
    square = 0.0
    for value in values:
        if not isnan(value):
            square += (value - mean) * (value - mean)
    return float(count), mean, sqrt(square / count)


@compiled
def _stand(values: Float, to: Float, at: int) -> Any:
    """Write rank and z-score of each known value; return the standard deviation."""
    count, mean, std = _mean_std(values)
    if isnan(std):
        return nan
    for i in range(values.size):
        if not isnan(values[i]):
            below = 0.0
            for value in values:
                below += (value < values[i]) + 0.5 * (value == values[i])
            to[i, at] = below / count
            to[i, at + 1] = (values[i] - mean) / std if std > 0.0 else 0.0
    return std


@compiled
def _unit_rows(logs: Float, held: Float, pos: int, n: int) -> Any:
    """List returns of those that take part, about their mean and of length 1."""
    found = np.empty((held.size, n))
    count = 0
    for i in range(held.size):
        if held[i] <= n:
            continue
        row, total, square = found[count], 0.0, 0.0
        for k in range(n):
            row[k] = logs[(pos - k) % (n + 1), i] - logs[(pos - k - 1) % (n + 1), i]
            total += row[k]
            square += row[k] * row[k]
        total /= n
        around = 0.0
        for k in range(n):
            row[k] -= total
            around += row[k] * row[k]
        if around > _STILL * square:
            for k in range(n):
                row[k] /= sqrt(around)
            count += 1
    return found[:count]


@compiled
def _product(unit: Float) -> Any:
    """Rows times rows, or columns times columns: both have one largest eigenvalue.

    The smaller one; its lower half.
    """
    count, n = unit.shape
    size = min(count, n)
    product = np.zeros((size, size))
    for i in range(size):
        for j in range(i + 1):
            total = 0.0
            for k in range(max(count, n)):
                if count <= n:
                    total += unit[i, k] * unit[j, k]
                else:
                    total += unit[k, i] * unit[k, j]
            product[i, j] = total
    return product


@compiled
def _alike(unit: Float) -> tuple[float, float]:
    """Mean correlation of pairs and share of the largest eigenvalue."""
    count, n = unit.shape
    if count < _PAIR:
        return nan, nan
    square = 0.0
    for k in range(n):
        total = 0.0
        for i in range(count):
            total += unit[i, k]
        square += total * total
    mean = (square - count) / (count * (count - 1.0))
    share = largest_eigenvalue(_product(unit)) / count
    return max(-1.0, min(mean, 1.0)), share


@compiled
def _advance(state: Float, n: int, prices: Float, market: Float, peers: Float) -> None:
    """Take rows of prices; ``market`` and ``peers`` come filled with NaN.

    ``state`` is (place in the ring), rows since the last gap of each instrument, and
    n + 1 rows of logarithms of prices.
    """
    rows, size = prices.shape
    held = state[_HEAD : _HEAD + size]
    logs = state[_HEAD + size :].reshape((n + 1, size))
    last, whole = np.empty(size), np.empty(size)
    for row in range(rows):
        before = int(state[0])
        pos = (before + 1) % (n + 1)
        state[0] = pos
        for i in range(size):
            price = prices[row, i]
            last[i], whole[i] = nan, nan
            if not price > 0.0:
                held[i] = 0.0
                continue
            logs[pos, i] = log(price)
            held[i] = min(held[i] + 1.0, n + 2.0)
            if held[i] > 1.0:
                last[i] = 1e4 * (logs[pos, i] - logs[before, i])
            if held[i] > n:
                whole[i] = 1e4 * (logs[pos, i] - logs[(pos + 1) % (n + 1), i])
        unit = _unit_rows(logs, held, pos, n)
        market[row, 0], market[row, 1] = _alike(unit)
        market[row, 2] = _stand(last, peers[row], 0)
        _stand(whole, peers[row], 2)


_CODE = Kernel(_advance.py_func, (), 0, 0)


@dataclass(frozen=True, slots=True)
class Universe:
    """Instruments whose prices come together, row by row.

    Parameters
    ----------
    symbols : tuple of str
        In the order of a row's prices.
    n : int
        Returns in the window.
    """

    symbols: tuple[str, ...]
    n: int

    def __post_init__(self) -> None:
        positive_rows(self.n, "Universe.n", 2)
        if len(set(self.symbols)) != len(self.symbols) or len(self.symbols) < _PAIR:
            raise InputError(
                f"A universe must name at least two instruments, each once, "
                f"was {self.symbols}.",
                way_out="Name each instrument once.",
                source="Universe.symbols",
            )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the code, the window and the instruments."""
        code = step_fingerprint(_CODE)
        return sha256(repr((code, self.n, self.symbols)).encode()).hexdigest()

    def state(self) -> Float:
        """State before the first row."""
        return np.zeros(_HEAD + len(self.symbols) * (self.n + 2))

    def advance(self, state: Float, prices: Float) -> tuple[Float, Float]:
        """Take rows of prices: one in live, many in history.

        Parameters
        ----------
        state : ndarray of shape (n_state,)
            Changed in place.
        prices : ndarray of shape (n_rows, n_symbols)
            NaN, or a price not above 0, is missing.

        Returns
        -------
        market : ndarray of shape (n_rows, 3)
            `MARKET_COLUMNS`.
        peers : ndarray of shape (n_rows, n_symbols, 4)
            `PEER_COLUMNS`.
        """
        size = len(self.symbols)
        prices = np.ascontiguousarray(prices, np.float64)
        if prices.ndim != _PAIR or prices.shape[1] != size:
            raise InputError(
                f"A row must bring {size} prices, the shape was {prices.shape}.",
                way_out="Give one column for each of Universe.symbols.",
                source="prices",
            )
        market = np.full((len(prices), len(MARKET_COLUMNS)), nan)
        peers = np.full((len(prices), size, len(PEER_COLUMNS)), nan)
        _advance(state, self.n, prices, market, peers)
        return market, peers

    def saved(self, state: Float) -> bytes:
        """State and fingerprint as bytes."""
        return self.fingerprint.encode() + state.astype("<f8").tobytes()

    def restored(self, saved: bytes) -> Float:
        """State from what `saved` gave.

        Raises
        ------
        ArtefactError
            It belongs to another universe.
        """
        mark = self.fingerprint.encode()
        if not saved.startswith(mark):
            raise ArtefactError(
                "The state belongs to another universe. Replay the prices instead."
            )
        return np.frombuffer(saved[len(mark) :], "<f8").astype(np.float64)
