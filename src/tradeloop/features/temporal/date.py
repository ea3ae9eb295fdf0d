"""Calendar date: month, week, and how far the month, the quarter and expiry are."""

from tradeloop.features.base import Family, Feature, Source, suffix
from tradeloop.fold import Float, inline, kernel

_SINCE = 719_468  # days from 0000-03-01 to 1970-01-01
_MARCH, _JANUARY = 3, 10  # the month's number, and months from March to January
_CYCLE, _CENTURY, _LEAP = 146_097, 36_524, 1_460  # days of 400, 100 and 4 years


@inline
def civil(day: int) -> tuple[int, int, int]:
    """Year, month and day of the month, Gregorian, of days since 1970-01-01.

    Years are counted from March, so that the leap day is the last of its year and the
    months are 31, 30, 31, 30, 31 days long, twice and a half.
    """
    cycle, rest = (day + _SINCE) // _CYCLE, (day + _SINCE) % _CYCLE
    year = (rest - rest // _LEAP + rest // _CENTURY - rest // (_CYCLE - 1)) // 365
    rest -= 365 * year + year // 4 - year // 100
    late = (5 * rest + 2) // 153  # months since March
    month = late + 3 if late < _JANUARY else late - 9
    return (
        400 * cycle + year + (month < _MARCH),
        month,
        rest - (153 * late + 2) // 5 + 1,
    )


@inline
def first_of(year: int, month: int) -> int:
    """Days since 1970-01-01 of the first day of a month; month 13 is next January."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    late = (month + 9) % 12
    year -= month < _MARCH
    leaps = year // 4 - year // 100 + year // 400
    return 365 * year + leaps + (153 * late + 2) // 5 - _SINCE


@inline
def third_friday(first: int) -> int:
    """Days since 1970-01-01 of the third Friday of the month that starts there."""
    return first + (1 - first) % 7 + 14  # day 1, 1970-01-02, was a Friday


@kernel(
    "month",
    "day_of_month",
    "week_of_year",
    "days_to_month_end",
    "days_to_quarter_end",
    "days_to_expiry",
    "is_expiry_week",
    "is_quarterly_expiry_week",
    state=10,
)
def _date(
    state: Float, x: float
) -> tuple[float, float, float, float, float, float, float, float]:
    if state[0] != 1.0 or x != state[1]:  # another day than that of the row before
        day = int(x)
        year, month, place = civil(day)
        first = first_of(year, month)
        expiry = third_friday(first)
        this = 1.0 if expiry - 4 <= day <= expiry else 0.0
        ahead = expiry if day <= expiry else third_friday(first_of(year, month + 1))
        thursday = day - (day + 3) % 7 + 3  # its year is the year of an ISO week
        week = (thursday - first_of(civil(thursday)[0], 1)) // 7 + 1
        quarter = first_of(year, (month + 2) // 3 * 3 + 1)
        state[0], state[1] = 1.0, x
        state[2], state[3], state[4] = float(month), float(place), float(week)
        state[5] = float(first_of(year, month + 1) - 1 - day)
        state[6] = float(quarter - 1 - day)
        state[7], state[8] = float(ahead - day), this
        state[9] = this if month % 3 == 0 else 0.0
    dates = state[2], state[3], state[4], state[5]
    return *dates, state[6], state[7], state[8], state[9]


def date(x: Source = "day") -> Feature:
    """Date of ``x``, days since 1970-01-01: ``day``, in UTC, or ``session_day``."""
    return Feature(f"date{suffix(x, 'day')}", FAMILY, (x,), warm_up=(0,) * 8)


FAMILY = Family(
    name="date",
    category="temporal",
    kernel=_date,
    formula="Gregorian date of x; ISO 8601 week; expiry = third Friday of the month, "
    "its week from Monday to it, quarterly in March, June, September and December",
    unit="numbers of month, day and week; calendar days ahead, 0 on the day; 0 or 1",
    reference="definition; ISO 8601; listed options expire on the third Friday",
    build=date,
    examples=((), ("day",)),
)
