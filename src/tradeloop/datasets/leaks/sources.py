"""Leaks in the source itself: each is seen only by facts from beside the dataset."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import polars as pl

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.datasets.asof import as_of
from tradeloop.datasets.evidence import Evidence
from tradeloop.datasets.leaks.leak import Leak, Where, leak
from tradeloop.datasets.leaks.scene import (
    ALSO_STAYS,
    HORIZON_NS,
    LEAVES,
    STAYS,
    Scene,
    Specimen,
    honest,
)
from tradeloop.events import CORPORATE_ACTION

_PRICES = ("open", "high", "low", "close", "bid", "ask")


def _with(specimen: Specimen, **facts: object) -> Specimen:
    return replace(specimen, evidence=Evidence(**facts))  # type: ignore[arg-type]


def _times(bars: pl.DataFrame, factor: pl.Expr) -> pl.DataFrame:
    return bars.with_columns(pl.col(_PRICES) * factor)


@leak("an index's members of today taken for all time", "universe_complete")
def survivors_only(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Leave instruments that left the market out of its history."""
    bars = scene.bars
    if leaking:
        gone = [LEAVES] if where.whole(0, 1) else [LEAVES, ALSO_STAYS]
        bars = bars.filter(~pl.col("instrument").is_in(gone))
    return _with(scene.specimen(bars=bars), members=scene.members)


