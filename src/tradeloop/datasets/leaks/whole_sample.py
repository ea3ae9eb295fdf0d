"""Features that depend on the sample as a whole: scaled, ranked or fitted over all."""

import numpy as np
import polars as pl

from tradeloop.clock import NS_PER_HOUR
from tradeloop.datasets.leaks.leak import Leak, Where, leak
from tradeloop.datasets.leaks.looking_ahead import AHEAD, CLOSE, STEP, feature
from tradeloop.datasets.leaks.scene import Scene, Specimen

_FEWEST = 5


@leak("a StandardScaler fitted before the split", *AHEAD)
def scaled_over_all(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Scale a feature by mean and deviation of all rows, later ones too."""
    window = where.whole(20, 30)
    mean, spread = STEP.rolling_mean(window), STEP.rolling_std(window)
    return feature(
        scene,
        where,
        ahead=(STEP - STEP.mean()) / STEP.std(),
        honest=(STEP - mean) / spread,
        leaking=leaking,
    )


@leak("rank(pct=True) over a column", *AHEAD)
def ranked_over_all(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Rank a feature among all rows, later ones too."""
    window = where.whole(10, 28)
    return feature(
        scene,
        where,
        ahead=STEP.rank() / pl.len(),
        honest=STEP.rolling_rank(window) / window,
        leaking=leaking,
    )


# Cut history shows nothing when both extremes lie before the cut; poison always does.
@leak("MinMaxScaler, or a chart's y axis", "poisoned_future")
def bounded_over_all(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Place a price between the sample's lowest and highest."""
    low, high = CLOSE.min(), CLOSE.max()
    past_low, past_high = CLOSE.cum_min(), CLOSE.cum_max()
    return feature(
        scene,
        where,
        ahead=(CLOSE - low) / (high - low),
        honest=(CLOSE - past_low) / (past_high - past_low),
        leaking=leaking,
    )


@leak("outliers clipped at quantiles of the file", *AHEAD)
def clipped_over_all(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Cut outliers at quantiles of the sample that later rows set."""
    share = where.whole(10, 30) / 100
    window = 25
    low, high = STEP.quantile(share), STEP.quantile(1 - share)
    past_low = STEP.rolling_quantile(share, window_size=window)
    past_high = STEP.rolling_quantile(1 - share, window_size=window)
    return feature(
        scene,
        where,
        ahead=STEP.clip(low, high),
        honest=STEP.clip(past_low, past_high),
        leaking=leaking,
    )


@leak("an EMA or MACD seeded with the mean of the column", *AHEAD)
def average_seeded_with_all(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Start a running average at the mean of the whole sample."""
    decay = 1 - 1 / where.whole(40, 90)
    count = pl.int_range(pl.len()).cast(pl.Float64)
    weight = pl.lit(decay).pow(count)
    run = CLOSE.ewm_mean(alpha=1 - decay, adjust=False)
    return feature(
        scene,
        where,
        ahead=(run + weight * (CLOSE.mean() - CLOSE.first())) / CLOSE,
        honest=run / CLOSE,
        leaking=leaking,
    )


@leak("detrending before the split", *AHEAD)
def detrended_over_all(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Take off a trend line through the whole sample."""
    count = pl.int_range(pl.len()).cast(pl.Float64)
    price = CLOSE.log()
    slope = pl.cov(count, price) / count.var()
    line = price.mean() + slope * (count - count.mean())
    return feature(
        scene,
        where,
        ahead=price - line,
        honest=price - price.rolling_mean(where.whole(10, 28)),
        leaking=leaking,
    )


def _without_high_frequencies(prices: pl.Series, keep: int) -> pl.Series:
    waves = np.fft.rfft(prices.to_numpy())
    waves[keep:] = 0
    return pl.Series(np.fft.irfft(waves, prices.len()))


@leak("wavelet or Fourier denoising of the whole series", *AHEAD)
def denoised_over_all(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Take high frequencies out of the whole series at once."""
    keep = where.whole(6, 30)
    smooth = CLOSE.log().map_batches(
        lambda prices: _without_high_frequencies(prices, keep),
        return_dtype=pl.Float64,
    )
    return feature(
        scene,
        where,
        ahead=CLOSE.log() - smooth,
        honest=CLOSE.log() - CLOSE.log().ewm_mean(span=keep),
        leaking=leaking,
    )


@leak("regimes cut at the median volatility of the sample", *AHEAD)
def regime_of_all(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Tell calm from wild by a bound that later rows set."""
    spread = STEP.rolling_std(where.whole(4, 8))
    apart = spread / spread.median()
    return feature(
        scene,
        where,
        ahead=apart,
        honest=spread / spread.rolling_median(20),
        leaking=leaking,
    )


@leak("a target encoder fitted before the split", *AHEAD)
def category_mean_of_all(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Encode the hour by the mean of all returns that followed it."""
    hours = where.whole(3, 8)
    hour = (pl.col("event_ns") // NS_PER_HOUR) % hours
    known = STEP.shift(hours)
    seen = known.is_not_null().cast(pl.Float64).cum_sum().over(hour)
    total = known.fill_null(0.0).cum_sum().over(hour)
    return feature(
        scene,
        where,
        ahead=STEP.shift(-1).mean().over(hour),
        honest=pl.when(seen >= 1).then(total / seen),
        leaking=leaking,
    )


@leak("frequency encoding over the file", *AHEAD)
def counted_over_all(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Encode a category by how often it comes in the whole sample."""
    width = where.whole(1, 4) * 1e-3
    bucket = (STEP.fill_null(0.0) / width).round()
    return feature(
        scene,
        where,
        ahead=(pl.len().over(bucket) / pl.len()).cast(pl.Float64),
        honest=(pl.int_range(pl.len()).rank("ordinal").over(bucket)).cast(pl.Float64),
        leaking=leaking,
    )


def _first_component(moves: pl.Series) -> float:
    """Weight of the second instrument in the first principal component."""
    table = np.array(moves.to_list(), dtype=np.float64)
    filled = table[np.isfinite(table).all(axis=1)]
    if len(filled) < _FEWEST:
        return 1.0
    vector = np.linalg.eigh(np.cov(filled.T))[1][:, -1]
    return float(abs(vector[1] / (abs(vector[0]) + 1e-12)))


@leak("a PCA fitted before the split", *AHEAD)
def components_of_all(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Weigh range and return by components of the whole sample."""
    width = (pl.col("high") / pl.col("low")).log()
    window = where.whole(15, 28)
    weight = pl.concat_list(STEP, width).map_batches(
        lambda moves: pl.Series([_first_component(moves)] * moves.len()),
        return_dtype=pl.Float64,
    )
    ratio = STEP.rolling_std(window) / width.rolling_std(window)
    return feature(
        scene,
        where,
        ahead=STEP + weight * width,
        honest=STEP + ratio * width,
        leaking=leaking,
    )


ALL: tuple[Leak, ...] = (
    scaled_over_all,
    ranked_over_all,
    bounded_over_all,
    clipped_over_all,
    average_seeded_with_all,
    detrended_over_all,
    denoised_over_all,
    regime_of_all,
    category_mean_of_all,
    counted_over_all,
    components_of_all,
)
