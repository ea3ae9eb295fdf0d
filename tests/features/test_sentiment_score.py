"""Scores of texts: the published rules, on words of our own."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference.vader import Analyser, give_our_words
from tradeloop.errors import InputError
from tradeloop.events import SENTIMENT
from tradeloop.events.contracts import BY_KIND
from tradeloop.features.sentiment import Lexicon, own_lexicon, score_text, scored
from tradeloop.features.sentiment import lexicon as lexicon_module

CLOSE = 1e-4  # the published analyser rounds to four decimals
LEXICON = own_lexicon()
WORDS = st.sampled_from(
    [
        *(
            "profit",
            "LOSS",
            "great!",
            "no",
            "No",
            "gains,",
            "(fraud)",
            "🚀",
            "up🚀up",
            ":)",
        ),
        *(
            "very",
            "VERY",
            "slightly",
            "not",
            "isn't",
            "ISNT",
            "never",
            "without",
            "doubt",
        ),
        *("so", "this", "least", "at", "but", "BUT", "or", "nor", "the", "$", "aapl"),
        *("?", "???", "!!", "up", "win!", "bad?", "plunge", "kinda", "-", "o'clock"),
    ]
)
TEXTS = st.lists(WORDS, max_size=12).map(" ".join)


@pytest.fixture
def our_words(monkeypatch):
    give_our_words(monkeypatch)


@pytest.fixture(scope="module")
def words_of_ours():
    with pytest.MonkeyPatch.context() as patch:
        give_our_words(patch)
        yield


@pytest.mark.realdata
def test_all_tweets_score_as_the_published_analyser_scores_them(market_data, our_words):
    texts = pl.read_parquet(market_data / "text" / "stock_tweets.parquet")["text"]
    assert texts.len() == 31_859
    published, repaired = Analyser(), Analyser(repaired=True)
    apart = []
    for text in texts:
        score = score_text(text).score
        if abs(score - published.polarity_scores(text)["compound"]) > CLOSE:
            assert " but " in text
            assert abs(score - repaired.polarity_scores(text)["compound"]) <= CLOSE
            apart.append(text)
    assert len(apart) == 4


@given(TEXTS)
@example("never so good profit")
@example("never this good profit")
@example("it is not very great! but the loss is no gain???? so win")
@example("no loss or gain")
@example("at least profit")
@example("the least profit")
@example("least profit")
@example("without a doubt great")
def test_every_rule_is_the_published_one(words_of_ours, text):
    other = Analyser(repaired=True).polarity_scores(text)["compound"]
    assert score_text(text).score == pytest.approx(other, abs=CLOSE)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("profit", "loss"),
        ("great profit", "profit"),
        ("very good results", "good results"),
        ("good results", "slightly good results"),
        ("good results", "not good results"),
        ("not bad at all", "bad at all"),
        ("GOOD results", "good results"),
        ("good results!!!", "good results"),
        ("bad quarter but strong outlook", "strong quarter but bad outlook"),
        ("shares surge 🚀", "shares surge"),
        ("upgrades the stock to outperform", "downgrades the stock to underperform"),
    ],
)
def test_a_better_text_scores_higher(better, worse):
    assert score_text(better).score > score_text(worse).score


@given(st.text())
def test_any_text_scores_between_its_bounds(text):
    found = score_text(text)
    assert -1.0 <= found.score <= 1.0
    assert 0.0 <= found.confidence < 1.0
    assert found.confidence == pytest.approx(
        1 - 1 / (1 + found.positive + found.negative)
    )


def test_a_text_without_a_word_of_the_lexicon_says_nothing():
    found = score_text("the company reports on thursday")
    assert (found.score, found.confidence) == (0.0, 0.0)


def test_the_lexicon_is_large_lower_case_sorted_and_in_bounds():
    rows = Path(lexicon_module.__file__).with_name("lexicon.csv").read_text("utf-8")
    words = [line.split(",")[0] for line in rows.splitlines()[1:]]
    assert words == sorted(set(words))
    assert len(words) == len(LEXICON.valence) >= 400
    assert all(word == word.lower() and not word.isspace() for word in words)
    assert all(0.0 < abs(v) <= 4.0 for v in LEXICON.valence.values())
    assert {"very", "slightly"} <= LEXICON.degree.keys()
    assert "not" in LEXICON.negations


@pytest.mark.parametrize(
    ("valence", "degree", "said"),
    [({"good": 5.0}, {}, "-4 to 4"), ({"good": 1.0}, {"good": 0.3}, "not both")],
)
def test_a_lexicon_that_contradicts_itself_is_refused(valence, degree, said):
    with pytest.raises(InputError, match=said):
        Lexicon(valence, degree, frozenset(), "mine")


def test_another_lexicon_gives_other_scores():
    mine = Lexicon({"moo": 4.0}, {}, frozenset(), "mine")
    assert score_text("moo", mine).score > 0.0 == score_text("moo").score


TWEETS = pl.DataFrame(
    {
        "instrument": ["AAPL", "AAPL", None, "AAPL"],
        "event_ns": [10**18, 10**18, 10**18, 10**18 + 1],
        "text": ["great profit", "great profit", "great profit", "fraud"],
    }
)


def test_texts_become_events_that_pass_the_door():
    found = scored(TWEETS, text_source="tweets", latency_ns=5)
    assert found.schema == SENTIMENT.schema
    assert found["sentiment_id"].n_unique() == 4
    assert (found["received_ns"] - found["event_ns"]).to_list() == [5] * 4
    assert found["score"].to_list() == [score_text(t).score for t in TWEETS["text"]]
    assert set(found["model_id"]) == {f"lexicon-{LEXICON.version}"}
    for row in found.iter_rows(named=True):
        assert BY_KIND["sentiment"].checked(SENTIMENT.body(row))


def test_the_same_texts_get_the_same_ids_in_any_order():
    ids = set(scored(TWEETS)["sentiment_id"])
    assert ids == set(scored(TWEETS.reverse())["sentiment_id"])


def test_what_a_row_says_of_itself_is_kept():
    said = TWEETS.with_columns(
        received_ns=pl.Series([None, 10**18 + 9, 10**18 + 9, 10**18 + 9]),
        sentiment_id=pl.Series([None, "b", "c", "d"]),
        text_source=pl.Series(["news", None, None, None], dtype=pl.String),
    )
    found = scored(said, text_source="tweets")
    assert found["received_ns"][0] == 10**18
    assert found["sentiment_id"].to_list()[1:] == ["b", "c", "d"]
    assert found["sentiment_id"][0] == scored(TWEETS)["sentiment_id"][0]
    assert found["text_source"].to_list() == ["news", "tweets", "tweets", "tweets"]


def test_a_row_without_text_and_a_missing_column_are_named():
    with pytest.raises(InputError, match=r"'text', row 1") as told:
        scored(TWEETS.with_columns(text=pl.Series(["a", None, "b", "c"])))
    assert told.value.row == 1
    with pytest.raises(InputError, match="event_ns"):
        scored(TWEETS.drop("event_ns"))


def test_no_texts_give_no_events():
    assert scored(TWEETS.clear()).is_empty()
