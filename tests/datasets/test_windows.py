import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference import quote_windows as slow
from tradeloop.datasets import REDUCERS, Ahead, Before, quote_windows
from tradeloop.errors import InputError

NAMES = st.sampled_from(["A", "B", "C"])
TIMES = st.integers(0, 20)
PRICES = st.one_of(st.none(), st.just(float("nan")), st.floats(-1e9, 1e9))
SIZES = st.one_of(st.none(), st.integers(0, 5).map(float))

quote = st.fixed_dictionaries(
    {"instrument": NAMES, "received_ns": TIMES, "mid": PRICES, "size": SIZES}
)
decision = st.fixed_dictionaries(
    {"instrument": st.sampled_from(["A", "B", "C", "unheard of"]), "received_ns": TIMES}
)
WINDOWS = [(3, None), (None, 2), (7, 3), (100, 1_000)]
WANTED = [
    *(
        Before("mid", reduce, *window, weight="size" * (reduce == "weighted_mean"))
        for reduce in REDUCERS
        for window in WINDOWS
    ),
    *(Ahead("mid", after_ns) for after_ns in (1, 6)),
]
QUOTES = {
    "instrument": pl.String,
    "received_ns": pl.Int64,
    "mid": pl.Float64,
    "size": pl.Float64,
}


def quotes_of(rows):
    return pl.DataFrame(rows, schema=QUOTES, orient="row")


def asked(rows):
    frame = pl.DataFrame(
        rows, schema={"instrument": pl.String, "received_ns": pl.Int64}, orient="row"
    )
    ids = [f"d{k}" for k in range(frame.height)]
    return frame.with_columns(decision_id=pl.Series(ids, dtype=pl.String))


def tape(rows):
    """Rows as the windows want them: each instrument together, in time."""
    return sorted(rows, key=lambda row: (row["instrument"], row["received_ns"]))


FIVE = quotes_of(
    [
        ("A", 10, 1.0, 1.0),
        ("A", 20, 2.0, 3.0),
        ("A", 20, 4.0, 0.0),
        ("A", 30, 8.0, None),
        ("B", 15, 100.0, 1.0),
    ]
)


def bits(values):
    return [value if value is None else float(value).hex() for value in values]


def one(wanted, at=20, quotes=FIVE, **given_):
    return quote_windows(asked([("A", at)]), quotes, [wanted], **given_).item(0, 2)


@given(quotes=st.lists(quote, max_size=25), decisions=st.lists(decision, max_size=8))
def test_every_window_has_the_bits_of_a_plain_loop(quotes, decisions):
    rows = tape(quotes)
    found = quote_windows(asked(decisions), quotes_of(rows), WANTED)
    until = max((row["received_ns"] for row in rows), default=0)
    for wanted in WANTED:
        if isinstance(wanted, Before):
            right = [slow.before(each, rows, wanted) for each in decisions]
        else:
            right = [slow.ahead(each, rows, wanted, until) for each in decisions]
        assert bits(found[wanted.called]) == bits(right), wanted.called


@given(
    quotes=st.lists(quote, max_size=25), later=st.lists(quote, max_size=10), at=TIMES
)
def test_what_is_received_after_the_decision_changes_no_window(quotes, later, at):
    early = [{**row, "received_ns": min(row["received_ns"], at)} for row in quotes]
    late = [{**row, "received_ns": row["received_ns"] + at + 1} for row in later]
    windows = [wanted for wanted in WANTED if isinstance(wanted, Before)]
    decisions = asked([("A", at), ("B", at)])
    known = quote_windows(decisions, quotes_of(tape(early)), windows)
    whole = quote_windows(decisions, quotes_of(tape(early + late)), windows)
    assert known.equals(whole, null_equal=True)


@given(rows=st.lists(quote, max_size=25), decisions=st.lists(decision, max_size=8))
def test_decisions_may_come_in_any_order(rows, decisions):
    quotes, frame = quotes_of(tape(rows)), asked(decisions)
    found = quote_windows(frame, quotes, WANTED)
    turned = quote_windows(frame.reverse(), quotes, WANTED)
    assert found["decision_id"].to_list() == frame["decision_id"].to_list()
    assert found.equals(turned.reverse(), null_equal=True)


def test_a_window_keeps_its_bits_after_a_huge_price_has_left_it():
    prices = [1e17, *(0.1 * k for k in range(1, 9))]
    rows = [("A", k, price, 1.0) for k, price in enumerate(prices)]
    total = 0.0
    for price in prices[-3:]:
        total += price
    assert one(Before("mid", "sum", quotes=3), 99, quotes_of(rows)) == total


