"""Features that look past their own bar."""

from functools import partial

import polars as pl

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.datasets.leaks.leak import Leak, Where, leak
from tradeloop.datasets.leaks.scene import ALSO_STAYS, DENSE, STAYS, Scene, Specimen

CLOSE = pl.col("close")
STEP = CLOSE.log().diff()
AHEAD = ("recomputed", "poisoned_future")


def both(bars: pl.DataFrame, planted: pl.Expr) -> pl.DataFrame:
    """Compute an honest feature beside the planted one, for each instrument."""
    keys = ("instrument", "event_ns", "received_ns")
    return pl.concat(
        part.select(*keys, STEP.alias("step"), planted.alias("planted"))
        for part in bars.partition_by("instrument", maintain_order=True)
    )


def feature(
    scene: Scene,
    where: Where,
    *,
    ahead: pl.Expr,
    honest: pl.Expr,
    leaking: bool,
) -> Specimen:
    """Plant an expression in a stretch of time; elsewhere stands the honest one."""
    mixed = pl.when(where.time(scene)).then(ahead).otherwise(honest)
    compute = partial(both, planted=mixed if leaking else honest)
    return scene.specimen(compute, sampling=DENSE)


@leak("a smoother's default, such as rolling(center=True)", *AHEAD)
def centred_window(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Take half of a moving average's window from later bars."""
    window = 2 * where.whole(1, 5) + 1
    return feature(
        scene,
        where,
        ahead=STEP.rolling_mean(window, center=True),
        honest=STEP.rolling_mean(window),
        leaking=leaking,
    )


@leak("shift(-1) with the sign the wrong way round", *AHEAD)
def next_return(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Move a return up by a few bars instead of down."""
    lag = where.whole(1, 4)
    return feature(
        scene, where, ahead=STEP.shift(-lag), honest=STEP.shift(lag), leaking=leaking
    )


@leak("resampling stamped by the left edge and joined at it", *AHEAD)
def unclosed_bar(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Use the close of a longer bar before that bar is over."""
    hours = where.whole(2, 6) * NS_PER_HOUR
    number = (pl.col("event_ns") - 1) // hours
    change = number != number.shift(1)
    closed = pl.when(change).then(CLOSE.shift(1)).forward_fill()
    return feature(
        scene,
        where,
        ahead=CLOSE.last().over(number) / CLOSE,
        honest=closed / CLOSE,
        leaking=leaking,
    )


@leak("bfill() to get rid of the gaps", *AHEAD)
def backward_fill(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Fill a missing value from the next one known."""
    quiet = STEP.abs() < STEP.abs().rolling_mean(where.whole(10, 25))
    gaps = pl.when(~quiet).then(STEP)
    return feature(
        scene,
        where,
        ahead=gaps.backward_fill(),
        honest=gaps.forward_fill(),
        leaking=leaking,
    )


@leak("interpolate() over gaps, the default of many readers", *AHEAD)
def interpolated_gaps(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Draw a missing value on a line to the next one known."""
    quiet = STEP.abs() < STEP.abs().rolling_mean(where.whole(10, 25))
    gaps = pl.when(~quiet).then(CLOSE)
    return feature(
        scene,
        where,
        ahead=gaps.interpolate() / CLOSE,
        honest=gaps.forward_fill() / CLOSE,
        leaking=leaking,
    )


@leak("a filter run forwards and backwards to have no phase", *AHEAD)
def zero_phase_filter(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Run an average over the series from its end as well."""
    span = where.whole(4, 20)
    once = STEP.fill_null(0.0).ewm_mean(span=span)
    return feature(
        scene,
        where,
        ahead=once.reverse().ewm_mean(span=span).reverse(),
        honest=once,
        leaking=leaking,
    )


@leak("daily highs joined to intraday rows by date", *AHEAD)
def joined_by_date(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Put a day's high on that day's first hours."""
    day = (pl.col("event_ns") - 1) // NS_PER_DAY
    high = pl.col("high")
    return feature(
        scene,
        where,
        ahead=high.max().over(day) / CLOSE,
        honest=high.cum_max().over(day) / CLOSE,
        leaking=leaking,
    )


@leak("a session VWAP taken from the daily file", *AHEAD)
def vwap_of_whole_day(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Use a day's volume-weighted price while the day goes on."""
    day, volume = (pl.col("event_ns") - 1) // NS_PER_DAY, pl.col("volume")
    paid = CLOSE * volume
    return feature(
        scene,
        where,
        ahead=paid.sum().over(day) / volume.sum().over(day) / CLOSE,
        honest=paid.cum_sum().over(day) / volume.cum_sum().over(day) / CLOSE,
        leaking=leaking,
    )


@leak("pivots, fractals and zigzags marked at the turn itself", *AHEAD)
def unconfirmed_pivot(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Mark a high when it is made, not when later bars confirm it."""
    wing = where.whole(1, 3)
    window = 2 * wing + 1
    high = pl.col("high")
    pivot = (high == high.rolling_max(window, center=True)).cast(pl.Float64)
    return feature(scene, where, ahead=pivot, honest=pivot.shift(wing), leaking=leaking)


@leak("volatility of the label's own window as a regime", *AHEAD)
def volatility_ahead(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Begin the window of a volatility at the bar, not end it there."""
    window = where.whole(3, 12)
    spread = STEP.rolling_std(window)
    return feature(
        scene,
        where,
        ahead=spread.shift(1 - window),
        honest=spread,
        leaking=leaking,
    )


@leak("run lengths computed by grouping equal signs", *AHEAD)
def whole_run_length(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Give a streak its full length from its first bar on."""
    up = pl.col("open") < CLOSE
    run = (up != up.shift(1)).fill_null(value=True).cum_sum()
    count = pl.int_range(pl.len())
    return feature(
        scene,
        where,
        ahead=pl.len().over(run).cast(pl.Float64),
        honest=(count - count.first().over(run) + 1).cast(pl.Float64),
        leaking=leaking,
    )


@leak("time to the next news or expiry counted on what came", *AHEAD)
def bars_to_next_jump(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Count the bars to the next large move; the twin counts back."""
    count = pl.int_range(pl.len())
    calm = STEP.abs().rolling_mean(where.whole(10, 25))
    at = pl.when(STEP.abs() > calm).then(count)
    return feature(
        scene,
        where,
        ahead=(at.backward_fill() - count).cast(pl.Float64),
        honest=(count - at.forward_fill()).cast(pl.Float64),
        leaking=leaking,
    )


def _relative(bars: pl.DataFrame, *, lag: int, inside: pl.Expr) -> pl.DataFrame:
    """Return over that of the benchmark, whose bars come ``lag`` too early."""
    base = bars.filter(pl.col("instrument") == ALSO_STAYS).select(
        "event_ns", honest=STEP, ahead=STEP.shift(-lag)
    )
    joined = bars.join(base, on="event_ns", how="left", maintain_order="left")
    chosen = pl.when(inside).then(pl.col("ahead")).otherwise(pl.col("honest"))
    return both(joined, STEP - chosen)


@leak("a benchmark stamped by the open of its bars", *AHEAD)
def benchmark_ahead(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Take relative strength against bars of the benchmark to come."""
    inside = where.time(scene) if leaking else pl.lit(value=False)
    compute = partial(_relative, lag=where.whole(1, 3), inside=inside)
    return scene.specimen(compute, sampling=DENSE)


def _lead(bars: pl.DataFrame, *, inside: pl.Expr, lag: int) -> pl.DataFrame:
    """Range of another instrument's bar, of this hour or of a later one."""
    width = (pl.col("high") / pl.col("low")).log()
    other = bars.filter(pl.col("instrument") == STAYS).select(
        "event_ns", honest=width, ahead=width.shift(-lag)
    )
    joined = bars.join(other, on="event_ns", how="left", maintain_order="left")
    return both(joined, pl.when(inside).then(pl.col("ahead")).otherwise("honest"))


@leak("markets of other time zones joined by date", *AHEAD)
def other_market_ahead(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Put the range of another market's later session on this one."""
    inside = where.time(scene) if leaking else pl.lit(value=False)
    compute = partial(_lead, inside=inside, lag=where.whole(1, 3))
    return scene.specimen(compute, sampling=DENSE)


ALL: tuple[Leak, ...] = (
    centred_window,
    next_return,
    unclosed_bar,
    backward_fill,
    interpolated_gaps,
    zero_phase_filter,
    joined_by_date,
    vwap_of_whole_day,
    unconfirmed_pivot,
    volatility_ahead,
    whole_run_length,
    bars_to_next_jump,
    benchmark_ahead,
    other_market_ahead,
)
