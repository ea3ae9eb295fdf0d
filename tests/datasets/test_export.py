"""Tables per split and matrices for learners: nothing lost, nothing made up."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tradeloop.datasets import Shaped, arrays, as_matrix, shape, wide
from tradeloop.errors import InputError

OUTCOME, RETURN = "label_decision_outcome", "label_return_20h"


@pytest.fixture(scope="module")
def shaped(dataset, world):
    return shape(dataset, world.splits(), bars=world.bars)


def test_a_fold_trains_on_what_the_purge_left_and_is_tested_on_its_rows(
    dataset, world, shaped
):
    train, test = world.splits()[-1]
    whole = wide(dataset, world.bars)
    assert shaped.tables["train"].equals(whole[train])
    assert shaped.tables["test"].equals(whole[test])
    ends = shaped.tables["train"]["end_ns"]
    assert ends.max() < shaped.tables["test"]["decision_ns"].min()


def test_all_folds_stand_under_their_own_names(dataset, world):
    tables = shape(dataset, world.splits(), fold=None).tables
    wanted = [f"fold_{k}/{name}" for k in range(3) for name in ("train", "test")]
    assert list(tables) == wanted
    first = shape(dataset, world.splits(), fold=0).tables
    assert first["train"].equals(tables["fold_0/train"])


def test_without_folds_all_rows_are_there_to_train(dataset):
    tables = shape(dataset).tables
    assert list(tables) == ["train"]
    assert tables["train"].height == dataset.sample_count


@pytest.mark.parametrize("fold", [3, -4])
def test_a_fold_that_is_not_there_is_refused(dataset, world, fold):
    with pytest.raises(InputError, match="3 folds"):
        shape(dataset, world.splits(), fold=fold)


def test_every_column_has_its_place_in_what_is_said(shaped):
    about = shaped.about
    known = {*about["keys"], *about["features"], *about["labels"]}
    raw_and_quality = set(shaped.tables["train"].columns) - known
    assert len(raw_and_quality) == 5 + 2
    assert about["target"] == OUTCOME
    assert set(about["targets"]) <= set(about["labels"])
    assert about["classes"][OUTCOME][0] == "BAD"


def test_weights_go_along_with_their_rows(dataset, world):
    weights = np.linspace(0, 1, dataset.sample_count)
    found = shape(dataset, world.splits(), weights=weights)
    train, _ = world.splits()[-1]
    assert found.tables["train"]["sample_weight"].to_list() == list(weights[train])
    taken = arrays(as_matrix(found), "train")["weight"]
    assert (taken == weights[train]).all()


def test_a_matrix_holds_numbers_only_and_says_what_is_missing(shaped):
    matrix = as_matrix(shaped)
    table = matrix.tables["train"]
    for name in matrix.about["features"]:
        assert table[name].dtype == pl.Float64
        assert table[name].null_count() == 0
    words = matrix.about["classes"][OUTCOME]
    codes = table[OUTCOME].to_list()
    given = shaped.tables["train"][OUTCOME].to_list()
    assert [words[code] for code in codes] == given
    assert matrix.about["form"] == "matrix"


def lacking(shaped, name, value):
    column = pl.when(pl.int_range(pl.len()) == 1).then(value).otherwise(pl.col(name))
    tables = {k: t.with_columns(column.alias(name)) for k, t in shaped.tables.items()}
    return Shaped(tables, shaped.about)


def test_a_missing_label_is_never_a_class_and_never_zero(shaped):
    matrix = as_matrix(lacking(shaped, OUTCOME, None))
    assert matrix.tables["test"][OUTCOME][1] == -1
    found = arrays(matrix, "test")
    assert found["known"].tolist() == [True, False] + [True] * (len(found["y"]) - 2)
    numbers = arrays(as_matrix(lacking(shaped, RETURN, None)), "test", target=RETURN)
    assert np.isnan(numbers["y"][1])
    assert numbers["known"].sum() == len(numbers["y"]) - 1


def test_a_class_that_is_none_of_them_is_refused(shaped):
    with pytest.raises(InputError, match="SPLENDID"):
        as_matrix(lacking(shaped, OUTCOME, pl.lit("SPLENDID")))


def test_float32_is_the_nearest_one_and_what_does_not_fit_is_refused(shaped):
    narrow = as_matrix(shaped, width="float32").tables["train"]
    given = shaped.tables["train"]["step"].to_numpy()
    assert (narrow["step"].to_numpy() == given.astype(np.float32)).all()
    with pytest.raises(InputError, match="step"):
        as_matrix(lacking(shaped, "step", 1e300), width="float32")
    assert as_matrix(lacking(shaped, "step", 1e300)).tables["train"]["step"][1] == 1e300


def test_only_targets_of_the_type_can_be_taken(shaped):
    chosen = as_matrix(shaped, targets=(RETURN,))
    assert chosen.about["target"] == RETURN
    assert OUTCOME not in chosen.tables["train"].columns
    for wrong in ("step", "label_nonsense"):
        with pytest.raises(InputError, match=wrong):
            as_matrix(shaped, targets=(wrong,))


@pytest.mark.parametrize("width", ["float32", "float64"])
def test_arrays_are_ready_for_dlpack_without_a_copy(shaped, width):
    matrix = as_matrix(shaped, width=width)
    found = arrays(matrix, "train")
    table = matrix.tables["train"]
    assert found["X"].shape == (table.height, len(matrix.about["features"]))
    assert found["X"].dtype == width
    for values in found.values():
        assert values.flags.c_contiguous
        assert values.ctypes.data % 64 == 0  # JAX shares nothing else
        assert values.flags.writeable
        again = np.from_dlpack(values)
        assert np.shares_memory(again, values)
        assert np.array_equal(again, values, equal_nan=values.dtype.kind == "f")
    assert np.array_equal(
        found["X"], table.select(matrix.about["features"]).to_numpy(), equal_nan=True
    )


def test_arrays_are_made_of_matrices_of_known_splits_and_targets(shaped):
    matrix = as_matrix(shaped)
    for wrong in (lambda: arrays(shaped, "train"), lambda: arrays(matrix, "valid")):
        with pytest.raises(InputError, match="as_matrix"):
            wrong()
    with pytest.raises(InputError, match="label_nonsense"):
        arrays(matrix, "train", target="label_nonsense")


def test_a_null_feature_becomes_nan_in_every_form(dataset):
    lost = dataset.feature_vectors.with_columns(step=pl.lit(None, pl.Float64))
    found = arrays(as_matrix(shape(replace(dataset, feature_vectors=lost))), "train")
    assert np.isnan(found["X"][:, 0]).all()
    assert np.isfinite(found["X"][:, 1:]).all()
