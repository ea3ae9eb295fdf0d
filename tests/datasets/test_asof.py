import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.as_of import as_of_oracle
from tradeloop.datasets import as_of, as_of_series, last_known
from tradeloop.errors import InputError

NAMES = st.sampled_from(["A", "B"])
TIMES = st.integers(0, 12)

fact = st.fixed_dictionaries(
    {"instrument": NAMES, "event_ns": TIMES, "received_ns": TIMES}
)
decision = st.fixed_dictionaries({"instrument": NAMES, "received_ns": TIMES})

FACTS = {"instrument": pl.String, "event_ns": pl.Int64, "received_ns": pl.Int64}
DECISIONS = {
    "decision_id": pl.String,
    "instrument": pl.String,
    "received_ns": pl.Int64,
}


def asked(*rows):
    return pl.DataFrame(
        [(str(i), name, at) for i, (name, at) in enumerate(rows)],
        schema=DECISIONS,
        orient="row",
    )


def facts_of(*rows):
    schema = {**FACTS, "value": pl.Float64}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


@given(facts=st.lists(fact, max_size=15), decisions=st.lists(decision, max_size=8))
def test_each_decision_gets_the_newest_fact_that_it_could_know(facts, decisions):
    frame = pl.DataFrame(facts, schema=FACTS)
    found = last_known(
        asked(*((d["instrument"], d["received_ns"]) for d in decisions)), frame
    )
    assert found["fact"].to_list() == as_of_oracle(decisions, facts)
    known = [None if k is None else facts[k]["received_ns"] for k in found["fact"]]
    assert found["known_ns"].to_list() == known


@given(
    facts=st.lists(fact, max_size=15),
    later=st.lists(fact, max_size=8),
    at=TIMES,
)
def test_what_is_received_after_the_decision_changes_nothing(facts, later, at):
    late = [{**row, "received_ns": row["received_ns"] + at + 1} for row in later]
    decisions = asked(("A", at), ("B", at))
    before = last_known(decisions, pl.DataFrame(facts, schema=FACTS))
    after = last_known(decisions, pl.DataFrame([*facts, *late], schema=FACTS))
    assert before.equals(after)


def test_a_fact_counts_from_the_very_nanosecond_of_its_receipt():
    facts = facts_of(("A", 1, 10, 7.0))
    joined = as_of(asked(("A", 9), ("A", 10)), facts, columns=["value"])
    assert joined["value"].to_list() == [None, 7.0]
    assert joined["known_ns"].to_list() == [None, 10]


def test_a_late_correction_is_not_seen_before_it_came():
    facts = facts_of(("A", 1, 2, 100.0), ("A", 1, 8, 99.0))
    joined = as_of(asked(("A", 7), ("A", 8)), facts, columns=["value"])
    assert joined["value"].to_list() == [100.0, 99.0]


def test_a_correction_of_an_older_event_is_no_news():
    facts = facts_of(("A", 1, 2, 100.0), ("A", 3, 4, 50.0), ("A", 1, 8, 99.0))
    joined = as_of(asked(("A", 9)), facts, columns=["value"])
    assert joined["value"].to_list() == [50.0]


def test_rows_stay_in_the_order_of_the_decisions():
    facts = facts_of(("A", 1, 1, 1.0), ("A", 5, 5, 5.0), ("B", 2, 2, 2.0))
    joined = as_of(
        asked(("A", 9), ("B", 1), ("A", 3), ("B", 3)), facts, columns=["value"]
    )
    assert joined["decision_id"].to_list() == ["0", "1", "2", "3"]
    assert joined["value"].to_list() == [5.0, None, 1.0, 2.0]


def test_series_count_from_their_release_and_keep_each_their_own_column():
    series = pl.DataFrame(
        {
            "series": ["cpi", "cpi", "vix"],
            "event_ns": [1, 2, 3],
            "received_ns": [10, 20, 4],
            "value": [1.0, 2.0, 3.0],
        }
    )
    joined = as_of_series(asked(("A", 3), ("A", 9), ("A", 19), ("A", 20)), series)
    assert joined["cpi"].to_list() == [None, None, 1.0, 2.0]
    assert joined["vix"].to_list() == [None, 3.0, 3.0, 3.0]
    assert joined["known_ns"].to_list() == [None, 4, 10, 20]


def test_a_revision_of_an_older_reference_date_does_not_replace_the_newest_value():
    series = pl.DataFrame(
        {
            "series": ["cpi"] * 3,
            "event_ns": [1, 2, 1],
            "received_ns": [10, 20, 30],
            "value": [1.0, 2.0, 1.5],
        }
    )
    assert as_of_series(asked(("A", 40)), series)["cpi"].to_list() == [2.0]


def test_no_series_give_no_columns():
    empty = pl.DataFrame(
        schema={
            "series": pl.String,
            "event_ns": pl.Int64,
            "received_ns": pl.Int64,
            "value": pl.Float64,
        }
    )
    joined = as_of_series(asked(("A", 1)), empty)
    assert joined.columns == ["decision_id", "decision_ns", "known_ns"]
    assert joined.schema["known_ns"] == pl.Int64


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match=r"facts, column 'received_ns'"):
        last_known(
            asked(("A", 1)), pl.DataFrame({"event_ns": [1], "instrument": ["A"]})
        )
