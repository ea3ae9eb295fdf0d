"""Laws of fitting: what a model may learn from, and what it must refuse."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import Columns, Fitted, Floats, Held, Ints, Model
from tradeloop.models.check_rows import (
    PARITY,
    base_loss,
    given,
    log_loss,
    some,
    training_rows,
)

_PLAIN_GAIN_NATS = 0.05
_Array = NDArray[Any]


def same_seed_gives_same_bytes(model: Model) -> str:
    """Two fits on the same rows are the same model, to the byte."""
    features, direction = training_rows(1)
    rows = given(model, features)
    first = model.fit(rows, direction).to_bytes()
    second = model.fit(rows, direction).to_bytes()
    return "" if first == second else "two fits on the same rows gave different bytes"


def another_seed_gives_other_bytes(model: Model) -> str:
    """Fit with another seed: other bytes, where the model has a seed."""
    if "random_state" not in model.get_params():
        return ""
    features, direction = training_rows(1)
    rows = given(model, features)
    other: Model = replace(cast("Any", model), random_state=model.random_state + 1)
    same = (
        model.fit(rows, direction).to_bytes() == other.fit(rows, direction).to_bytes()
    )
    return "two seeds gave the same bytes" if same else ""


def inputs_are_not_changed(model: Model) -> str:
    """Neither fitting nor predicting writes into what it was given."""
    features, direction = training_rows(6)
    weight = np.linspace(0.5, 1.5, len(direction))
    narrow = features.astype(np.float32)
    handed: tuple[_Array, ...] = (features, direction, weight, narrow)
    before = [array.copy() for array in handed]
    parameters = dict(model.get_params())
    fitted = model.fit(given(model, features), direction, weight)
    fitted.predict_proba(given(model, features))
    fitted.predict_proba(given(model, narrow))
    changed = [
        not np.array_equal(now, was, equal_nan=True)
        for now, was in zip(handed, before, strict=True)
    ]
    if any(changed):
        return "an input array was changed"
    return "" if dict(model.get_params()) == parameters else "fit changed the model"


def unlearnable_rows_are_refused(model: Model) -> str:
    """No rows, a class missing, constant features, infinities: an error."""
    features, direction = training_rows(7)
    infinite = features.copy()
    infinite[5, 2] = -np.inf
    weight = np.ones(len(direction))
    flat = np.where(direction == 0, 0.0, 1.0)
    tries: tuple[tuple[str, Floats, Ints, Floats | None], ...] = (
        ("no rows", features[:0], direction[:0], None),
        (
            "a class without rows",
            features,
            np.where(direction == 0, 1, direction),
            None,
        ),
        ("a single class", features, np.zeros_like(direction), None),
        ("a class of weight 0 alone", features, direction, 1 - flat),
        ("constant features", np.ones_like(features), direction, None),
        ("features that are all missing", features * np.nan, direction, None),
        ("an infinity", infinite, direction, None),
        ("a direction of 2", features, direction + 1, None),
        ("fewer directions than rows", features, direction[1:], None),
        ("a negative weight", features, direction, weight - 2),
        ("weights that are all 0", features, direction, 0 * weight),
        ("fewer weights than rows", features, direction, weight[1:]),
    )
    for what, rows, named, heavy in tries:
        try:
            model.fit(given(model, rows), named, heavy)
        except InputError:
            continue
        return f"it was fitted on {what}"
    try:
        model.fit(given(model, features), direction, columns=Columns.unnamed(5))
    except InputError:
        return ""
    return "it was fitted on 6 columns, of which 5 had a name"


def plain_skill_is_learned(model: Model) -> str:
    """On new rows of a plain pattern, the log loss is well below the base rates."""
    features, direction = training_rows(8)
    fresh, truth = training_rows(9)
    fitted = model.fit(given(model, features), direction)
    ours = log_loss(fitted.predict_proba(given(model, fresh)), truth)
    base = base_loss(direction, truth)
    far = ours < base - _PLAIN_GAIN_NATS
    return "" if far else f"log loss {ours:.3f}, the base rates have {base:.3f}"


def more_steps_change_nothing(model: Model) -> str:
    """Of longer sequences only the last steps are learned from and looked at."""
    features, direction = training_rows(11)
    short, long = given(model, features), given(model, features, more_steps=3)
    fitted, again = model.fit(short, direction), model.fit(long, direction)
    if fitted.to_bytes() != again.to_bytes():
        return "longer sequences gave another model"
    same = np.array_equal(fitted.predict_proba(short), fitted.predict_proba(long))
    return "" if same else "longer sequences are predicted otherwise"


def rows_of_weight_zero_are_absent(model: Model) -> str:
    """Rows of weight 0 change no byte, however wild they are."""
    features, direction = training_rows(12)
    wild = np.vstack([features, 100 + features[:50]])
    labels = np.concatenate([direction, -direction[:50]])
    weight = np.concatenate([np.linspace(0.5, 1.5, len(direction)), np.zeros(50)])
    kept, rows = np.arange(len(direction)), given(model, wild)
    ghosts = model.fit(rows, labels, weight)
    without = model.fit(some(rows, kept), direction, weight[kept])
    same = ghosts.to_bytes() == without.to_bytes()
    return "" if same else "rows of weight 0 gave another model"


def _foretold(seed: int) -> tuple[Floats, Ints]:
    """Rows whose last column tells the direction and whose first one does not."""
    features, direction = training_rows(seed)
    features[:, 0] = np.random.default_rng(seed).permutation(features[:, 0])
    features[:, -1] = 3.0 * direction
    return features, direction


def held_rows_teach_nothing(model: Model) -> str:
    """Rows held back may stop the training; nothing is learned from them.

    The last column varies and tells the direction in them alone: by it the forecasts
    may be no better than the base rates, or than without held rows. And the same rows
    held twice say the same as once.
    """
    features, direction = training_rows(13)
    features[:, -1] = 0.0
    other, told = _foretold(14)
    rows = given(model, features)
    held = given(model, other)
    twice = some(held, np.repeat(np.arange(len(told)), 2))
    fitted = model.fit(rows, direction, held=Held(held, told))
    again = model.fit(rows, direction, held=Held(twice, np.repeat(told, 2)))
    off = np.abs(fitted.predict_proba(rows) - again.predict_proba(rows)).max()
    if off > PARITY:
        return f"the same rows held twice moved a probability by {off:.3g}"
    fresh, truth = _foretold(15)
    plain = model.fit(rows, direction)
    ours, without = (
        log_loss(found.predict_proba(given(model, fresh)), truth)
        for found in (fitted, plain)
    )
    learned = ours < min(base_loss(direction, truth), without) - _PLAIN_GAIN_NATS
    return f"log loss {ours:.3f} by what only held rows tell" if learned else ""


@dataclass(frozen=True)
class _Foreign:
    """A fitted model that no other one can go on from."""

    name: ClassVar[str] = "foreign"
    columns: Columns
    steps: int


def a_start_is_gone_on_from_or_refused(model: Model) -> str:
    """Go on from a fitted model, or refuse it; another kind or width is refused."""
    features, direction = training_rows(16)
    rows = given(model, features)
    narrower = model.fit(given(model, features[:, :-1]), direction)
    foreign = _Foreign(Columns.unnamed(features.shape[1]), model.steps)
    for what, start in (("kind", foreign), ("width", narrower)):
        try:
            model.fit(rows, direction, start=cast("Fitted", start))
        except InputError:
            continue
        return f"it went on from a model of another {what}"
    fresh, truth = training_rows(17)
    fitted = model.fit(rows, direction)
    try:
        further = model.fit(given(model, fresh), truth, start=fitted)
    except InputError:
        return ""
    anew = model.fit(given(model, fresh), truth)
    if further.to_bytes() == anew.to_bytes():
        return "the start was accepted, but it changed nothing"
    sane = np.isfinite(further.predict_proba(rows)).all()
    return "" if sane else "going on gave no probabilities"
