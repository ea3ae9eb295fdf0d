from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeloop.capture.time_base import TimeRules, rules_from
from tradeloop.capture.times import to_ns
from tradeloop.errors import InputError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(
    datetime(1970, 1, 2, tzinfo=UTC).replace(tzinfo=None),
    datetime(2261, 12, 30, tzinfo=UTC).replace(tzinfo=None),
    timezones=st.just(UTC),
)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))


def ns(moment):
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000


def read(values, dtype=None, **rules):
    column = pl.Series("t", values, dtype=dtype)
    times = to_ns(column, TimeRules(**rules), source="f.csv")
    return times.ns.to_list()


def faults(values, dtype=None, **rules):
    times = to_ns(pl.Series("t", values, dtype=dtype), TimeRules(**rules), source="f")
    return {name: rows.to_list() for name, rows in times.faults.items() if rows.any()}


def complaint(values, dtype=None, **rules):
    with pytest.raises(InputError) as caught:
        read(values, dtype, **rules)
    assert caught.value.source == "f.csv"
    assert caught.value.column == "t"
    return caught.value


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(MOMENTS, OFFSETS), min_size=1, max_size=5), st.booleans())
def test_iso_text_with_any_offset_is_the_same_instant(moments, spaced):
    texts = [
        at.astimezone(zone).isoformat(" " if spaced else "T") for at, zone in moments
    ]
    assert read(texts) == [ns(at) for at, _ in moments]


@settings(max_examples=60, deadline=None)
@given(MOMENTS, st.sampled_from(["ms", "us", "ns"]))
def test_datetimes_of_every_unit_are_the_same_instant(at, unit):
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert read([at], pl.Datetime(unit, "UTC")) == [ns(at)]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 9_214_646_399),
    st.sampled_from(["s", "ms", "us", "ns"]),
    st.booleans(),
)
def test_numbers_are_read_in_the_stated_unit(seconds, unit, as_text):
    scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    value = str(seconds * scale) if as_text else seconds * scale
    assert read([value], time_unit=unit) == [seconds * 10**9]


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("2024-01-01T00:00Z", 0),
        ("2024-01-01T00:00:00.123456789Z", 123456789),
        ("2024-01-01 00:00:00,5+00:00", 500000000),
        ("2024-01-01T01:00:00+0100", 0),
        ("2024-01-01 00:00:00 UTC", 0),
        ("2024-01-01 00:00:00.1z", 100000000),
        (" 2023-12-31T19:00:00-05:00 ", 0),
    ],
)
def test_forms_of_iso_text_that_files_hold(text, nanoseconds):
    assert read([text]) == [ns(datetime(2024, 1, 1, tzinfo=UTC)) + nanoseconds]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["2024-01-01T00:00:00"], None),
        (["2024-01-01"], None),
        ([EPOCH.replace(year=2024, tzinfo=None)], pl.Datetime("us")),
        ([date(2024, 1, 1)], pl.Date),
    ],
)
def test_a_time_without_zone_is_refused_unless_the_map_states_one(values, dtype):
    error = complaint(values, dtype)
    assert "no time zone" in error.message
    assert error.row == 0
    assert "timezone" in error.way_out
    new_york = datetime(2024, 1, 1, tzinfo=ZoneInfo("America/New_York"))
    assert read(values, dtype, timezone="America/New_York") == [ns(new_york)]


def test_times_with_and_without_zone_in_one_column_are_refused_with_the_row():
    error = complaint(["2024-01-01T00:00:00Z", None, "2024-01-01T00:00:00"])
    assert "mixes" in error.message
    assert error.row == 2
    assert (
        complaint(["2024-01-01T00:00:00Z", "2024-01-01T00:00:00"], timezone="UTC").row
        == 1
    )


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (1_704_067_200, "s"),
        (1_704_067_200_000, "ms"),
        (1_704_067_200_000_000, "us"),
        (1_704_067_200_000_000_000, "ns"),
    ],
)
def test_numbers_without_a_unit_are_refused_and_told_what_they_look_like(value, unit):
    for given_ in (value, str(value)):
        assert f"look like {unit}." in complaint([given_]).message


def test_the_name_of_a_column_may_state_the_unit():
    times = to_ns(pl.Series("event_ms", [1000]), TimeRules(), source="f")
    assert times.ns.to_list() == [10**9]


def test_text_that_is_no_time_refuses_its_row_or_all_of_them_at_once():
    good = "2024-01-01T00:00:00Z"
    assert faults([good, "soon", "", None, "2024-13-01T00:00:00Z"]) == {
        "time_not_understood": [False, True, False, False, True]
    }
    assert "'soon'" in complaint([None, "soon"]).message


@pytest.mark.parametrize(
    ("values", "dtype", "rules"),
    [
        (["1969-12-31T23:59:59Z", "2262-01-01T00:00:00Z"], None, {}),
        (["0001-01-01T00:00:00Z", "2600-12-31T00:00:00Z"], None, {}),
        ([-1, 2**62], None, {"time_unit": "ms"}),
        ([-1.5, 1e300], None, {"time_unit": "s"}),
        ([-1, 2**62], pl.Datetime("us", "UTC"), {}),
        (
            ["01/01/1950", "01/01/2300"],
            None,
            {"time_format": "%m/%d/%Y", "timezone": "UTC"},
        ),
        (
            ["1950-01-01 00:00", "2600-01-01 00:00"],
            None,
            {"time_format": "%Y-%m-%d %H:%M", "timezone": "UTC"},
        ),
    ],
)
def test_times_before_1970_or_after_2261_refuse_their_rows(values, dtype, rules):
    assert faults(values, dtype, **rules) == {"time_out_of_range": [True, True]}
    assert read(values, dtype, **rules) == [None, None]


def test_hours_that_summer_time_skipped_or_doubled_refuse_their_rows():
    values = ["2024-03-31T02:30:00", "2024-10-27T02:30:00", "2024-07-01T00:00:00"]
    assert faults(values, timezone="Europe/Berlin") == {
        "time_not_in_zone": [True, True, False]
    }


def test_a_stated_form_is_read_with_or_without_zone():
    rules = {"time_format": "%m/%d/%Y", "timezone": "UTC"}
    assert read(["1/4/1999", "x"], **rules) == [
        ns(datetime(1999, 1, 4, tzinfo=UTC)),
        None,
    ]
    assert faults(["1/4/1999", "x"], **rules) == {"time_not_understood": [False, True]}
    assert read(["04.01.1999 10:00 +0200"], time_format="%d.%m.%Y %H:%M %z") == [
        ns(datetime(1999, 1, 4, 8, tzinfo=UTC))
    ]
    assert "no time zone" in complaint(["1/4/1999"], time_format="%m/%d/%Y").message


def test_numbers_that_are_not_finite_refuse_their_rows():
    assert faults([float("nan"), float("inf"), 1.5], time_unit="s") == {
        "time_not_understood": [True, True, False]
    }
    assert read([1.5], time_unit="s") == [1_500_000_000]


def test_a_column_of_another_type_is_refused():
    assert "type is Boolean" in complaint([True]).message


@pytest.mark.parametrize("rules", [{"timezone": "Mars/Base"}, {"time_unit": "h"}])
def test_a_zone_or_unit_that_does_not_exist_is_refused(rules):
    with pytest.raises(InputError, match="column map") as caught:
        rules_from(rules, source="map.toml")
    assert caught.value.source == "map.toml"
