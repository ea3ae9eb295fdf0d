"""Rows joined to what was not known, or stamped with times that are not true."""

from dataclasses import replace

import polars as pl

from tradeloop.clock import NS_PER_HOUR
from tradeloop.datasets.asof import as_of
from tradeloop.datasets.leaks.leak import Leak, Where, leak
from tradeloop.datasets.leaks.scene import Scene, Specimen, honest

NAMES = ("step", "drift", "range")
_MOST_ROWS = 12
_FIRST_LATE = 35


def _mixed(
    clean: Specimen, other: pl.DataFrame, where: Where, *, leaking: bool
) -> Specimen:
    """Take the feature rows of a stretch from another frame."""
    if not leaking:
        return clean
    here = where.rows(clean.dataset.sample_count)
    columns = {
        name: pl.when(here).then(other[name]).otherwise(pl.col(name))
        for name in other.columns
        if name in clean.dataset.feature_vectors.columns and name != "decision_id"
    }
    return clean.with_rows("feature_vectors", **columns)


def _next_known(clean: Specimen, *, bars_ahead: int) -> pl.DataFrame:
    """Feature rows of each decision as they would be some bars later."""
    data = clean.dataset
    later = data.decision_context.select(
        "decision_id",
        "instrument",
        received_ns=data.outcome_labels["decision_ns"] + bars_ahead * NS_PER_HOUR,
    )
    return as_of(later, honest(clean.bars), columns=NAMES)


@leak("merge_asof(direction='nearest')", "known_before", "recomputed")
def joined_to_nearest(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Join rows to the nearest bar, which may end after the decision."""
    clean = scene.specimen()
    return _mixed(clean, _next_known(clean, bars_ahead=1), where, leaking=leaking)


@leak("a join on the bar's time without its delay", "recomputed")
def joined_without_delay(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Join a bar that came after the decision and say nothing of it."""
    clean = scene.specimen()
    later = _next_known(clean, bars_ahead=where.whole(1, 3)).drop("known_ns")
    return _mixed(clean, later, where, leaking=leaking)


@leak("feature stores that stamp rows with the bar's open", "recomputed")
def stamped_early(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Date feature rows a few bars before they were known."""
    features = honest(scene.bars)
    by_ns = where.whole(1, 4) * NS_PER_HOUR
    early = pl.when(where.time(scene)).then(pl.col("received_ns") - by_ns)
    stamped = features.with_columns(received_ns=early.otherwise("received_ns"))
    return scene.specimen(features=stamped if leaking else features)


@leak("dropna() and a reset of the index before the join", "recomputed")
def rows_shifted(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Put feature rows off by one against their decisions."""
    clean = scene.specimen()
    lag = where.whole(1, 3)
    moved = clean.dataset.feature_vectors.select(
        pl.col(name).shift(-lag) for name in NAMES
    )
    return _mixed(clean, moved, where, leaking=leaking)


@leak("fillna(df.mean()) on the finished table", "recomputed")
def filled_with_mean(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Fill what is missing with the mean of all rows."""
    window = where.whole(45, 70)

    def compute(bars: pl.DataFrame) -> pl.DataFrame:
        slow = pl.col("close").log().diff().rolling_mean(window).over("instrument")
        return honest(bars).with_columns(bars.select(slow.alias("slow")))

    clean = scene.specimen(compute)
    filled = pl.col("slow").fill_null(pl.col("slow").mean())
    return clean.with_rows("feature_vectors", slow=filled) if leaking else clean


@leak("a scaler fitted on the finished table", "recomputed")
def scaled_after_join(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Standardise the finished table by its own mean and deviation."""
    clean = scene.specimen()
    name = NAMES[where.whole(0, 2)]
    scaled = (pl.col(name) - pl.col(name).mean()) / pl.col(name).std()
    return clean.with_rows("feature_vectors", **{name: scaled}) if leaking else clean


@leak("one value patched by hand", "recomputed")
def single_cells(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Put the next row's value into a few cells of one feature."""
    clean = scene.specimen()
    name = NAMES[where.whole(0, 2)]
    size = max(1, round(where.size * _MOST_ROWS)) / clean.dataset.sample_count
    few = replace(where, size=size)
    later = clean.dataset.feature_vectors.select(pl.col(name).shift(-1).fill_null(0.0))
    return _mixed(clean, later, few, leaking=leaking)


@leak("a vendor's file read after the vendor mended it", "recomputed")
def restated_bars(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Compute on bars as corrected later, dated as first received."""
    up = 1 + where.whole(1, 9) / 1e3
    mended = scene.bars.with_columns(
        close=pl.when(where.time(scene)).then(pl.col("close") * up).otherwise("close")
    )
    features = honest(mended)
    return scene.specimen(features=features if leaking else None)


def _late(scene: Scene, where: Where) -> pl.DataFrame:
    """Let one bar come some bars late, so that decisions miss it."""
    number = pl.int_range(pl.len()).over("instrument")
    count = pl.len().over("instrument")
    among = scene.bars.with_row_index("row").filter(
        (number >= _FIRST_LATE) & (number < count - _FIRST_LATE) & (number % 5 == 0)
    )["row"]
    row = among[round(where.place * (among.len() - 1))]
    late = pl.int_range(pl.len()) == row
    by_ns = where.whole(8, 20) * NS_PER_HOUR
    received = pl.when(late).then(pl.col("received_ns") + by_ns)
    return scene.bars.with_columns(received_ns=received.otherwise("received_ns"))


@leak("a correction that arrives hours later, applied in place", "recomputed")
def late_correction(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Use a late bar in features dated by bars from before it came."""
    bars = _late(scene, where)
    planted = scene.specimen(bars=bars)
    if leaking:
        return planted
    rows = []
    data = planted.dataset
    asked = data.decision_context.select(
        "decision_id", "instrument", data.outcome_labels["decision_ns"]
    ).rename({"decision_ns": "received_ns"})
    for decision in asked.iter_slices(1):
        known = bars.filter(pl.col("received_ns") <= decision["received_ns"][0])
        rows.append(as_of(decision, honest(known), columns=NAMES))
    vectors = pl.concat(rows).drop("decision_ns")
    return replace(planted, dataset=replace(data, feature_vectors=vectors))


@leak("macro values merged by date into the context", "known_before")
def context_from_later(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Measure the market context of some decisions after them."""
    clean = scene.specimen(series=scene.releases)
    if not leaking:
        return clean
    here = where.rows(clean.dataset.sample_count)
    by_ns = where.whole(2, 30) * NS_PER_HOUR
    known = pl.when(here).then(pl.col("known_ns") + by_ns).otherwise("known_ns")
    return clean.with_rows("market_context", known_ns=known)


@leak("end-of-day spreads and sizes as execution context", "known_before")
def execution_from_later(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Measure spread and liquidity of some decisions after them."""
    clean = scene.specimen()
    if not leaking:
        return clean
    here = where.rows(clean.dataset.sample_count)
    by_ns = where.whole(2, 30) * NS_PER_HOUR
    known = pl.when(here).then(pl.col("known_ns") + by_ns).otherwise("known_ns")
    return clean.with_rows("execution_context", known_ns=known)


ALL: tuple[Leak, ...] = (
    joined_to_nearest,
    joined_without_delay,
    stamped_early,
    rows_shifted,
    filled_with_mean,
    scaled_after_join,
    single_cells,
    restated_bars,
    late_correction,
    context_from_later,
    execution_from_later,
)
