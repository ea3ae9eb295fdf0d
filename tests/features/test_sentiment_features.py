"""Features of sentiment: exact in time, on real texts, and what they are worth."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from scipy.stats import rankdata

from reference.sentiment_level import expected as level_by_hand
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.errors import InputError
from tradeloop.features.bank import Bank
from tradeloop.features.checks import Subject, run_history, run_live
from tradeloop.features.sentiment import scored
from tradeloop.features.sentiment.sentiment_level import sentiment_level
from tradeloop.features.sentiment.sentiment_now import sentiment_now
from tradeloop.features.sentiment.sentiment_window import sentiment_window
from tradeloop.features.sentiment.standard import standard

SYMBOLS = ("AAPL", "AMZN", "BAC", "MSFT", "XOM")
CLOSE_NS = 20 * NS_PER_HOUR  # 16:00 in New York in summer, an hour before it in winter


def raw(event_ns, **columns):
    day, rest = np.divmod(np.asarray(event_ns), NS_PER_DAY)
    clock = {"sentiment.day": day * 1.0, "sentiment.ns_of_day": rest * 1.0}
    given = {f"sentiment.{k}": np.asarray(v, float) for k, v in columns.items()}
    return clock | given


def values(features, columns):
    bank = Bank(features)
    found = run_history(bank, Subject(bank).rows(columns))
    return dict(zip(bank.names, found, strict=True))


def test_a_text_is_worth_half_after_a_half_life():
    at = 19_000 * NS_PER_DAY + np.array([0, NS_PER_DAY, 3 * NS_PER_DAY])
    columns = raw(at, score=[1.0, 0.0, 0.0], confidence_score=[1.0, 1.0, 1.0])
    found = values([sentiment_level(NS_PER_DAY)], columns)
    assert found["sentiment_1d_net"].tolist() == [1.0, 0.5, 0.125]
    assert found["sentiment_1d_volume"].tolist() == [1.0, 1.5, 1.375]
    np.testing.assert_allclose(found["sentiment_1d_mean"], [1, 1 / 3, 1 / 11])


def test_decay_is_to_the_nanosecond_and_lasts_for_years():
    at = 19_000 * NS_PER_DAY + np.array([0, 1, 2, 3_000 * NS_PER_DAY])
    columns = raw(at, score=[1, 0, 0, -1], confidence_score=[1, 1, 1, 1])
    found = values([sentiment_level(2)], columns)
    net = found["sentiment_2ns_net"]
    np.testing.assert_allclose(net, [1.0, 0.5**0.5, 0.5, -1.0], rtol=1e-14)
    assert found["sentiment_2ns_mean"][-1] == -1.0


def test_texts_of_one_instant_count_alike_and_none_is_lost():
    at = np.full(5, 19_000 * NS_PER_DAY)
    columns = raw(at, score=[1, -1, 1, -1, 1], confidence_score=np.full(5, 0.5))
    found = values([sentiment_level(NS_PER_HOUR)], columns)
    assert found["sentiment_1h_volume"].tolist() == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(found["sentiment_1h_mean"], [1, 0, 1 / 3, 0, 0.2])


def test_the_same_score_again_has_no_dispersion_and_is_no_surprise():
    at = 19_000 * NS_PER_DAY + NS_PER_HOUR * np.arange(50)
    columns = raw(at, score=np.full(50, 0.3), confidence_score=np.full(50, 0.7))
    found = values([sentiment_level(NS_PER_DAY)], columns)
    assert not found["sentiment_1d_dispersion"].any()
    assert not found["sentiment_1d_surprise"].any()
    assert set(found["sentiment_1d_mean"]) == {0.3}


def test_a_text_that_says_nothing_moves_the_volume_only():
    at = 19_000 * NS_PER_DAY + NS_PER_HOUR * np.arange(3)
    columns = raw(at, score=[0.5, 0.0, 0.0], confidence_score=[0.5, 0.0, 0.0])
    found = values([sentiment_level(NS_PER_DAY)], columns)
    assert found["sentiment_1d_mean"].tolist() == [0.5, 0.5, 0.5]
    assert found["sentiment_1d_volume"][-1] > 2.9


def test_a_window_is_open_at_its_old_end():
    at = 19_000 * NS_PER_DAY + np.array([0, 1, NS_PER_HOUR, NS_PER_HOUR + 1])
    found = values([sentiment_window(NS_PER_HOUR)], raw(at, score=[1, -1, 0, 1]))
    assert found["sentiment_window_1h_events"].tolist() == [1, 2, 2, 2]
    np.testing.assert_allclose(
        found["sentiment_window_1h_negative"], [0, 0.5, 0.5, 0.0]
    )


def test_what_is_left_at_a_bar_is_exactly_the_sum_at_its_time():
    texts = {"score": [0.8, -0.4, 0.2], "confidence_score": [0.9, 0.5, 0.7]}
    at = 19_000 * NS_PER_DAY + NS_PER_HOUR * np.array([0, 5, 6])
    bar = at[-1] + 11 * NS_PER_HOUR
    # A text of no confidence at the bar's time shows what the sum is then.
    more = {name: [*values_, 0.0] for name, values_ in texts.items()}
    wanted = level_by_hand(raw([*at, bar], **more), NS_PER_DAY)["net"][-1]
    last = {name: column[-1:] for name, column in raw(at, **texts).items()}
    net = level_by_hand(raw(at, **texts), NS_PER_DAY)["net"][-1:]
    clock = {"day": np.array([bar // NS_PER_DAY * 1.0])}
    clock["ns_of_day"] = np.array([bar % NS_PER_DAY * 1.0])
    held = sentiment_now("net", NS_PER_DAY, name="now")
    found = values([held], {"net": net} | last | clock)
    assert found["now_value"][0] == pytest.approx(wanted, rel=1e-14)
    assert found["now_age_hours"][0] == 11.0


@pytest.mark.parametrize("length", [0, -1])
def test_a_length_of_no_time_is_refused(length):
    for build in (sentiment_level, sentiment_window):
        with pytest.raises(InputError, match="above 0"):
            build(length)
    with pytest.raises(InputError, match="above 0"):
        sentiment_now("sentiment.score", length)


def test_standard_columns_are_of_sentiment_and_have_names_of_their_own():
    bank = Bank(standard())
    assert len(bank.names) == len(set(bank.names)) >= 25
    assert {entry.category for entry in bank.catalogue()} == {"sentiment"}
    assert {c.feature.group or c.feature.family.group for c in bank.outputs} == {
        "sentiment"
    }


@pytest.fixture(scope="module")
def events(market_data):
    tweets = pl.read_parquet(market_data / "text" / "stock_tweets.parquet")
    texts = tweets.with_columns(
        instrument="symbol", event_ns=pl.col("ts").dt.epoch("ns")
    )
    return scored(texts, text_source="tweets").sort("instrument", "received_ns")


@pytest.mark.realdata
def test_live_gives_the_bits_of_history_on_real_texts(events):
    texts = events.filter(pl.col("instrument") == "AAPL")
    columns = raw(
        texts["event_ns"],
        score=texts["score"],
        confidence_score=texts["confidence_score"],
    )
    bank = Bank([c for c in Bank(standard()).outputs if c.feature.clock != "bar"])
    rows = Subject(bank).rows(columns)
    history = run_history(bank, rows)
    assert np.isfinite(history).all()
    assert np.array_equal(history, run_live(bank, rows, restart_every=1000))
    events_1d = history[bank.names.index("sentiment_window_1d_events")]
    assert events_1d.max() > 100


def correlation(rows):
    """Rank correlation of what was said and the return after it."""
    said, later = (rankdata(rows[name]) for name in ("sentiment", "return_after"))
    return float(np.corrcoef(said, later)[0, 1])


@pytest.mark.realdata
def test_sentiment_of_these_tweets_is_not_shown_to_go_with_the_next_day(
    market_data, events
):
    """A statement, made once and not tuned: rank correlation of the net sentiment (half
    life a day) of what was said until 20:00 UTC and the return from that day's close to
    the next one. Trading days are drawn anew, each with all its stocks."""
    rows = next_day(market_data, events)
    assert rows.height == 2_536
    assert correlation(rows) == pytest.approx(0.012, abs=5e-4)
    days = rows.partition_by("ts", maintain_order=True)
    random = np.random.default_rng(20_260_101)
    drawn = (random.integers(0, len(days), len(days)) for _ in range(300))
    found = [correlation(pl.concat([days[j] for j in again])) for again in drawn]
    low, high = np.quantile(found, [0.025, 0.975])
    assert low == pytest.approx(-0.027, abs=0.01)
    assert high == pytest.approx(0.056, abs=0.01)
    assert low < 0.0 < high


def next_day(market_data, events):
    """Level of each stock at 20:00 UTC of each trading day, and the return after it."""
    bars = pl.read_parquet(market_data / "equity" / "bars_1d_stocks.parquet")
    found = []
    for symbol in SYMBOLS:
        texts = events.filter(pl.col("instrument") == symbol)
        columns = raw(
            texts["received_ns"],
            score=texts["score"],
            confidence_score=texts["confidence_score"],
        )
        net = values([sentiment_level(NS_PER_DAY)["net"]], columns)["sentiment_1d_net"]
        said = texts.select(said_ns="received_ns").with_columns(net=net)
        change = pl.col("adj_close").shift(-1) / pl.col("adj_close") - 1
        first, last = said["said_ns"][0], said["said_ns"][-1]
        days = (
            bars.filter(pl.col("symbol") == symbol)
            .sort("ts")
            .with_columns(
                at_ns=pl.col("ts").dt.epoch("ns") + CLOSE_NS, return_after=change
            )
            .join_asof(said.set_sorted("said_ns"), left_on="at_ns", right_on="said_ns")
            .filter(pl.col("at_ns").is_between(first, last + 7 * NS_PER_DAY))
        )
        age = (days["at_ns"] - days["said_ns"]) / NS_PER_DAY
        found.append(days.with_columns(sentiment=days["net"] * 0.5**age))
    whole = pl.concat(found).drop_nulls("return_after")
    assert whole["ts"].max() - whole["ts"].min() > timedelta(days=700)
    return whole.sort("ts", "symbol")
