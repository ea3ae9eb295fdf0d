import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.test_conflicts import signal
from tradeloop.errors import InputError
from tradeloop.signals.outcomes import SCHEMA, outcomes_of, signals_frame


def frame(*rows):
    """Rows of (symbol, side, created_ns, horizon_ns)."""
    names = ("symbol", "side", "created_ns", "horizon_ns")
    found = pl.DataFrame(rows, schema=names, orient="row")
    return found.with_columns(
        pl.col("side").cast(pl.Int8), p_down=0.2, p_flat=0.3, p_up=0.5
    )


PRICES = pl.DataFrame(
    [("A", 0, 100.0), ("A", 10, 101.0), ("A", 20, 99.0), ("B", 5, 50.0)],
    schema=("symbol", "event_ns", "price"),
    orient="row",
)


def test_returns_run_from_the_last_price_known_to_the_last_of_the_horizon():
    found = outcomes_of(frame(("A", 1, 12, 8), ("A", -1, 0, 11)), PRICES, cost_bps=3)
    assert found["entry_price"].to_list() == [101.0, 100.0]
    assert found["exit_price"].to_list() == [99.0, 101.0]
    gross = [10_000 * (99 / 101 - 1), 100.0]
    assert found["return_bps"].to_list() == pytest.approx(gross)
    assert found["net_bps"].to_list() == pytest.approx([gross[0] - 3, -100 - 3])
    assert found["direction"].to_list() == [-1, 1]
    assert found["hit"].to_list() == [False, False]


def test_what_the_prices_do_not_reach_is_pending():
    found = outcomes_of(frame(("A", 1, 12, 9), ("B", 1, 6, 1), ("C", 1, 0, 1)), PRICES)
    for name in ("exit_price", "return_bps", "net_bps", "direction", "hit", "brier"):
        assert found[name].to_list() == [None] * 3


def test_a_signal_before_the_first_price_has_no_entry():
    found = outcomes_of(frame(("A", 1, -1, 5)), PRICES)
    assert found["return_bps"].to_list() == [None]


def test_a_held_signal_pays_no_cost_and_hits_when_nothing_happens():
    found = outcomes_of(frame(("A", 0, 0, 10)), PRICES, cost_bps=5, neutral_bps=150)
    assert found["net_bps"].to_list() == [0.0]
    assert found["direction"].to_list() == [0]
    assert found["hit"].to_list() == [True]


def test_brier_is_the_squared_distance_to_what_came():
    found = outcomes_of(frame(("A", 1, 0, 10)), PRICES)
    assert found["brier"][0] == pytest.approx(0.2**2 + 0.3**2 + (0.5 - 1) ** 2)


def test_a_cost_of_each_signal_stands_above_the_argument():
    priced = frame(("A", 1, 0, 10)).with_columns(cost_bps=7.0)
    assert outcomes_of(priced, PRICES, cost_bps=1)["net_bps"][0] == pytest.approx(93)


TIMES = st.integers(0, 60)
ROWS = st.lists(
    st.tuples(
        st.sampled_from("AB"), st.sampled_from([-1, 0, 1]), TIMES, st.integers(1, 20)
    ),
    min_size=1,
    max_size=12,
)
QUOTES = st.dictionaries(
    st.tuples(st.sampled_from("AB"), TIMES), st.floats(1, 100), min_size=1, max_size=20
)


@given(ROWS, QUOTES, st.floats(0, 5), st.floats(0, 50))
def test_it_is_what_a_slow_walk_through_the_prices_finds(rows, quotes, cost, band):
    prices = pl.DataFrame(
        [(symbol, at, price) for (symbol, at), price in quotes.items()],
        schema=("symbol", "event_ns", "price"),
        orient="row",
    )
    found = outcomes_of(frame(*rows), prices, cost_bps=cost, neutral_bps=band)
    for at, (symbol, side, created, horizon) in enumerate(rows):
        own = {when: price for (name, when), price in quotes.items() if name == symbol}
        before = [when for when in own if when <= created]
        after = [when for when in own if when <= created + horizon]
        if not before or max(own) < created + horizon:
            assert found["net_bps"][at] is None
            continue
        moved = 10_000 * (own[max(after)] / own[max(before)] - 1)
        net = side * moved - (cost if side else 0)
        assert found["net_bps"][at] == pytest.approx(net, abs=1e-9)
        came = 0 if abs(moved) <= band else int(np.sign(moved))
        assert found["direction"][at] == came
        assert found["hit"][at] == (came == side)


def test_signals_become_a_frame_with_all_columns():
    held = signal(side=0, probabilities=None, confidence=None)
    found = signals_frame([signal(), held])
    assert dict(found.schema) == SCHEMA
    assert found["p_up"].to_list() == [0.6, None]
    assert found["status"].to_list() == ["active", "abstained"]
    assert signals_frame([]).height == 0
    judged = outcomes_of(
        found, PRICES.with_columns(symbol=pl.lit("EURUSD"), event_ns="event_ns")
    )
    assert judged.height == 2


def test_missing_columns_and_bad_figures_are_refused():
    with pytest.raises(InputError, match=r"lacks \['side'\]"):
        outcomes_of(frame(("A", 1, 0, 1)).drop("side"), PRICES)
    with pytest.raises(InputError, match=r"lacks \['price'\]"):
        outcomes_of(frame(("A", 1, 0, 1)), PRICES.drop("price"))
    with pytest.raises(InputError, match="1 were not"):
        outcomes_of(
            frame(("A", 1, 0, 1)), PRICES.with_columns(price=pl.Series([0, 1, 2, 3]))
        )
    with pytest.raises(InputError, match="at least 0"):
        outcomes_of(frame(("A", 1, 0, 1)), PRICES, cost_bps=-1)
