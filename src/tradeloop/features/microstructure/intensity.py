"""Intensity: events a second, the latest counting most."""

from math import exp

from tradeloop.features.base import Category, Family, Feature
from tradeloop.features.microstructure.stream import raw, spelt, titled
from tradeloop.features.microstructure.time_window import DAY, checked
from tradeloop.fold import Float, kernel


@kernel("value", state=3, params=2)
def _intensity(
    state: Float, params: tuple[float, float], day: float, ns_of_day: float
) -> float:
    decay, weight = params
    since = (day - state[1]) * DAY + (ns_of_day - state[2])
    rate = state[0] * exp(min(decay * since, 0.0)) + weight
    state[0], state[1], state[2] = rate, day, ns_of_day
    return rate  # type: ignore[no-any-return]


def intensity(
    stream: str, mean_age_ns: int, *, category: Category | None = None
) -> Feature:
    """Events a second of a stream, weighted with ``exp(-age / mean_age_ns)``.

    It is too low until a few times ``mean_age_ns`` have passed since the first event.
    """
    mean_age_ns, _ = checked(mean_age_ns, 2, "intensity")
    return Feature(
        titled(stream, f"intensity_{spelt(mean_age_ns)}"),
        FAMILY,
        raw(stream, "day", "ns_of_day"),
        (-1.0 / mean_age_ns, 1e9 / mean_age_ns),
        warm_up=(0,),
        look_back=None,
        category=category,
    )


FAMILY = Family(
    name="intensity",
    category="microstructure",
    kernel=_intensity,
    formula="sum(exp(-age / mean_age)) / mean_age over all events so far",
    unit="events a second",
    reference="definition; the kernel of Hawkes 1971",
    build=intensity,
    examples=(("trade", 10 * 10**9), ("quote", 500 * 10**6)),
)
