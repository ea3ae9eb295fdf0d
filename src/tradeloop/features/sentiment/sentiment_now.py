"""Sentiment at a bar: what was last known, faded by the time since the last text."""

from math import exp

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.events.duration import duration_text
from tradeloop.features.base import BAR_CLOCK, Family, Feature, Source, name_of
from tradeloop.features.sentiment.sentiment_level import decay
from tradeloop.fold import kernel

_DAY, _HOUR = float(NS_PER_DAY), float(NS_PER_HOUR)


@kernel("value", "age_hours", params=1)
def _sentiment_now(
    params: tuple[float],
    level: float,
    said_day: float,
    said_ns: float,
    day: float,
    ns_of_day: float,
) -> tuple[float, float]:
    elapsed = max((day - said_day) * _DAY + (ns_of_day - said_ns), 0.0)
    return level * exp(-params[0] * elapsed), elapsed / _HOUR


def sentiment_now(level: Source, half_life_ns: int, *, name: str = "") -> Feature:
    """Columns ``value`` and ``age_hours`` at each bar.

    With the half-life of `sentiment_level`, the ``net`` and ``volume`` of the last text
    become exactly those of the bar's time; a ``mean`` fades to 0.
    """
    length = duration_text(half_life_ns)
    return Feature(
        name or f"{name_of(level)}_now_{length}",
        FAMILY,
        (level, "sentiment.day", "sentiment.ns_of_day", "day", "ns_of_day"),
        (decay(half_life_ns, "sentiment_now"),),
        warm_up=(0, 0),
        clock=BAR_CLOCK,
    )


FAMILY = Family(
    name="sentiment_now",
    category="sentiment",
    kernel=_sentiment_now,
    formula="level * 2^(-age / half-life), age = time of the bar - time of the text",
    unit="unit of level; age in hours, 0 for a text of a later time",
    reference="exponential decay in time",
    build=sentiment_now,
    examples=(("sentiment.score", NS_PER_DAY), ("sentiment.score", NS_PER_HOUR)),
)
