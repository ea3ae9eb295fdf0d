"""Hour of the day, UTC."""

from math import floor

from tradeloop.clock import NS_PER_HOUR
from tradeloop.features.base import Family, Feature, Source, suffix
from tradeloop.fold import kernel


@kernel("value")
def _hour(x: float) -> float:
    return float(floor(x / NS_PER_HOUR))


def hour(x: Source = "ns_of_day") -> Feature:
    """Whole hours of the day that have passed at the event, 0 to 23."""
    return Feature(f"hour{suffix(x, 'ns_of_day')}", FAMILY, (x,), warm_up=(0,))


FAMILY = Family(
    name="hour",
    category="temporal",
    kernel=_hour,
    formula="floor(x / nanoseconds of an hour)",
    unit="hours, UTC",
    reference="definition",
    build=hour,
    examples=((), ("ns_of_day",)),
)
