"""Figures by instrument, source, window and column, delays, and rules on them."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.quality_market import (
    BARS,
    CLEAN,
    START_NS,
    TICKS,
    cell,
    stretch,
    without,
)
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.errors import InputError
from tradeloop.quality import (
    DETECTORS,
    MEASURES,
    QualityRule,
    breaches,
    by_column,
    by_instrument,
    by_source,
    delays,
    find_all,
    judge,
    learn_usual,
    over_time,
    split_rows,
)

BROKEN = replace(CLEAN, bars=stretch(BARS, ("high",), (30, 49), lambda _: pl.lit(1.0)))


def test_an_instrument_has_the_figures_that_it_would_have_alone():
    usual = learn_usual(BROKEN, DETECTORS)
    table = by_instrument(BROKEN)
    for name in ("A.SRC", "B.SRC"):

        def mine(frame, name=name):
            return frame.filter(pl.col("instrument") == name)

        alone = replace(
            BROKEN,
            usual=usual,
            bars=mine(BROKEN.bars),
            decisions=mine(BROKEN.decisions),
            fills=mine(BROKEN.fills),
            features=mine(BROKEN.features),
            ticks={kind: mine(frame) for kind, frame in TICKS.items()},
            rows=type(BROKEN.rows)(),
            delivered=None,
        )
        report = judge(alone)
        (row,) = mine(table).to_dicts()
        assert {side: row[side] for side in MEASURES} == {
            side: getattr(report, side) for side in MEASURES
        }


def test_a_source_is_the_sum_of_its_instruments():
    (source,) = by_source(BROKEN).to_dicts()
    assert source["source"] == "SRC"
    assert source["rows"] == by_instrument(BROKEN)["rows"].sum()
    low, high = by_instrument(BROKEN)["consistency"].sort()
    assert low < source["consistency"] < high


def test_only_the_day_of_a_defect_is_worse():
    table = over_time(BROKEN, NS_PER_DAY)
    worse = table.filter(pl.col("overall") < 1)
    assert worse["instrument"].unique().to_list() == ["A.SRC"]
    assert worse["window_ns"].to_list() == [
        START_NS + NS_PER_DAY,
        START_NS + 2 * NS_PER_DAY,
    ]


@settings(max_examples=10, deadline=None)
@given(window=st.integers(1, 100).map(lambda hours: hours * NS_PER_HOUR))
def test_windows_of_any_length_hold_every_row_once(window):
    table = over_time(replace(CLEAN, features=None), window)
    ticks = sum(frame.height for frame in TICKS.values())
    assert table["rows"].sum() == BARS.height + ticks
    assert (table["window_ns"] % window == 0).all()


def test_a_window_has_a_length():
    with pytest.raises(InputError, match="longer than 0"):
        over_time(CLEAN, 0)


def test_delays_are_a_distribution_beside_the_stated_latency():
    table = delays(CLEAN)
    (row,) = table.filter(kind="quote", instrument="A.SRC").to_dicts()
    quotes = TICKS["quote"].filter(pl.col("instrument") == "A.SRC")
    waits = sorted(quotes["received_ns"] - quotes["event_ns"])
    assert (row["least_ns"], row["most_ns"]) == (waits[0], waits[-1])
    assert row["p50_ns"] in waits[1499:1502]
    assert row["p99_ns"] in waits[2968:2972]
    assert (row["stated_ns"], row["within"]) == (20_000_000, 1.0)
    tight = delays(replace(CLEAN, stated_ns={"A.SRC": waits[1499]}))
    assert tight.filter(kind="quote", instrument="A.SRC")["within"].item() == 0.5
    other = tight.filter(kind="quote", instrument="B.SRC")
    assert other["within"].item() is None


def columns(**changed):
    table = CLEAN.features.with_columns(twice=pl.col("step") * 2)
    return by_column(table.with_columns(**changed), bars=BARS).rows_by_key(
        "column", named=True, unique=True
    )


def test_every_column_of_a_clean_table_scores_one():
    for row in columns().values():
        assert row["overall"] == 1.0
        assert row["rows"] == BARS.height - 2  # without the warm-up
        assert row["accuracy"] is None


@pytest.mark.parametrize(
    ("side", "value"),
    [
        ("missing_share", None),
        ("validity", float("inf")),
        ("validity", 99.0),
    ],
)
def test_a_bad_cell_lowers_its_column_and_no_other(side, value):
    spoilt = columns(step=cell("step", 50, pl.lit(value, pl.Float64)))
    assert spoilt["twice"] == columns()["twice"]
    assert spoilt["step"][side] != columns()["step"][side]
    assert spoilt["step"]["overall"] < 1.0


def test_columns_know_rows_that_lack_repeats_late_rows_and_the_truth():
    table = CLEAN.features
    short = by_column(table.head(900), bars=BARS)
    assert short["completeness"].item() == 0.75
    two = pl.concat([table, table[50:51].with_columns(step=pl.lit(0.5))])
    assert by_column(two)["consistency"].item() == pytest.approx(1 - 1 / 1199)
    early = table.with_columns(received_ns=cell("received_ns", 9, pl.lit(0)))
    assert by_column(early)["timeliness"].item() == pytest.approx(1 - 1 / 1200)
    truth = table.with_columns(step=cell("step", 50, pl.lit(0.5)))
    accuracy = by_column(table, reference=truth)["accuracy"].item()
    assert accuracy == pytest.approx(1 - 1 / 1198)


def test_figures_below_a_limit_are_told_with_their_group_and_value():
    rules = [QualityRule("consistency", 0.999), QualityRule("missing_share", 0.0)]
    (breach,) = breaches(by_instrument(BROKEN), rules)
    assert breach.group == (("instrument", "A.SRC"),)
    assert breach.reason.startswith("consistency of instrument A.SRC is 0.99")
    assert breach.reason.endswith("below 0.999")


def test_a_figure_at_the_limit_is_good_and_an_absent_one_breaks_nothing():
    figures = by_instrument(replace(CLEAN, reference=None))
    rules = [QualityRule(name, 0.0 if "missing" in name else 1.0) for name in MEASURES]
    assert breaches(figures, rules) == ()


def test_a_hole_of_cells_breaks_the_rule_of_missing_share():
    spoilt = replace(CLEAN, features=CLEAN.features.with_columns(cell("step", 9, None)))
    (breach,) = breaches(by_instrument(spoilt), [QualityRule("missing_share", 0.0)])
    assert "above 0" in breach.reason


@pytest.mark.parametrize("name", [d.name for d in DETECTORS])
def test_every_row_is_good_or_quarantined_with_a_reason(name):
    _, found = find_all(BROKEN)
    good, aside = split_rows(BROKEN.bars, found, detectors=[name])
    assert good.height + aside.height == BROKEN.bars.height
    assert aside["reason"].null_count() == 0
    assert (aside.height > 0) == (name == "broken_bar")


def test_rows_are_put_aside_for_what_was_found_in_them_and_stay_in_order():
    bars = pl.concat([BROKEN.bars, BROKEN.bars[40:41]])
    _, found = find_all(replace(BROKEN, bars=bars))
    good, aside = split_rows(bars, found)
    assert aside["reason"].to_list() == [
        *["broken_bar"] * 20,
        "broken_bar; duplicate_row",
    ]
    assert good.equals(without(BROKEN.bars, 30, 20))


def test_ticks_are_put_aside_by_kind():
    swapped = TICKS["quote"].with_columns(cell("bid", 7, pl.col("ask") * 1.001))
    _, found = find_all(replace(CLEAN, ticks={**TICKS, "quote": swapped}))
    good, aside = split_rows(swapped, found, kind="quote")
    assert aside["reason"].to_list() == ["crossed_quote"]
    assert good.equals(without(swapped, 7, 1))
    assert split_rows(TICKS["trade"], found, kind="trade")[1].is_empty()


@pytest.mark.parametrize("windows", [True, False])
def test_a_group_below_its_limit_is_put_aside_whole(windows):
    rule = QualityRule("consistency", 0.999, "quarantine")
    figures = over_time(BROKEN, NS_PER_DAY) if windows else by_instrument(BROKEN)
    found = breaches(figures, [rule])
    good, aside = split_rows(BROKEN.bars, {}, breached=found, window_ns=NS_PER_DAY)
    assert good.height + aside.height == BROKEN.bars.height
    assert aside.height == (48 if windows else 600)
    assert aside["reason"].str.starts_with("consistency of instrument A.SRC").all()


def test_an_alarm_puts_nothing_aside():
    found = breaches(by_instrument(BROKEN), [QualityRule("consistency", 1.0)])
    assert found
    assert split_rows(BROKEN.bars, {}, breached=found)[1].is_empty()


def test_rules_and_breaches_that_make_no_sense_are_refused():
    with pytest.raises(InputError, match="measure must be one of"):
        QualityRule("beauty", 0.5)
    with pytest.raises(InputError, match="between 0 and 1"):
        QualityRule("overall", 95)
    with pytest.raises(InputError, match="action must be one of"):
        QualityRule("overall", 0.5, "forget")
    rule = QualityRule("consistency", 1.0, "quarantine")
    windows = breaches(over_time(BROKEN, NS_PER_DAY), [rule])
    with pytest.raises(InputError, match="window"):
        split_rows(BROKEN.bars, {}, breached=windows)
