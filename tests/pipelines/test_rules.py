"""Every rule of a run: names, types, bounds, and what is hashed."""

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.datasets import PurgedWalkForward, Undivided
from tradeloop.errors import InputError
from tradeloop.pipelines.assemble import splitter_for
from tradeloop.pipelines.own import usual_horizons_ns
from tradeloop.pipelines.rules import ModelRule, Rules

NUMBERS = [f.name for f in fields(ModelRule) if f.name != "embargo"]


def test_nothing_given_is_the_default():
    assert ModelRule.from_mapping({}) == ModelRule()


def test_every_name_may_be_given():
    given_all = {f.name: getattr(ModelRule(), f.name) for f in fields(ModelRule)}
    assert ModelRule.from_mapping(given_all) == ModelRule()


def test_an_unknown_name_is_refused_with_the_nearest_and_all_known():
    with pytest.raises(InputError) as caught:
        ModelRule.from_mapping({"treees": 5})
    assert caught.value.column == "treees"
    assert "did you mean 'trees'" in str(caught.value)
    assert all(f.name in caught.value.way_out for f in fields(ModelRule))


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "value", ["many", None, True, [], float("nan"), float("inf"), -1, 1e12]
)
def test_what_is_no_number_within_bounds_is_refused_by_its_name(name, value):
    with pytest.raises(InputError) as caught:
        ModelRule.from_mapping({name: value})
    assert caught.value.column == name
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("embargo", ["soon", 5, None, "0d", "-1d", ""])
def test_an_embargo_that_is_no_duration_is_refused(embargo):
    with pytest.raises(InputError, match="duration"):
        ModelRule.from_mapping({"embargo": embargo})


@given(
    st.dictionaries(
        st.sampled_from([f.name for f in fields(ModelRule)]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    )
)
def test_any_mapping_is_a_rule_or_one_input_error(mapping):
    try:
        rule = ModelRule.from_mapping(mapping)
    except InputError:
        return
    assert json.loads(json.dumps(Rules(model=rule).as_mapping(), allow_nan=False))


def test_the_embargo_is_the_primary_horizon_once_more_unless_it_is_said():
    assert ModelRule().embargo_ns(7) == 7
    assert ModelRule(embargo="2h").embargo_ns(7) == 2 * NS_PER_HOUR


def test_a_price_goes_stale_in_a_minute_for_ticks_and_in_days_for_bars():
    rules = Rules()
    assert rules.stale_after_ns(NS_PER_SECOND) == 60 * NS_PER_SECOND
    assert rules.stale_after_ns(NS_PER_MINUTE - 1) == 60 * NS_PER_SECOND
    assert rules.stale_after_ns(NS_PER_MINUTE) == 5 * NS_PER_DAY


def test_what_is_hashed_names_every_rule_as_plain_json():
    plain = Rules().as_mapping()
    assert json.loads(json.dumps(plain)) == plain
    assert set(plain["model"]) == {f.name for f in fields(ModelRule)}
    assert plain["wait"] == "5d"


def test_the_split_begins_where_there_are_rows_enough():
    rules = Rules(model=ModelRule(minimum_rows=200, folds=4))
    few = splitter_for(199, NS_PER_DAY, rules)
    enough = splitter_for(200, NS_PER_DAY, rules)
    assert isinstance(few, Undivided)
    assert isinstance(enough, PurgedWalkForward)
    assert (few.count(), enough.count()) == (0, 4)


def test_the_split_keeps_the_embargo_of_the_rules():
    said = Rules(model=ModelRule(embargo="3h"))
    assert splitter_for(5_000, 7, said).embargo_ns == 3 * NS_PER_HOUR
    assert splitter_for(5_000, 7, Rules()).embargo_ns == 7


@pytest.mark.parametrize(
    ("interval_ns", "first_ns"),
    [
        (NS_PER_SECOND, 30 * NS_PER_SECOND),
        (NS_PER_MINUTE, NS_PER_HOUR),
        (NS_PER_HOUR, 4 * NS_PER_HOUR),
        (NS_PER_DAY, 5 * NS_PER_DAY),
        (7 * NS_PER_DAY, 5 * NS_PER_DAY),
    ],
)
def test_usual_horizons_go_with_the_length_of_the_bars(interval_ns, first_ns):
    found = usual_horizons_ns(interval_ns)
    assert found[0] == first_ns
    assert len(set(found)) == len(found) >= 3
