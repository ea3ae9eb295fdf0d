"""Texts of a window of time: how many, and the shares of good and bad ones."""

from numpy import uint64

from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.events.duration import duration_text
from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.fold import Float, kernel

MOST_TEXTS = 1024
_DAY = float(NS_PER_DAY)


@kernel("events", "positive", "negative", state=4, params=2)
def _sentiment_window(
    state: Float,
    ring: Float,
    params: tuple[float, float],
    score: float,
    day: float,
    ns_of_day: float,
) -> tuple[float, float, float]:
    window, room = params
    place, held, good, bad = state[0], state[1], state[2], state[3]
    size = uint64(room)
    while held > 0.0:
        first = place - held
        here = uint64(first if first >= 0.0 else first + room)
        age = (day - ring[here]) * _DAY + (ns_of_day - ring[here + size])
        if age < window and held < room:
            break
        old = ring[here + size + size]
        good -= 1.0 if old > 0.0 else 0.0
        bad -= 1.0 if old < 0.0 else 0.0
        held -= 1.0
    here = uint64(place)
    ring[here], ring[here + size], ring[here + size + size] = day, ns_of_day, score
    held += 1.0
    good += 1.0 if score > 0.0 else 0.0
    bad += 1.0 if score < 0.0 else 0.0
    state[0] = place + 1.0 if place + 1.0 < room else 0.0
    state[1], state[2], state[3] = held, good, bad
    return held, good / held, bad / held


def sentiment_window(window_ns: int, most: int = MOST_TEXTS) -> Feature:
    """Columns ``events``, ``positive`` and ``negative`` (shares) of the last while.

    Parameters
    ----------
    window_ns : int
        Texts that are younger than this count, the one at hand included.
    most : int
        Only so many of the last texts are remembered; no more are counted.
    """
    if not window_ns > 0:
        raise InputError(
            f"sentiment_window.window_ns must be above 0, was {window_ns}.",
            way_out="Give nanoseconds, such as 3_600_000_000_000 for an hour.",
        )
    most = positive_rows(most, "sentiment_window.most")
    known = "" if most == MOST_TEXTS else f"_of_{most}"
    return Feature(
        f"sentiment_window_{duration_text(window_ns)}{known}",
        FAMILY,
        ("sentiment.score", "sentiment.day", "sentiment.ns_of_day"),
        (window_ns, most),
        ring=3 * most,
        warm_up=(0, 0, 0),
        look_back=None,
    )


FAMILY = Family(
    name="sentiment_window",
    category="sentiment",
    kernel=_sentiment_window,
    formula="events = count(age < window), positive = count(score > 0) / events, "
    "negative = count(score < 0) / events, over the last texts that are remembered",
    unit="texts; shares 0 to 1",
    reference="definition",
    build=sentiment_window,
    examples=((NS_PER_DAY,), (2 * NS_PER_DAY, 8)),
)
