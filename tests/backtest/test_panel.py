import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeloop.backtest.panel import panel
from tradeloop.errors import InputError


def frame(times, prices=None):
    """Bars of ``times``: name to ends; each bar is one long."""
    rows = [(name, end - 1, end, 5.0, 5.0) for name in times for end in times[name]]
    bars = pl.DataFrame(
        rows,
        schema=["instrument", "open_ns", "event_ns", "open", "close"],
        orient="row",
    )
    return bars


ends = st.lists(st.integers(1, 40), min_size=1, unique=True).map(sorted)


@settings(deadline=None)
@given(st.lists(ends, min_size=1, max_size=7))
def test_the_clock_holds_every_bar_end_once_in_order(all_ends):
    laid = panel(frame({f"S{i}": e for i, e in enumerate(all_ends)}))
    assert laid.clock_ns.tolist() == sorted(set().union(*all_ends))
    assert laid.offsets.tolist() == np.cumsum([0, *map(len, all_ends)]).tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (pl.lit(0.0).alias("close"), "above 0"),
        (pl.lit(float("inf")).alias("open"), "finite"),
        (pl.lit(float("nan")).alias("close"), "finite"),
        (pl.lit(99).alias("open_ns"), "end after it starts"),
        (pl.col("event_ns").reverse(), "end after it starts|sorted"),
    ],
)
def test_a_bar_that_breaks_a_rule_is_named(change, words):
    bars = frame({"A": [1, 2, 3]}).with_columns(change)
    with pytest.raises(InputError, match=words) as caught:
        panel(bars)
    assert caught.value.row is not None


def test_bars_that_are_missing_doubled_or_unsorted_are_refused():
    bars = frame({"A": [1, 2], "B": [1, 2]})
    with pytest.raises(InputError, match="no bars"):
        panel(bars.clear())
    with pytest.raises(InputError, match="close"):
        panel(bars.drop("close"))
    with pytest.raises(InputError, match="sorted"):
        panel(pl.concat([bars, bars.head(1)]))
    with pytest.raises(InputError, match="each once"):
        panel(frame({"A": [1, 1]}))
    with pytest.raises(InputError, match="null"):
        panel(bars.with_columns(open=pl.lit(None, pl.Float64)))
