"""Hurst exponent of a window: by the variance of lags and by the rescaled range."""

from math import exp, lgamma, log, nan, pi, sqrt

from numpy import uint64

from tradeloop.features.arithmetic.log_price import log_price
from tradeloop.features.base import Family, Feature, Source, positive_rows, suffix
from tradeloop.fold import Float, inline, kernel

_SMALLEST, _SETS, _LAGS = 8, 6, 5
_PARAMS = 3 + 2 * _SETS + _LAGS
Numbers = tuple[float, ...]


@inline
def _lag_variance(ring: Float, first: int, rows: int, lag: int) -> float:
    """Variance of the change over ``lag`` rows about the drift, free of bias."""
    n, step = float(rows), float(lag)
    start = first + lag
    drift = step * ((ring[first + rows] - ring[first]) / n)
    pairs = rows + uint64(1) - lag
    # Two sums, so that an addition need not wait for the one before it.
    square, other = 0.0, 0.0
    for i in range(uint64(0), pairs - uint64(1), uint64(2)):
        change = ring[start + i] - ring[first + i] - drift
        square += change * change
        late = i + uint64(1)
        change = ring[start + late] - ring[first + late] - drift
        other += change * change
    if pairs & uint64(1):
        change = ring[first + rows] - ring[first + rows - lag] - drift
        square += change * change
    return (square + other) / ((n - step + 1.0) * (1.0 - step / n))


@inline
def _rescaled_range(ring: Float, first: int, rows: int) -> float:
    """Range of the summed deviations of a chunk of returns over their deviation."""
    begin = ring[first]
    mean = (ring[first + rows] - begin) / float(rows)
    top, bottom, square, before, k = 0.0, 0.0, 0.0, begin, 0.0
    for i in range(first + uint64(1), first + rows + uint64(1)):
        value = ring[i]
        k += 1.0
        path, change = value - begin - k * mean, value - before - mean
        top = max(top, path)
        bottom = min(bottom, path)
        square += change * change
        before = value
    deviation = sqrt(square / float(rows))
    return (top - bottom) / deviation if deviation > 0.0 else 0.0


@inline
def _by_lags(ring: Float, first: int, rows: int, params: Numbers) -> float:
    total, lag = 0.0, uint64(1)
    for j in range(uint64(params[2])):
        spread = _lag_variance(ring, first, rows, lag)
        if spread <= 0.0:
            return 0.5
        total += params[3 + 2 * _SETS + j] * log(spread)
        lag = lag + lag
    return total


@inline
def _by_range(
    ring: Float, first: int, rows: int, params: Numbers
) -> tuple[float, float]:
    raw, corrected, chunks = 0.0, 0.0, uint64(1)
    for j in range(uint64(params[1])):
        size = rows // chunks
        begin, total = first + rows - size * chunks, 0.0
        for c in range(chunks):
            total += _rescaled_range(ring, begin + c * size, size)
        if total <= 0.0:
            return 0.5, 0.5
        mean = total / float(chunks)
        raw += params[3 + j] * log(mean)
        corrected += params[3 + j] * log(mean + params[3 + _SETS + j])
        chunks = chunks + chunks
    return raw, corrected


@kernel(
    "variance_of_lags",
    "rescaled_range",
    "rescaled_range_corrected",
    state=2,
    params=_PARAMS,
)
def _hurst(
    state: Float, ring: Float, params: Numbers, x: float
) -> tuple[float, float, float]:
    # ring: n + 1 values twice, so that the window always stands in one piece
    n = params[0]
    here, far = uint64(state[0]), uint64(n) + uint64(1)
    ring[here] = ring[here + far] = x
    pos = state[0] + 1.0
    if pos > n:
        pos, state[1] = 0.0, 1.0
    state[0] = pos
    if state[1] == 0.0:
        return nan, nan, nan
    first, rows = uint64(pos), uint64(n)
    lags = _by_lags(ring, first, rows, params)
    raw, corrected = _by_range(ring, first, rows, params)
    return lags, raw, corrected


def hurst(n: int, x: Source = "close") -> Feature:
    """Three estimates from n returns: by variances, by ranges, by corrected ranges.

    0.5 for a walk without memory, above it for a trending, below for a reverting one.

    - ``variance_of_lags``: half the slope of the log variance of changes over 1, 2, 4,
      8 and 16 rows (as far as a quarter of n) against the log of the lag, each variance
      corrected for the drift taken out of overlapping changes.
    - ``rescaled_range``: slope of the log of the mean rescaled range of 1, 2, 4 ... 32
      chunks (of at least 8 returns) against the log of their size.
    - ``rescaled_range_corrected``: the same, with the expectation for white noise of
      that size (Anis and Lloyd) replaced by its limit.

    A window is short, so all three are biased. On white noise the means (and standard
    deviations) are, in this order:

    - 4,000 windows of n = 100: 0.479 (0.087), 0.562 (0.109), 0.489 (0.098)
    - 400 windows of n = 500: 0.494 (0.038), 0.544 (0.061), 0.493 (0.058)

    So one value of a short window says little, and it is read against these means.
    """
    n = positive_rows(n, "hurst", 4 * _SMALLEST)
    lags = [2**j for j in range(_LAGS) if 2**j <= n // 4]
    sizes = [n // 2**j for j in range(_SETS) if n // 2**j >= _SMALLEST]
    halves = [weight / 2 for weight in _slope_weights(lags)]
    return Feature(
        f"hurst_{n}{suffix(x, 'close')}",
        FAMILY,
        (log_price(x).columns[0],),
        (
            float(n),
            float(len(sizes)),
            float(len(lags)),
            *_padded(_slope_weights(sizes), _SETS),
            *_padded([_correction(size) for size in sizes], _SETS),
            *_padded(halves, _LAGS),
        ),
        ring=2 * (n + 1),
        warm_up=(n,) * 3,
        look_back=n,
    )


def _slope_weights(values: list[int]) -> list[float]:
    """Return what each y adds to the slope of y against the log of the values."""
    places = [log(value) for value in values]
    middle = sum(places) / len(places)
    spread = sum((place - middle) ** 2 for place in places)
    return [(place - middle) / spread for place in places]


def _correction(n: int) -> float:
    """Limit of the rescaled range of white noise less its expectation for n values."""
    factor = exp(lgamma((n - 1) / 2) - lgamma(n / 2)) / sqrt(pi)
    roots = sum(sqrt((n - j) / j) for j in range(1, n))
    return sqrt(pi * n / 2) - factor * roots


def _padded(values: list[float], length: int) -> list[float]:
    return values + [0.0] * (length - len(values))


FAMILY = Family(
    name="hurst",
    category="technical",
    kernel=_hurst,
    formula="variance_of_lags = slope(ln var(x[t] - x[t - lag]), ln lag) / 2, "
    "rescaled_range = slope(ln mean(R / S), ln size), corrected: "
    "R / S - E[R / S] + sqrt(pi * size / 2)",
    unit="0.5 without memory, and 0.5 where nothing moved; biased, see the docstring",
    reference="Hurst 1951; Anis and Lloyd 1976; Lo and MacKinlay 1988",
    build=hurst,
    examples=((100,), (32,)),
)
