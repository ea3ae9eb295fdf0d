"""Versions side by side: figures with intervals, and differences pair by pair."""

import numpy as np
import pytest

from pipelines.models_given import Remembering, packed, rows_of
from tradeloop.errors import InputError, NotFoundError
from tradeloop.pipelines import models_track
from tradeloop.pipelines.models_compare import compare_models
from tradeloop.pipelines.models_keep import Judgement, keep_model


@pytest.fixture(autouse=True)
def tracked(monkeypatch):
    monkeypatch.setattr(models_track, "open_tracking", Remembering().open)


def keep(workspace, k, rows=None, **metrics):
    judged = Judgement(metrics=metrics, rows=rows)
    files = packed(seed=k)
    return keep_model(workspace, files, name="boost", judgement=judged).version


def test_figures_stand_side_by_side_with_their_intervals(workspace):
    keep(workspace, 1, log_loss=1.0, log_loss_low=0.9, log_loss_high=1.1, mcc=0.1)
    keep(workspace, 2, log_loss=0.9)
    told = compare_models(workspace, [("boost", "v1.0.0"), ("boost", "v1.0.1")])
    assert told.versions == ("boost v1.0.0", "boost v1.0.1")
    assert told.figures == {
        "log_loss": ((1.0, 0.9, 1.1), (0.9, None, None)),
        "mcc": ((0.1, None, None), None),
    }
    assert told.differences == ()
    assert "without its rows" in told.left_out["boost v1.0.1"]


def test_differences_are_taken_on_the_shared_decisions_pair_by_pair(workspace):
    one, two = rows_of(1), rows_of(2, shift=-0.2, start=50)
    keep(workspace, 1, one)
    keep(workspace, 2, two)
    asked = [("boost", "v1.0.0"), ("boost", "v1.0.1")]
    (found,) = compare_models(workspace, asked).differences
    gap = two["log_loss"][:150].to_numpy() - one["log_loss"][50:].to_numpy()
    assert (found.figure, found.version, found.rows) == (
        "log_loss",
        "boost v1.0.1",
        150,
    )
    assert found.interval.value == pytest.approx(np.mean(gap), abs=1e-12)
    assert found.interval.high < 0
    assert found == compare_models(workspace, asked).differences[0]


def test_equal_rows_differ_by_nothing_and_foreign_ones_are_left_out(workspace):
    keep(workspace, 1, rows_of(1))
    keep(workspace, 2, rows_of(1))
    keep(workspace, 3, rows_of(1, start=1_000))
    asked = [("boost", f"v1.0.{k}") for k in range(3)]
    told = compare_models(workspace, asked)
    (same,) = told.differences
    assert (same.interval.low, same.interval.value, same.interval.high) == (0, 0, 0)
    assert "0 shared decisions" in told.left_out["boost v1.0.2"]


def test_one_version_or_an_unknown_one_is_no_comparison(workspace):
    keep(workspace, 1)
    with pytest.raises(InputError, match="two versions"):
        compare_models(workspace, [("boost", "")])
    with pytest.raises(NotFoundError):
        compare_models(workspace, [("boost", ""), ("boost", "v2.0.0")])
