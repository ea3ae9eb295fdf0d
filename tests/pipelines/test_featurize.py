"""What was released by then, and live against history."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import TradeloopError
from tradeloop.events import BAR, SERIES
from tradeloop.features import bank_for
from tradeloop.pipelines.featurize import featurize, parity, with_series

times = st.integers(0, 12)
releases = st.lists(
    st.tuples(st.sampled_from(["WTI", "VIX"]), times, times, st.integers(-50, 50)),
    max_size=25,
)


def bars_at(received):
    rows = [
        {
            "instrument": name,
            "open_ns": at - 1,
            "event_ns": at,
            "received_ns": at,
            "open": 1.0,
            "high": 1.0,
            "low": 1.0,
            "close": 1.0,
        }
        for name, at in received
    ]
    return BAR.conform(pl.DataFrame(rows))


def series_of(rows):
    """One value a key: a source does not say two things at once."""
    unique = {(name, event, known): value for name, event, known, value in rows}
    listed = [(*key, float(value)) for key, value in unique.items()]
    return pl.DataFrame(listed, schema=SERIES.schema, orient="row")


def known_by(series, name, at):
    """The value released last by ``at``; of one release the newest reference date."""
    told = [
        (known, event, value)
        for series_name, event, known, value in series.iter_rows()
        if series_name == name and known <= at
    ]
    return max(told)[2] if told else None


@given(releases, st.lists(st.tuples(st.sampled_from("AB"), times), min_size=1))
def test_each_bar_gets_the_newest_value_that_was_released_by_then_and_never_a_later_one(
    rows, received
):
    bars, series = bars_at(received), series_of(rows)
    found = with_series(bars, series)
    for name in series["series"].unique():
        expected = [known_by(series, name, at) for _, at in received]
        assert found[name.lower()].to_list() == expected
    assert found.select(bars.columns).equals(bars)
    assert found.width == bars.width + series["series"].n_unique()


@given(releases, st.lists(st.tuples(st.sampled_from("AB"), times), min_size=1), times)
def test_what_is_released_later_changes_no_earlier_bar(rows, received, cut):
    bars = bars_at(received)
    series = series_of(rows)
    early = series.filter(pl.col("received_ns") <= cut)
    one, two = with_series(bars, series), with_series(bars, early)
    before = pl.col("received_ns") <= cut
    for name in early["series"].unique():
        column = name.lower()
        assert one.filter(before)[column].equals(two.filter(before)[column])


def test_without_series_bars_stay_as_they_are():
    bars = bars_at([("A", 3), ("A", 1)])
    assert with_series(bars, None) is bars
    assert with_series(bars, SERIES.empty()) is bars


@pytest.fixture(scope="module")
def computed():
    rows = [
        {
            "instrument": "A",
            "open_ns": day * NS_PER_DAY,
            "event_ns": (day + 1) * NS_PER_DAY,
            "received_ns": (day + 1) * NS_PER_DAY,
            "open": 100.0 + day % 7,
            "high": 110.0 + day % 5,
            "low": 90.0 - day % 3,
            "close": 100.0 + day % 11,
            "volume": 10.0 + day % 4,
        }
        for day in range(90)
    ]
    bars = BAR.conform(pl.DataFrame(rows))
    bank = bank_for(bars, NS_PER_DAY, [])
    return bank, bars, featurize(bank, bars)


def test_live_and_history_agree_to_the_bit(computed):
    bank, bars, features = computed
    found = parity(bank, bars, features, most_rows=1_000)
    assert (found.rows, found.columns, found.differing) == (90, len(bank.names), 0)


def test_one_bit_of_one_value_is_a_difference(computed):
    bank, bars, features = computed
    name = bank.names[0]
    here = pl.int_range(pl.len()) == 50
    one_up = pl.when(here).then(pl.col(name) * (1 + 2**-52)).otherwise(pl.col(name))
    spoiled = features.with_columns(one_up.alias(name))
    assert parity(bank, bars, spoiled, most_rows=1_000).differing == 1


def test_a_value_where_history_has_none_is_a_difference(computed):
    bank, bars, features = computed
    name = bank.names[0]
    assert features[name][0] is None
    spoiled = features.with_columns(pl.col(name).fill_null(0.0))
    assert parity(bank, bars, spoiled, most_rows=1_000).differing >= 1


def test_features_of_other_bars_are_not_compared(computed):
    bank, bars, features = computed
    with pytest.raises(TradeloopError, match="89 feature rows"):
        parity(bank, bars, features.head(89), most_rows=10)
