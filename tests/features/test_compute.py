"""History over frames: instruments of any length, missing inputs, late bars."""

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from reference.market import DAY_NS, bars_frame
from tradeloop.errors import InputError
from tradeloop.features import Bank, bank_for, compute, default_bank
from tradeloop.features.arithmetic.change import change
from tradeloop.features.arithmetic.level import level
from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.frames import input_column, series
from tradeloop.features.momentum.rsi import rsi
from tradeloop.features.panel import address_of, fresh_columns
from tradeloop.features.temporal.cycle import day_of_week, time_of_day

BANK = default_bank(DAY_NS, has_quotes=True)


def test_each_instrument_comes_out_as_if_it_were_alone():
    bars = bars_frame(1, [130, 1, 80])
    found = compute(BANK, bars)
    assert found.height == bars.height
    assert found.columns == ["instrument", "event_ns", "received_ns", *BANK.names]
    for name in ("I0", "I1", "I2"):
        alone = compute(BANK, bars.filter(pl.col("instrument") == name))
        assert alone.equals(found.filter(pl.col("instrument") == name))


def test_missing_values_are_null_and_never_nan():
    found = compute(BANK, bars_frame(2, [100]))
    assert found["log_return_60_bps"].null_count() == 60
    for name in BANK.names:
        assert not found[name].is_nan().any()


def test_macro_series_is_null_until_known_and_fresh_after_a_gap():
    bars = bars_frame(3, [10]).with_columns(
        vix=pl.Series([None, None, 10.0, 11.0, None, 13.0, 14.0, 15.0, 16.0, 17.0])
    )
    found = compute(Bank([level("vix"), change("vix", 2)]), bars)
    assert found["vix_level"].equals(bars["vix"].rename("vix_level"))
    wanted = [None, None, None, None, None, 3.0, 3.0, 2.0, 2.0, 2.0]
    assert found["vix_change_2"].to_list() == wanted


def test_late_bar_delays_the_rows_after_it():
    bars = bars_frame(4, [4]).with_columns(
        received_ns=pl.Series([1, 9, 3, 10]) + 18_100 * DAY_NS
    )
    found = compute(Bank([rsi(2)]), bars)
    assert (found["received_ns"] - 18_100 * DAY_NS).to_list() == [1, 9, 9, 10]


def test_clock_features_keep_every_nanosecond():
    event_ns = [18_262 * DAY_NS + 6 * 3_600_000_000_000 + 1]  # a Wednesday, 06:00 UTC
    bars = bars_frame(5, [1]).with_columns(event_ns=pl.Series(event_ns))
    found = compute(Bank([day_of_week(), time_of_day()]), bars).row(0, named=True)
    turn = 2 * np.pi * 2 / 7
    assert found["day_of_week_sin"] == pytest.approx(np.sin(turn), abs=1e-15)
    assert found["day_of_week_cos"] == pytest.approx(np.cos(turn), abs=1e-15)
    assert found["time_of_day_sin"] == 1.0
    assert 0 > found["time_of_day_cos"] > -1e-12


def test_empty_bars_give_an_empty_frame_with_all_columns():
    found = compute(BANK, bars_frame(6, [3]).clear())
    assert found.height == 0
    assert found.columns[3:] == list(BANK.names)


def test_returns_are_those_of_polars():
    bars = bars_frame(7, [50, 40])
    ratio = pl.col("close") / pl.col("close").shift(3).over("instrument")
    wanted = bars.select((1e4 * ratio.log()).alias("log_return_3_bps")).to_series()
    found = compute(Bank([log_return(3)]), bars)["log_return_3_bps"]
    np.testing.assert_allclose(found.to_numpy(), wanted.to_numpy(), rtol=1e-9)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda b: b.reverse(), "sorted"),
        (lambda b: pl.concat([b, b.head(1)]), "row 5: Bars must be sorted"),
        (lambda b: pl.concat([b.head(2), b.head(1), b.tail(3)]), "without duplicates"),
        (lambda b: b.drop("close"), "column 'close': A feature reads"),
        (lambda b: b.drop("received_ns"), "column 'received_ns'"),
        (lambda b: b.with_columns(close=pl.lit("x")), "must be numeric, was String"),
    ],
)
def test_bars_that_break_a_rule_are_refused_with_place_and_way_out(spoil, message):
    with pytest.raises(InputError, match=message):
        compute(Bank([rsi(2)]), spoil(bars_frame(8, [3, 2])))


def test_bank_for_bars_leaves_out_what_they_never_bring():
    bars = bars_frame(9, [70]).with_columns(
        volume=pl.lit(None, pl.Float64),
        bid_size=pl.lit(None, pl.Float64),
        vix=pl.lit(None, pl.Float64),
        wti=pl.lit(50.0),
    )
    bank = bank_for(bars, DAY_NS, extra=("vix", "wti", "absent"))
    assert {"spread_bps", "wti_level"} <= set(bank.names)
    assert not {"mfi_14", "imbalance", "vix_level"} & set(bank.names)
    assert compute(bank, bars).row(-1).count(None) == 0


@pytest.mark.realdata
def test_fx_history_of_403200_bars_is_whole_and_finite_after_its_warm_up(market_data):
    hour = 3_600_000_000_000
    start = pl.col("ts").dt.epoch("ns")
    bars = (
        pl.read_parquet(market_data / "fx" / "bars_1h.parquet")
        .select(
            pl.col("symbol").alias("instrument"),
            start.alias("open_ns"),
            (start + hour).alias("event_ns"),
            (start + hour).alias("received_ns"),
            *("open", "high", "low", "close", "volume"),
        )
        .sort("instrument", "event_ns")
    )
    bank = bank_for(bars, hour)
    found = compute(bank, bars)
    assert found.height == 403_200
    after = pl.int_range(pl.len()).over("instrument") >= bank.warm_up_rows
    values = found.filter(after).select(bank.names)
    assert sum(values.null_count().row(0)) == 0
    assert values.select(pl.all_horizontal(pl.all().is_finite().all())).item()


TABLES = {
    "pyarrow": lambda bars: bars.to_arrow(),
    "pyarrow in chunks": lambda bars: pa.concat_tables(
        [bars.slice(0, 70).to_arrow(), bars.slice(70).to_arrow()]
    ),
    "pandas": lambda bars: bars.to_pandas(),
    "dictionary of instruments": lambda bars: bars.with_columns(
        pl.col("instrument").cast(pl.Categorical)
    ).to_arrow(),
}


@pytest.mark.parametrize("kind", TABLES)
def test_any_table_that_speaks_arrow_gives_the_same_features(kind):
    bars = bars_frame(21, [90, 60])
    wanted = compute(BANK, bars)
    found = compute(BANK, TABLES[kind](bars)).with_columns(
        pl.col("instrument").cast(pl.String)
    )
    assert found.equals(wanted)


def test_floats_in_one_piece_are_read_where_they_stand_and_results_not_copied():
    bars = bars_frame(22, [50])
    column = input_column(bars, "close")
    assert address_of(column) == address_of(bars["close"].to_numpy())
    found = fresh_columns(1, 50)
    found[0] = np.arange(50.0)
    (made,) = series(["x"], found)
    assert address_of(made.to_numpy()) == address_of(found)


def test_lazy_frame_gives_the_same_features():
    bars = bars_frame(21, [90, 60])
    assert compute(BANK, bars.lazy()).equals(compute(BANK, bars))


@pytest.mark.parametrize("given", [5, "bars.parquet", [1.0, 2.0]])
def test_what_is_no_table_is_refused(given):
    with pytest.raises(InputError, match="must come as a table"):
        compute(BANK, given)
