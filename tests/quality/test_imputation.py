"""What is imputed is said so; what is there is never touched; labels are refused."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.labels import LabelPlan, label_schema
from tradeloop.quality import impute
from tradeloop.quality.imputation import (
    CrossSource,
    Ewma,
    Linear,
    Previous,
    TrainingMedian,
    fit_median,
    is_label,
)

STEP_NS = 60 * 10**9


def table(values, names=("A", "B"), event_ns=None):
    """The same column for each instrument, a row a minute."""
    n = len(values)
    event = event_ns or [STEP_NS * k for k in range(n)]
    return pl.concat(
        pl.DataFrame(
            {
                "instrument": [name] * n,
                "event_ns": event,
                "received_ns": [at + 5 for at in event],
                "x": values,
            },
            schema_overrides={"x": pl.Float64},
        )
        for name in names
    )


OTHER = table([100.0 + k for k in range(200)])
CAUSAL = {
    "previous": Previous(oldest_ns=30 * STEP_NS),
    "training_median": TrainingMedian({"x": {"A": 3.0, "": 4.0}}),
    "cross_source": CrossSource(OTHER, oldest_ns=30 * STEP_NS),
    "ewma": Ewma(half_life_ns=5 * STEP_NS),
}
METHODS = {**CAUSAL, "linear": Linear(widest_ns=30 * STEP_NS)}
columns_with_holes = st.lists(
    st.one_of(st.none(), st.just(float("nan")), st.floats(-1e6, 1e6)),
    min_size=1,
    max_size=60,
)


def filled(values, method, longest=3, names=("A", "B")):
    return impute(
        table(values, names), ["x"], method, longest=longest, as_features=False
    )


def test_the_name_of_a_method_is_its_own():
    assert {name: method.name for name, method in METHODS.items()} == {
        name: name for name in METHODS
    }
    assert [name for name, method in METHODS.items() if not method.causal] == ["linear"]


@settings(max_examples=40, deadline=None)
@given(values=columns_with_holes, name=st.sampled_from(sorted(METHODS)))
def test_a_value_that_is_there_is_never_touched(values, name):
    given_, found = table(values), filled(values, METHODS[name])
    there = given_["x"].fill_nan(None).is_not_null()
    assert found["x"].filter(there).equals(given_["x"].filter(there))
    assert not found["x_imputed"].filter(there).any()
    assert found.select(given_.columns[:3]).equals(given_.select(given_.columns[:3]))


@settings(max_examples=40, deadline=None)
@given(values=columns_with_holes, name=st.sampled_from(sorted(METHODS)))
def test_every_value_that_appears_is_flagged_and_every_flag_has_a_value(values, name):
    given_, found = table(values), filled(values, METHODS[name])
    hole = given_["x"].fill_nan(None).is_null()
    assert found["x_imputed"].equals(
        (hole & found["x"].fill_nan(None).is_not_null()).alias("x_imputed")
    )


@settings(max_examples=40, deadline=None)
@given(
    values=columns_with_holes,
    name=st.sampled_from(sorted(METHODS)),
    longest=st.integers(1, 5),
)
def test_no_more_rows_in_a_row_are_filled_than_the_limit(values, name, longest):
    run = 0
    found = filled(values, METHODS[name], longest, names=("A",))
    for imputed in found["x_imputed"]:
        run = run + 1 if imputed else 0
        assert run <= longest


@settings(max_examples=40, deadline=None)
@given(
    values=columns_with_holes,
    name=st.sampled_from(sorted(CAUSAL)),
    cut=st.integers(1, 60),
)
def test_a_method_that_looks_back_does_not_change_when_the_future_is_cut(
    values, name, cut
):
    whole = filled(values, CAUSAL[name], names=("A",))[:cut]
    assert whole.equals(filled(values[:cut], CAUSAL[name], names=("A",)))


def test_a_method_that_looks_ahead_changes_and_is_refused_for_features():
    values = [1.0, None, 3.0]
    assert filled(values, METHODS["linear"], names=("A",))["x"].to_list() == [1, 2, 3]
    cut = filled(values[:2], METHODS["linear"], names=("A",))
    assert cut["x"].to_list() == [1.0, None]
    with pytest.raises(InputError, match="looks at later rows"):
        impute(table(values), ["x"], METHODS["linear"], longest=3)


def test_the_previous_value_is_taken_until_it_is_too_old():
    found = filled([None, 1.0, None, None, None, 5.0], Previous(2 * STEP_NS), 9, ["A"])
    assert found["x"].to_list() == [None, 1.0, 1.0, 1.0, None, 5.0]


def test_a_line_goes_by_time_and_not_by_rows():
    frame = table([0.0, None, 10.0], ["A"], event_ns=[0, 100, 1000])
    found = impute(frame, ["x"], Linear(1000), longest=1, as_features=False)
    assert found["x"].to_list() == [0.0, 1.0, 10.0]
    wide = impute(frame, ["x"], Linear(999), longest=1, as_features=False)
    assert wide["x"].to_list() == [0.0, None, 10.0]


def test_the_median_is_that_of_the_training_rows_of_the_instrument():
    training = pl.concat([table([1.0, 2.0, 9.0], ["A"]), table([7.0, None], ["B"])])
    method = fit_median(training, ["x"])
    found = impute(table([None], ["A", "B", "C"]), ["x"], method, longest=1)
    assert found["x"].to_list() == [2.0, 7.0, 4.5]
    assert fit_median(table([None]), ["x"]).medians == {"x": {}}
    unknown = impute(table([None]), ["x"], TrainingMedian({}), longest=1)
    assert unknown["x"].null_count() == 2


def test_another_source_fills_with_what_was_received_by_then():
    other = pl.DataFrame(
        {
            "instrument": ["A", "A"],
            "event_ns": [10, 20],
            "received_ns": [15, 99],
            "x": [1.0, 2.0],
        }
    )
    frame = table([None, None, None], ["A"], event_ns=[5, 30, 95])
    found = impute(frame, ["x"], CrossSource(other, 1000), longest=3)
    assert found["x"].to_list() == [None, 1.0, 2.0]
    fresh = impute(frame, ["x"], CrossSource(other, 10), longest=3)
    assert fresh["x"].to_list() == [None, None, None]
    none = impute(frame, ["x"], CrossSource(other.drop("x"), 1000), longest=3)
    assert none["x"].null_count() == 3


@settings(max_examples=30, deadline=None)
@given(values=columns_with_holes)
def test_the_mean_forgets_by_half_in_its_half_life(values):
    half, held, since = 5 * STEP_NS, None, None
    expected = []
    for row, x in enumerate(values):
        if x is not None and not np.isnan(x):
            weight = 2.0 ** (-(row * STEP_NS - (since or 0)) / half)
            held = x if held is None else weight * held + (1 - weight) * x
            since = row * STEP_NS
        expected.append(held)
    found = filled(values, Ewma(half), 99, names=("A",))
    holes = found.with_columns(e=pl.Series(expected, dtype=pl.Float64)).filter(
        "x_imputed"
    )
    np.testing.assert_allclose(holes["x"].to_numpy(), holes["e"].to_numpy())


def test_no_instrument_is_filled_from_another():
    frame = pl.concat([table([1.0], ["A"]), table([None], ["B"])])
    for method in (CAUSAL["previous"], CAUSAL["ewma"], METHODS["linear"]):
        found = impute(frame, ["x"], method, longest=9, as_features=False)
        assert found["x"].to_list() == [1.0, None]


LABELS = [
    name
    for name in label_schema(LabelPlan(horizons_ns=(5 * 86_400 * 10**9,)))
    if name not in ("decision_id", "instrument", "price")
]


@pytest.mark.parametrize(
    "name", [*LABELS, "return_17", "label_direction_1h", "execution_quality"]
)
def test_a_label_is_never_imputed(name):
    assert is_label(name)
    with pytest.raises(InputError, match="is a label"):
        impute(
            table([1.0, None]).rename({"x": name}),
            [name],
            CAUSAL["previous"],
            longest=1,
        )


@pytest.mark.parametrize(
    "name", ["log_return_1", "close", "rsi_14", "trend_strength", "returned"]
)
def test_a_feature_is_no_label(name):
    assert not is_label(name)


@pytest.mark.parametrize(
    ("frame", "columns", "longest", "said"),
    [
        (table([1.0]), ["y"], 1, "no column y"),
        (table([1.0]), ["event_ns"], 1, "no numbers"),
        (table([1.0]).with_columns(x=pl.lit("a")), ["x"], 1, "no numbers"),
        (table([1.0]), ["x"], 0, "at least 1"),
        (table([1.0, 2.0]).reverse(), ["x"], 1, "order of event_ns"),
    ],
)
def test_what_cannot_be_imputed_is_refused(frame, columns, longest, said):
    with pytest.raises(InputError, match=said):
        impute(frame, columns, CAUSAL["previous"], longest=longest)