@leak("buying what was taken into the index later", "universe_complete")
def members_before_joining(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Decide on an instrument before it joined the universe."""
    begin, end = scene.span_ns
    joined = begin + int((end - begin) * (0.3 + 0.5 * where.place))
    late = pl.col("instrument") == (STAYS if where.whole(0, 1) else ALSO_STAYS)
    from_ns = pl.when(late).then(joined).otherwise("from_ns")
    members = scene.members.with_columns(from_ns=from_ns)
    specimen = scene.specimen()
    return _with(specimen, members=members if leaking else scene.members)


def _action(instrument: str, ex_ns: int, known_ns: int, **more: object) -> pl.DataFrame:
    about = {
        "action_id": ["simulated"],
        "instrument": [instrument],
        "event_ns": [known_ns],
        "received_ns": [known_ns],
        "ex_ns": [ex_ns],
        **{name: [value] for name, value in more.items()},
    }
    return CORPORATE_ACTION.conform(pl.DataFrame(about))


def _ex_ns(scene: Scene, where: Where) -> int:
    begin, end = scene.span_ns
    hours = (end - begin) // NS_PER_HOUR
    return begin + int(hours * (0.3 + 0.5 * where.place)) * NS_PER_HOUR


@leak("split-adjusted prices of a vendor, adjusted to today", "prices_as_known")
def split_adjusted(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Divide all prices before a split by it; the twin carries on."""
    name = STAYS if where.whole(0, 1) else ALSO_STAYS
    ratio, ex_ns = float(where.whole(2, 20)), _ex_ns(scene, where)
    own = pl.col("instrument") == name
    after = own & (pl.col("event_ns") > ex_ns)
    raw = _times(scene.bars, pl.when(after).then(1 / ratio).otherwise(1.0))
    adjusted = _times(scene.bars, pl.when(own).then(1 / ratio).otherwise(1.0))
    action = _action(name, ex_ns + 1, ex_ns - NS_PER_DAY, action="split", ratio=ratio)
    specimen = scene.specimen(bars=adjusted if leaking else scene.bars)
    return _with(specimen, raw=raw, actions=action)


@leak("adjusted closes, in which each dividend lowers the past", "prices_as_known")
def dividend_adjusted(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Lower prices before a dividend by it."""
    name = STAYS if where.whole(0, 1) else ALSO_STAYS
    share, ex_ns = where.whole(5, 40) / 1e3, _ex_ns(scene, where)
    before = (pl.col("instrument") == name) & (pl.col("event_ns") <= ex_ns)
    adjusted = _times(scene.bars, pl.when(before).then(1 - share).otherwise(1.0))
    action = _action(
        name, ex_ns + 1, ex_ns - NS_PER_DAY, action="cash_dividend", amount=share
    )
    specimen = scene.specimen(bars=adjusted if leaking else scene.bars)
    return _with(specimen, raw=scene.bars, actions=action)


@leak("an action applied at its ex date, announced after it", "prices_as_known")
def action_not_yet_known(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Carry prices over a split that was recorded only days later."""
    name = STAYS if where.whole(0, 1) else ALSO_STAYS
    ratio, ex_ns = float(where.whole(2, 9)), _ex_ns(scene, where)
    after = (pl.col("instrument") == name) & (pl.col("event_ns") > ex_ns)
    raw = _times(scene.bars, pl.when(after).then(1 / ratio).otherwise(1.0))
    known_ns = ex_ns + (where.whole(1, 9) if leaking else -1) * NS_PER_DAY
    action = _action(name, ex_ns + 1, known_ns, action="split", ratio=ratio)
    return _with(scene.specimen(), raw=raw, actions=action)


def _macro(bars: pl.DataFrame, series: pl.DataFrame) -> pl.DataFrame:
    """Honest features and the newest value of the series known at each bar."""
    asked = bars.select("received_ns", decision_id=pl.int_range(pl.len()))
    value = as_of(asked, series, by=None, columns=["value"])["value"]
    return honest(bars).with_columns(value.alias("macro"))


def _dated(scene: Scene, series: pl.DataFrame) -> Specimen:
    specimen = scene.specimen(partial(_macro, series=series), series=series)
    return _with(specimen, series=series, releases=scene.releases)


def _here(scene: Scene, where: Where) -> pl.Series:
    return where.rows(scene.releases.height)


@leak("macro data merged by reference date", "series_released")
def series_by_reference_date(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Count values from the day that they are about."""
    received = pl.when(_here(scene, where)).then("event_ns").otherwise("received_ns")
    early = scene.releases.with_columns(received_ns=received)
    return _dated(scene, early if leaking else scene.releases)


@leak("today's download of a revised series", "series_released")
def series_revised(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Give the first release the value of its revision."""
    last = pl.col("value").last().over("event_ns")
    value = pl.when(_here(scene, where)).then(last).otherwise("value")
    latest = scene.releases.with_columns(value=value)
    return _dated(scene, latest if leaking else scene.releases)


@leak("release times in the wrong zone", "series_released")
def release_hours_early(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Date releases some hours too early."""
    by_ns = where.whole(1, 9) * NS_PER_HOUR
    early = pl.when(_here(scene, where)).then(pl.col("received_ns") - by_ns)
    moved = scene.releases.with_columns(received_ns=early.otherwise("received_ns"))
    return _dated(scene, moved if leaking else scene.releases)


def _restamped(scene: Scene, where: Where, names: Sequence[str], by: str) -> Specimen:
    """Date bars of a stretch by another of their times."""
    here = where.time(scene)
    moved = [pl.when(here).then(pl.col(by)).otherwise(n).alias(n) for n in names]
    return scene.specimen(bars=scene.bars.with_columns(moved))


@leak("a vendor's bars stamped at their open", "known_before")
def bars_known_at_open(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Count bars as known when they begin."""
    if not leaking:
        return scene.specimen()
    return _restamped(scene, where, ["received_ns"], "open_ns")


@leak("a feed's clock that runs ahead", "known_before")
def clock_ahead(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Count bars as known minutes before they end."""
    early = pl.col("event_ns") - where.whole(1, 50) * NS_PER_HOUR // 60
    received = pl.when(where.time(scene)).then(early).otherwise("received_ns")
    bars = scene.bars.with_columns(received_ns=received)
    return scene.specimen(bars=bars if leaking else scene.bars)


@leak("bars labelled left, read as labelled right", "bars_from_ticks")
def bars_labelled_left(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Date bars one bar too early in all their times."""
    by_ns = where.whole(1, 3) * NS_PER_HOUR
    times = ("open_ns", "event_ns", "received_ns")
    begin, _ = scene.span_ns
    moved = scene.bars.with_columns(pl.col(times) - by_ns).filter(
        pl.col("open_ns") >= begin
    )
    specimen = scene.specimen(bars=moved if leaking else scene.bars)
    return _with(specimen, ticks=scene.ticks)


@leak("bars of a closing auction that comes after their end", "bars_from_ticks")
def close_from_after_end(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Close bars with a price that traded after their end."""
    later = pl.col("close").shift(-1).over("instrument").fill_null(1.0)
    close = pl.when(where.time(scene)).then(later).otherwise("close")
    bars = scene.bars.with_columns(close=close).with_columns(
        high=pl.max_horizontal("high", "close"), low=pl.min_horizontal("low", "close")
    )
    specimen = scene.specimen(bars=bars if leaking else scene.bars)
    return _with(specimen, ticks=scene.ticks)


def _filled(scene: Scene, fills: pl.DataFrame) -> Specimen:
    quotes = scene.ticks.select(
        "instrument",
        "event_ns",
        "received_ns",
        bid=pl.col("price") * 0.9999,
        ask=pl.col("price") * 1.0001,
    )
    return _with(scene.specimen(), fills=fills, quotes=quotes)


def _few(scene: Scene, where: Where) -> pl.Series:
    return where.rows(scene.fills.height)


@leak("a simulator that fills at the day's open all day", "fills_possible")
def fill_at_stale_price(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Fill at a price from hours before."""
    stale = scene.fills.select(
        "instrument", at=pl.col("event_ns") - where.whole(15, 30) * NS_PER_HOUR
    ).join_asof(
        scene.ticks.select("instrument", "event_ns", old="price").sort("event_ns"),
        left_on="at",
        right_on="event_ns",
        by="instrument",
        check_sortedness=False,
    )["old"]
    price = pl.when(_few(scene, where)).then(stale.fill_null(1.0)).otherwise("price")
    fills = scene.fills.with_columns(price=price)
    return _filled(scene, fills if leaking else scene.fills)


@leak("fills at the best price of the bar", "fills_possible")
def fill_at_extreme(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Buy at the low and sell at the high of a bar that goes on."""
    during = scene.fills.join_asof(
        scene.bars.select("instrument", "open_ns", "high", "low").sort("open_ns"),
        left_on="event_ns",
        right_on="open_ns",
        by="instrument",
        check_sortedness=False,
    )
    best = pl.when(pl.col("side") > 0).then("low").otherwise("high")
    price = pl.when(_few(scene, where)).then(best).otherwise("price")
    fills = during.with_columns(price=price).select(scene.fills.columns)
    return _filled(scene, fills if leaking else scene.fills)


@leak("fills at the price after the horizon", "fills_possible")
def fill_at_later_price(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Fill at the price of after the label's end."""
    later = scene.fills.select(
        "instrument", at=pl.col("event_ns") + 5 * HORIZON_NS
    ).join_asof(
        scene.ticks.select("instrument", "event_ns", new="price").sort("event_ns"),
        left_on="at",
        right_on="event_ns",
        by="instrument",
        check_sortedness=False,
    )["new"]
    price = pl.when(_few(scene, where)).then(later).otherwise("price")
    fills = scene.fills.with_columns(price=price)
    return _filled(scene, fills if leaking else scene.fills)


@leak("orders booked before the signal that sent them", "fills_possible")
def fill_before_decision(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Fill before the decision that the fill belongs to."""
    by_ns = where.whole(2, 9) * NS_PER_HOUR
    early = pl.when(_few(scene, where)).then(pl.col("event_ns") - by_ns)
    fills = scene.fills.with_columns(event_ns=early.otherwise("event_ns"))
    return _filled(scene, fills if leaking else scene.fills)


ALL: tuple[Leak, ...] = (
    survivors_only,
    members_before_joining,
    split_adjusted,
    dividend_adjusted,
    action_not_yet_known,
    series_by_reference_date,
    series_revised,
    release_hours_early,
    bars_known_at_open,
    clock_ahead,
    bars_labelled_left,
    close_from_after_end,
    fill_at_stale_price,
    fill_at_extreme,
    fill_at_later_price,
    fill_before_decision,
)
