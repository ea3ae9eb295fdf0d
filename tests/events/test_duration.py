import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.events import duration_ns, duration_text


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1ms", 10**6),
        ("30s", 30 * 10**9),
        ("5m", 300 * 10**9),
        ("2w", 1_209_600 * 10**9),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text, ns):
    assert duration_ns(text) == ns


@given(st.integers(1, 36_000), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_writing_a_duration_and_reading_it_gives_the_same_length(count, unit):
    ns = duration_ns(f"{count}{unit}")
    assert duration_ns(duration_text(ns)) == ns


@pytest.mark.parametrize(
    "text", ["", "5", "m5", "0m", "-1m", "1.5h", "5 m", "1y", "nan"]
)
def test_what_is_no_duration_is_refused_with_the_units(text):
    with pytest.raises(InputError, match="units are ms, s, m, h, d, w"):
        duration_ns(text)


@pytest.mark.parametrize("text", ["99999999999w", "40000d", "9" * 5000 + "d"])
def test_a_duration_that_would_not_fit_a_time_is_refused(text):
    with pytest.raises(InputError, match="A duration"):
        duration_ns(text)
