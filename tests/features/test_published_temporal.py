"""Dates and sessions: daylight saving, holidays, and markets that hardly close."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from reference.date import expected as dates_by_hand
from reference.market import random_columns
from tradeloop.errors import InputError
from tradeloop.features import Bank, LiveBank, compute
from tradeloop.features.checks import Subject, broken, run_history
from tradeloop.features.temporal.date import date
from tradeloop.features.temporal.exchanges import exchange_sessions
from tradeloop.features.temporal.sessions import SESSION_COLUMNS, with_sessions
from tradeloop.features.temporal.standard import standard

NEW_YORK = exchange_sessions("XNYS", "2000-01-01", "2026-12-31")
TOKYO = exchange_sessions("XTKS", "2019-01-01", "2021-12-31")
FX = exchange_sessions("FX", "2012-01-01", "2022-12-31")
ALWAYS = exchange_sessions("24/7", "2019-01-01", "2021-12-31")
EVERY_COLUMN = ["instrument", "event_ns", "received_ns"]


def ns(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def at(sessions, text, *names):
    found = sessions.at(ns(text))
    return tuple(found[f"session_{name}"] for name in names)


def test_standard_columns_pass_every_law_together():
    assert broken(Subject(Bank(standard())), random_columns(51, 300)) == {}


def test_every_day_of_two_centuries_has_its_date():
    days = np.arange(-3_000, 70_000).astype(float)
    bank = Bank([date()])
    found = dict(zip(bank.names, run_history(bank, days[None]), strict=True))
    for name, wanted in dates_by_hand({"day": days}).items():
        np.testing.assert_array_equal(found[f"date_{name}"], wanted, err_msg=name)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("2024-03-08 15:00", 30.0),  # winter: New York opens at 14:30 UTC
        ("2024-03-11 15:00", 90.0),  # summer since Sunday: at 13:30 UTC
        ("2024-11-01 15:00", 90.0),
        ("2024-11-04 15:00", 30.0),
    ],
)
def test_minutes_from_the_open_follow_daylight_saving(text, minutes):
    names = ("is_open", "minutes_from_open", "minutes_to_close", "minutes_to_open")
    assert at(NEW_YORK, text, *names) == (1.0, minutes, 390.0 - minutes, 0.0)


def test_bar_that_ends_with_a_bell_belongs_to_what_was_before_the_bell():
    names = ("is_open", "minutes_from_open", "minutes_to_close", "minutes_to_open")
    assert at(NEW_YORK, "2024-03-11 20:00", *names) == (1.0, 390.0, 0.0, 0.0)
    assert at(NEW_YORK, "2024-03-11 20:01", *names) == (0.0, 390.0, 0.0, 1049.0)
    assert at(NEW_YORK, "2024-03-12 13:30", *names) == (0.0, 390.0, 0.0, 0.0)
    assert at(NEW_YORK, "2024-03-12 13:31", *names) == (1.0, 1.0, 389.0, 0.0)


def test_weekend_across_the_change_of_clocks_is_an_hour_shorter():
    (spring,) = at(NEW_YORK, "2024-03-08 21:30", "minutes_to_open")
    (usual,) = at(NEW_YORK, "2024-03-01 21:30", "minutes_to_open")
    assert (spring, usual) == (64 * 60.0, 65 * 60.0)


def test_lunch_break_is_not_open():
    day = "2020-06-01"
    assert at(TOKYO, f"{day} 02:30", "is_open", "minutes_from_open") == (1.0, 150.0)
    assert at(TOKYO, f"{day} 02:31", "is_open", "minutes_from_open") == (0.0, 151.0)
    assert at(TOKYO, f"{day} 03:31", "is_open", "minutes_from_open") == (1.0, 211.0)


def test_thanksgiving_has_a_day_before_a_half_day_after():
    names = ("before_holiday", "after_holiday", "is_half_day", "minutes")
    assert at(NEW_YORK, "2024-11-26 20:00", *names) == (0.0, 0.0, 0.0, 390.0)
    assert at(NEW_YORK, "2024-11-27 20:00", *names) == (1.0, 0.0, 0.0, 390.0)
    assert at(NEW_YORK, "2024-11-29 17:00", *names) == (0.0, 1.0, 1.0, 210.0)
    assert at(NEW_YORK, "2024-12-02 17:00", *names) == (0.0, 0.0, 0.0, 390.0)


def test_weekend_is_no_holiday_but_good_friday_is():
    (before,) = at(NEW_YORK, "2024-03-28 15:00", "before_holiday")
    (plain,) = at(NEW_YORK, "2024-03-22 15:00", "before_holiday")
    assert (before, plain) == (1.0, 0.0)


def test_month_turns_in_its_last_session_and_the_first_three_of_the_next():
    names = ("to_month_end", "to_quarter_end", "turn_of_month")
    found = [
        at(NEW_YORK, f"2024-{day} 16:00", *names)
        for day in ("03-27", "03-28", "04-01", "04-02", "04-03", "04-04")
    ]
    assert found == [
        (1.0, 1.0, 0.0),
        (0.0, 0.0, 1.0),
        (21.0, 62.0, 1.0),
        (20.0, 61.0, 1.0),
        (19.0, 60.0, 1.0),
        (18.0, 59.0, 0.0),
    ]


def test_friday_evening_in_utc_is_still_fridays_session():
    bank = Bank([date("session_day")])
    bar = {"event_ns": ns("2024-03-16 00:00")}  # end of a daily bar of Friday
    row = LiveBank(bank).update("SPY", bar | NEW_YORK.at(bar["event_ns"]))
    found = dict(zip(bank.names, row, strict=True))
    assert found["date_session_day_day_of_month"] == 15
    assert found["date_session_day_is_quarterly_expiry_week"] == 1
    assert found["date_session_day_days_to_expiry"] == 0


def test_crypto_is_always_open_and_a_day_has_1440_minutes():
    names = ("is_open", "minutes_from_open", "minutes_to_close", "before_holiday")
    assert at(ALWAYS, "2020-12-25 06:00", *names) == (1.0, 360.0, 1080.0, 0.0)
    assert at(ALWAYS, "2020-12-25 00:00", *names) == (1.0, 1440.0, 0.0, 0.0)


def test_five_days_of_the_library_are_those_of_utc():
    days = exchange_sessions("24/5", "2019-01-01", "2021-12-31")
    names = ("is_open", "minutes_from_open", "minutes_to_open")
    assert at(days, "2020-07-03 23:59", *names) == (1.0, 1439.0, 0.0)
    assert at(days, "2020-07-05 12:00", *names) == (0.0, 1440.0, 720.0)


def test_currencies_turn_at_five_in_new_york_in_any_season():
    names = ("is_open", "minutes_from_open", "minutes_to_open")
    assert at(FX, "2020-01-05 21:59", *names)[0] == 0.0
    assert at(FX, "2020-01-05 22:01", *names) == (1.0, 1.0, 0.0)  # Sunday, winter
    assert at(FX, "2020-07-05 21:01", *names) == (1.0, 1.0, 0.0)  # Sunday, summer
    assert at(FX, "2020-07-03 21:01", *names) == (0.0, 1440.0, 2879.0)


def test_one_instant_has_the_bits_of_many():
    random = np.random.default_rng(1)
    for sessions in (NEW_YORK, TOKYO, FX, ALWAYS):
        low, high = sessions.first_ns, sessions.last_ns
        opens = random.choice(sessions._opens[sessions._first : sessions._last], 200)
        times = np.concatenate([random.integers(low + 1, high, 2_000), opens + 1])
        found = sessions.columns(times)
        assert tuple(found) == SESSION_COLUMNS
        for row, time in enumerate(times.tolist()):
            one = sessions.at(time)
            assert one == {name: found[name][row] for name in SESSION_COLUMNS}


def test_flags_do_not_depend_on_where_the_table_starts_and_ends():
    short = exchange_sessions("XNYS", "2019-05-06", "2020-08-20")
    times = np.arange(short.first_ns + 1, short.last_ns, 5 * 3600 * 10**9)
    for name, values in short.columns(times).items():
        np.testing.assert_array_equal(values, NEW_YORK.columns(times)[name], name)


@pytest.mark.parametrize("text", ["1999-12-31 15:00", "2026-12-30 15:00"])
def test_instant_beyond_the_calendar_is_refused_with_both_ends(text):
    with pytest.raises(InputError, match=r"2000-02-01 .* 2026-10-01 .* the bar is of"):
        NEW_YORK.at(ns(text))
    with pytest.raises(InputError, match=r"another start or end"):
        NEW_YORK.columns(np.array([ns(text)]))


def test_unknown_calendar_and_a_time_too_short_are_refused():
    with pytest.raises(InputError, match="NOWHERE"):
        exchange_sessions("NOWHERE")
    with pytest.raises(InputError, match="no end of their own"):
        exchange_sessions("FX")
    with pytest.raises(InputError, match="start of a month"):
        exchange_sessions("XNYS", "2020-01-01", "2020-02-20")


def bars(instrument, first, count, hours=6):
    step = timedelta(hours=hours) // timedelta(microseconds=1) * 1_000
    event_ns = ns(first) + step * np.arange(count)
    columns = {"instrument": [instrument] * count, "event_ns": event_ns}
    return pl.DataFrame(columns).with_columns(received_ns="event_ns")


def test_history_of_the_standard_columns_is_what_live_gives():
    frame = pl.concat(
        [bars("BTC", "2020-02-10 01:00", 300), bars("SPY", "2020-02-10 01:00", 300)]
    )
    calendars = {"BTC": ALWAYS, "SPY": NEW_YORK}
    bank = Bank(standard())
    history = compute(bank, with_sessions(frame, calendars))
    live = LiveBank(bank)
    for bar, wanted in zip(
        frame.iter_rows(named=True),
        history.drop(EVERY_COLUMN).iter_rows(),
        strict=True,
    ):
        name = bar["instrument"]
        row = bar | calendars[name].at(bar["event_ns"])
        assert tuple(live.update(name, row)) == wanted


def test_instrument_without_a_calendar_is_named():
    frame = bars("EUR", "2020-02-10 01:00", 3)
    with pytest.raises(InputError, match="'EUR'"):
        with_sessions(frame, {"SPY": NEW_YORK})
    assert with_sessions(frame, NEW_YORK).columns == [*frame.columns, *SESSION_COLUMNS]


@pytest.mark.realdata
def test_every_hour_of_real_currencies_ends_while_their_week_is_open(market_data):
    hours = pl.read_parquet(market_data / "fx" / "bars_1h.parquet")
    ends = hours["ts"].unique().dt.timestamp("ns").to_numpy() + 3600 * 10**9
    found = FX.columns(ends)
    inside = found["session_is_open"].mean()
    assert inside > 0.999
    first = found["session_minutes_from_open"] == 60.0
    assert first.sum() > 2_000  # the hour after five in New York, in both seasons


@pytest.mark.realdata
def test_real_minutes_and_days_stand_in_sessions_of_new_york(market_data):
    hours = pl.read_parquet(market_data / "equity" / "bars_1h_us.parquet")
    ends = hours["ts"].unique().dt.timestamp("ns").to_numpy() + 3600 * 10**9
    found = NEW_YORK.columns(ends)
    assert found["session_is_open"].all()
    assert set(found["session_minutes_from_open"]) == {90.0 + 60 * k for k in range(6)}
    closes = pl.read_parquet(market_data / "equity" / "closes_1d_stocks.parquet")
    days = (
        closes["ts"]
        .unique()
        .sort()
        .filter(closes["ts"].unique().sort().dt.year() >= 2001)
    )
    day = days.dt.timestamp("ns").to_numpy() // (86_400 * 10**9)
    known = NEW_YORK.table.day
    assert np.isin(day, known).all()
    assert np.isin(known[(known >= day[0]) & (known <= day[-1])], day).all()