@pytest.mark.parametrize(
    ("reduce", "value"),
    [
        ("count", 3),
        ("sum", 7.0),
        ("mean", 7 / 3),
        ("min", 1.0),
        ("max", 4.0),
        ("first", 1.0),
        ("last", 4.0),
        ("std", pytest.approx((7 / 3) ** 0.5)),
    ],
)
def test_each_reducer_of_one_two_and_four(reduce, value):
    assert one(Before("mid", reduce, within_ns=11)) == value


def test_the_weighted_mean_leaves_out_quotes_without_a_weight():
    assert one(Before("mid", "weighted_mean", quotes=9, weight="size"), 30) == 7 / 4


def test_a_window_ends_at_the_decision_and_begins_after_its_length():
    assert one(Before("mid", "count", within_ns=10)) == 2
    assert one(Before("mid", "count", within_ns=11)) == 3
    assert one(Before("mid", "count", within_ns=10), at=19) == 1


def test_both_bounds_of_a_window_hold():
    assert one(Before("mid", "first", within_ns=100, quotes=2), at=30) == 4.0
    assert one(Before("mid", "first", within_ns=5, quotes=3), at=30) == 8.0


def test_without_quotes_there_is_no_value_and_a_count_of_0():
    wanted = [Before("mid", reduce, quotes=5) for reduce in ("count", "sum", "last")]
    found = quote_windows(asked([("A", 9), ("Z", 99)]), FIVE, wanted)
    assert found.rows() == [("d0", 9, 0, None, None), ("d1", 99, 0, None, None)]
    assert found.dtypes[2:] == [pl.Int64, pl.Float64, pl.Float64]


def test_a_look_ahead_gives_the_value_as_of_then():
    assert one(Ahead("mid", 4), at=15) == 1.0
    assert one(Ahead("mid", 5), at=15) == 4.0


def test_a_look_past_the_end_of_the_recording_is_missing():
    assert one(Ahead("mid", 10), at=20) == 8.0
    assert one(Ahead("mid", 11), at=20) is None
    assert one(Ahead("mid", 11), at=20, until_ns=31) == 8.0
    assert one(Ahead("mid", 10), at=20, until_ns=29) is None


def test_columns_are_called_after_what_they_are_unless_named():
    wanted = [
        Before("mid", "mean", within_ns=10, quotes=5),
        Ahead("mid", 3),
        Before("mid", "sum", quotes=1, name="newest"),
    ]
    found = quote_windows(asked([("A", 20)]), FIVE, wanted)
    assert found.columns[2:] == ["mid_mean_10ns_5q", "mid_after_3ns", "newest"]


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ([("A", 1), ("B", 1), ("A", 2)], "stand together"),
        ([("A", 2), ("A", 1), ("B", 5)], "in the order of their receipt"),
    ],
)
def test_quotes_in_another_order_are_refused(rows, rule):
    quotes = quotes_of([(*row, 1.0, 1.0) for row in rows])
    with pytest.raises(InputError, match=rule):
        one(Before("mid", "count", quotes=1), quotes=quotes)


@pytest.mark.parametrize(
    ("given_", "rule"),
    [
        ({"reduce": "median", "quotes": 1}, "reduce must be one of"),
        ({"reduce": "sum"}, "needs within_ns or quotes"),
        ({"reduce": "sum", "quotes": 0}, "needs within_ns or quotes, above 0"),
        ({"reduce": "sum", "within_ns": -1, "quotes": 1}, "above 0"),
        ({"reduce": "sum", "quotes": 1, "weight": "size"}, "weight"),
        ({"reduce": "weighted_mean", "quotes": 1}, "weight"),
    ],
)
def test_a_window_that_means_nothing_is_refused(given_, rule):
    with pytest.raises(InputError, match=rule):
        Before("mid", **given_)


def test_a_look_ahead_must_look_ahead():
    with pytest.raises(InputError, match="after_ns must be above 0"):
        Ahead("mid", 0)


@pytest.mark.parametrize("missing", ["ask", "received_ns"])
def test_a_missing_column_is_named(missing):
    quotes = FIVE.drop("received_ns") if missing == "received_ns" else FIVE
    with pytest.raises(InputError, match=f"column '{missing}'"):
        one(Before("ask", "sum", quotes=1), quotes=quotes)
