import polars as pl
import pytest

from tradeloop.capture import fills_in_bars, fills_outside_bar
from tradeloop.events import BAR, FILL

BARS = BAR.conform(
    pl.DataFrame(
        {
            "instrument": ["A.US", "A.US", "B.US"],
            "open_ns": [100, 200, 100],
            "event_ns": [150, 250, 150],
            "received_ns": [150, 250, 150],
            "open": [10.0, 20.0, 1.0],
            "high": [12.0, 22.0, 1.5],
            "low": [8.0, 18.0, 0.5],
            "close": [11.0, 21.0, 1.0],
        }
    )
)


def fills(*rows):
    return FILL.conform(
        pl.DataFrame(
            {
                "fill_id": [str(n) for n in range(len(rows))],
                "instrument": [name for name, _, _ in rows],
                "side": [1] * len(rows),
                "event_ns": [at for _, at, _ in rows],
                "received_ns": [at for _, at, _ in rows],
                "price": [price for _, _, price in rows],
                "quantity": [1.0] * len(rows),
            }
        )
    )


@pytest.mark.parametrize(
    ("at", "price", "distance_bps"),
    [
        (100, 8.0, 0.0),
        (149, 12.0, 0.0),
        (149, 12.6, 500.0),
        (120, 7.2, 1000.0),
        (200, 12.0, 1e4 * 6 / 18),
        (150, 12.0, None),
        (99, 12.0, None),
    ],
)
def test_a_fill_is_measured_against_the_bar_that_holds_its_time(
    at, price, distance_bps
):
    placed = fills_in_bars(fills(("A", at, price)), BARS)
    found = placed["distance_bps"][0]
    assert found == (None if distance_bps is None else pytest.approx(distance_bps))


def test_only_fills_outside_their_bar_are_returned_in_their_order():
    given = fills(("B", 140, 2.0), ("A", 120, 10.0), ("A.US", 110, 13.0), ("A", 150, 9))
    outside = fills_outside_bar(given, BARS)
    assert outside["fill_id"].to_list() == ["0", "2"]
    assert outside["high"].to_list() == [1.5, 12.0]


def test_the_tolerance_covers_float_noise_and_no_tick():
    given = fills(("A", 120, 12 * (1 + 1e-13)), ("A", 120, 12 * (1 + 1e-7)))
    assert fills_outside_bar(given, BARS)["fill_id"].to_list() == ["1"]
    assert fills_outside_bar(given, BARS, tolerance=0.0).height == 2
