"""Times to the nanosecond, and back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.events import EARLIEST_NS, LATEST_NS, instant_ns, instant_text

INSTANTS = st.integers(EARLIEST_NS, LATEST_NS - 1)


@given(INSTANTS)
def test_writing_an_instant_and_reading_it_gives_the_same_nanosecond(ns):
    assert instant_ns(instant_text(ns)) == ns


@given(INSTANTS)
def test_the_standard_library_reads_the_same_microsecond(ns):
    text = instant_text(ns)
    micros = (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // (
        datetime.resolution
    )
    assert micros == ns // 1000


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("1970-01-01t00:00:00.5z", 500_000_000),
        ("1970-01-01 01:00:00+01:00", 0),
        ("1969-12-31T18:30:00-05:30", 0),
        ("1970-01-01T00:00:00-00:00", 0),
        ("2024-02-29T00:00:00.000000001Z", 1_709_164_800_000_000_001),
    ],
)
def test_every_form_of_rfc_3339_is_read(text, ns):
    assert instant_ns(text) == ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-31",
        "2026-01-31T09:30:00",
        "2026-01-31T09:30Z",
        "2026-1-31T09:30:00Z",
        "2026-01-31T09:30:00.Z",
        "2026-01-31T09:30:00.0000000001Z",
        "2026-01-31T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "2026-02-29T00:00:00Z",
        "2026-01-31T09:30:00+0100",
        "\uff12\uff10\uff12\uff16-01-31T09:30:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "0000-00-00T00:00:00Z",
        "2200-01-01T00:00:00Z",
        "1799-12-31T23:59:59.999999999Z",
        "1800-01-01T00:00:00+00:01",
        " 2026-01-31T09:30:00Z",
        "2026-01-31T09:30:00Z\n",
    ],
)
def test_what_is_no_instant_of_ours_is_refused_with_the_form(text):
    with pytest.raises(InputError, match="Write it like"):
        instant_ns(text)
