"""High, low and close of the last completed day."""

from tradeloop.features.base import Family, Feature, Source, suffix
from tradeloop.fold import Float, kernel


@kernel("high", "low", "close", state=8)
def _completed_day(
    state: Float, day: float, ns_of_day: float, high: float, low: float, close: float
) -> tuple[float, float, float]:
    # state: started, day, its high, low, close so far, those of the day before
    today = day - 1.0 if ns_of_day == 0.0 else day
    top, bottom, last = state[2], state[3], state[4]
    fresh = state[0] == 0.0 or today != state[1]
    if fresh and state[0] > 0.0:
        state[0] = 2.0
        state[5], state[6], state[7] = top, bottom, last
    if fresh:
        state[0], state[1] = max(state[0], 1.0), today
        top, bottom = high, low
    top, bottom = max(top, high), min(bottom, low)
    state[2], state[3], state[4] = top, bottom, close
    if state[0] == 1.0:
        return top, bottom, close
    return state[5], state[6], state[7]


def completed_day(day: Source = "day") -> Feature:
    """Columns ``high``, ``low`` and ``close``, in price units.

    A bar that ends at midnight belongs to the day that it ends. On the first day there
    is no completed one: it gives what this day has been so far. Another ``day``, such
    as a number of the month, gives another period.
    """
    return Feature(
        f"completed_day{suffix(day, 'day')}",
        FAMILY,
        (day, "ns_of_day", "high", "low", "close"),
        warm_up=(0, 0, 0),
        look_back=None,
    )


FAMILY = Family(
    name="completed_day",
    category="technical",
    kernel=_completed_day,
    formula="max(high), min(low) and last close of the bars of the last day before "
    "that of the row, by UTC; of the day so far where there is none",
    unit="price",
    reference="definition",
    build=completed_day,
    examples=((),),
    price_degree=(1, 1, 1),
)
