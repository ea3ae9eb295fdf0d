"""Columns of sentiment that are published by default."""

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.arithmetic.level import level
from tradeloop.features.base import Column, Feature
from tradeloop.features.sentiment.sentiment_level import sentiment_level
from tradeloop.features.sentiment.sentiment_now import sentiment_now
from tradeloop.features.sentiment.sentiment_window import sentiment_window

HALF_LIVES_NS = (NS_PER_HOUR, NS_PER_DAY, 7 * NS_PER_DAY)
WINDOWS_NS = (NS_PER_HOUR, NS_PER_DAY)


def standard() -> list[Feature | Column]:
    """Levels on the clock of the texts, and what is left of them at each bar."""
    return [*_of_texts(), *_of_bars()]


def _of_texts() -> list[Feature | Column]:
    hour, day, week = (sentiment_level(length) for length in HALF_LIVES_NS)
    last = level(
        "sentiment.score", "sentiment", name="sentiment_last", group="sentiment"
    )
    return [
        last,
        hour,
        day,
        week,
        _momentum(hour, day),
        _momentum(day, week),
        *(sentiment_window(length) for length in WINDOWS_NS),
    ]


def _momentum(fast: Feature, slow: Feature) -> Feature:
    of = slow.name.removeprefix("sentiment_")
    return difference(
        fast["mean"],
        slow["mean"],
        name=f"{fast.name}_less_{of}",
        category="sentiment",
        group="sentiment",
    )


def _of_bars() -> list[Feature | Column]:
    found: list[Feature | Column] = [
        sentiment_now("sentiment.score", NS_PER_DAY, name="sentiment_last_now")
    ]
    for half_life_ns in HALF_LIVES_NS[1:]:
        held = sentiment_level(half_life_ns)
        for output in ("mean", "net", "volume"):
            name = f"{held.name}_{output}_now"
            found.append(sentiment_now(held[output], half_life_ns, name=name)["value"])
    return found
