"""Sums, their share and the count of events over the last so many nanoseconds."""

from tradeloop.features.base import (
    Category,
    Family,
    Feature,
    Source,
    clock_of,
    name_of,
)
from tradeloop.features.microstructure.stream import raw, spelt
from tradeloop.features.microstructure.time_window import FIELDS, checked, push_recent
from tradeloop.fold import Float, kernel


@kernel("part", "whole", "share", "count", state=5, params=2)
def _recent(
    state: Float,
    ring: Float,
    params: tuple[float, float],
    part: float,
    whole: float,
    day: float,
    ns_of_day: float,
) -> tuple[float, float, float, float]:
    some, total, count = push_recent(
        state, ring, params, (day, ns_of_day), (part, whole)
    )
    return some, total, some / total if total > 0.0 else 0.0, count


def recent(
    part: Source,
    whole: Source,
    window_ns: int,
    most: int = 4096,
    *,
    stream: str = "",
    name: str = "",
    category: Category | None = None,
) -> Feature:
    """Columns ``part``, ``whole`` (sums), ``share`` and ``count`` of a time window.

    Parameters
    ----------
    part, whole : Source
        What is summed.
    window_ns : int
        Events in ``(now - window_ns, now]`` count.
    most : int
        The most events that the window holds: memory is set aside for them. At the
        start, and where more fall in, it reaches back less far.
    stream : str
        Whose clock counts; absent: the clock of ``part``.
    """
    window_ns, most = checked(window_ns, most, "recent")
    stream = stream or clock_of(part)
    return Feature(
        name or f"recent_{spelt(window_ns)}_{name_of(part)}_{name_of(whole)}",
        FAMILY,
        (part, whole, *raw("" if stream == "bar" else stream, "day", "ns_of_day")),
        (window_ns, most),
        ring=FIELDS * most,
        warm_up=(0, 0, 0, 0),
        look_back=most,
        category=category,
    )


FAMILY = Family(
    name="recent",
    category="microstructure",
    kernel=_recent,
    formula="sum(part), sum(whole), sum(part) / sum(whole) and count of the events in "
    "(now - w, now]; share 0 where the whole is not above 0",
    unit="units of part and whole; share; events. Until w has passed since the first "
    "event, what there is",
    reference="definition",
    build=recent,
    examples=(
        ("trade.price", "trade.size", 20 * 10**9, 32),
        ("quote.bid_size", "quote.ask_size", 3 * 10**9, 4),
    ),
    price_degree=(1, None, None, 0),
)
