"""Laws that every model passes. Each returns what was broken, or an empty text."""

from collections.abc import Callable

import numpy as np

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models.base import CLASSES, Columns, Floats, Ints, Model

Law = Callable[[Model], str]
_SUM_TOLERANCE = 1e-5
_PLAIN_GAIN_NATS = 0.05


def training_rows(
    seed: int, *, n_rows: int = 300, n_columns: int = 6
) -> tuple[Floats, Ints]:
    """Rows to try a model on: the first column tells the direction, with noise.

    Parameters
    ----------
    seed : int
        Seed of the rows.
    n_rows, n_columns : int
        Shape.

    Returns
    -------
    features : ndarray of shape (n_rows, n_columns)
        One in twenty values is NaN.
    direction : ndarray of int64 of shape (n_rows,)
        All three directions occur.
    """
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(n_rows, n_columns))
    noisy = features[:, 0] + draw.normal(scale=0.5, size=n_rows)
    direction = np.digitize(noisy, [-0.5, 0.5]) - 1
    features[draw.random(features.shape) < 1 / 20] = np.nan
    return features, direction.astype(np.int64)


def same_seed_gives_same_bytes(model: Model) -> str:
    """Two fits on the same rows are the same model, to the byte."""
    features, direction = training_rows(1)
    first = model.fit(features, direction).to_bytes()
    second = model.fit(features, direction).to_bytes()
    return "" if first == second else "two fits on the same rows gave different bytes"


def loaded_model_predicts_the_same(model: Model) -> str:
    """Load a model from its bytes: same bytes, same predictions."""
    features, direction = training_rows(2)
    fitted = model.fit(features, direction)
    loaded = model.load(fitted.to_bytes(), fitted.columns)
    if loaded.to_bytes() != fitted.to_bytes():
        return "the loaded model has other bytes"
    same = np.array_equal(
        loaded.predict_proba(features), fitted.predict_proba(features)
    )
    return "" if same else "the loaded model predicts otherwise"


def one_row_equals_many_rows(model: Model) -> str:
    """Each row gets the same bits alone as among others, in any order."""
    features, direction = training_rows(3)
    fitted = model.fit(features, direction)
    many = fitted.predict_proba(features)
    single = [fitted.predict_proba(features[at : at + 1])[0] for at in range(50)]
    if not np.array_equal(many[:50], np.array(single)):
        return "a row alone is predicted otherwise than among others"
    if not np.array_equal(many[::-1], fitted.predict_proba(features[::-1])):
        return "the prediction of a row depends on the rows around it"
    empty = fitted.predict_proba(features[:0])
    return "" if empty.shape == (0, len(CLASSES)) else "no rows gave some probabilities"


def probabilities_are_probabilities(model: Model) -> str:
    """Each row has three finite shares that sum to 1, also where all is missing."""
    features, direction = training_rows(4)
    rows = np.vstack(
        [features, np.full((1, features.shape[1]), np.nan), features * 1e6]
    )
    found = model.fit(features, direction).predict_proba(rows)
    if found.shape != (len(rows), len(CLASSES)):
        return f"{len(rows)} rows gave the shape {found.shape}"
    good = np.isfinite(found) & (found >= 0) & (found <= 1)
    off = np.abs(found.sum(axis=1) - 1).max()
    if not good.all() or off > _SUM_TOLERANCE:
        return f"probabilities outside 0 to 1, or sums off by {off:.3g}"
    return ""


def strange_rows_are_refused(model: Model) -> str:
    """Another bank, another name, another width or an infinity is an error."""
    features, direction = training_rows(5)
    columns = Columns(tuple("abcdef"), "bank")
    fitted = model.fit(features, direction, columns=columns)
    infinite = features[:1].copy()
    infinite[0, 1] = np.inf
    tries: tuple[tuple[str, Floats, Columns | None], ...] = (
        ("another fingerprint", features, Columns(columns.names, "other bank")),
        ("another column name", features, Columns(tuple("abcdeX"), "bank")),
        ("another column order", features, Columns(tuple("bacdef"), "bank")),
        ("one column more", np.hstack([features, features[:, :1]]), None),
        ("one column less", features[:, :-1], None),
        ("an infinity", infinite, None),
    )
    for what, rows, named in tries:
        try:
            fitted.predict_proba(rows, named)
        except (ArtefactError, InputError):
            continue
        return f"a row with {what} was scored"
    return ""


def inputs_are_not_changed(model: Model) -> str:
    """Neither fitting nor predicting writes into what it was given."""
    features, direction = training_rows(6)
    weight = np.linspace(0.5, 1.5, len(direction))
    given: tuple[Floats | Ints, ...] = (features, direction, weight)
    before = [array.copy() for array in given]
    parameters = dict(model.get_params())
    fitted = model.fit(features, direction, weight)
    fitted.predict_proba(features)
    narrow = features.astype(np.float32)
    fitted.predict_proba(narrow)
    changed = [
        not np.array_equal(now, was, equal_nan=True)
        for now, was in zip(given, before, strict=True)
    ]
    if any(changed) or not np.array_equal(
        narrow, before[0].astype("f4"), equal_nan=True
    ):
        return "an input array was changed"
    return "" if dict(model.get_params()) == parameters else "fit changed the model"


def unlearnable_rows_are_refused(model: Model) -> str:
    """No rows, one class missing, or only constant features is an error."""
    features, direction = training_rows(7)
    tries = (
        ("no rows", features[:0], direction[:0]),
        ("a class without rows", features, np.where(direction == 0, 1, direction)),
        ("constant features", np.ones_like(features), direction),
        ("features that are all missing", features * np.nan, direction),
        ("a direction of 2", features, direction + 1),
    )
    for what, rows, named in tries:
        try:
            model.fit(rows, named)
        except InputError:
            continue
        return f"it was fitted on {what}"
    return ""


def plain_skill_is_learned(model: Model) -> str:
    """On new rows of a plain pattern, the log loss is well below the base rates."""
    features, direction = training_rows(8)
    fresh, truth = training_rows(9)
    found = model.fit(features, direction).predict_proba(fresh)
    shares = np.bincount(direction + 1, minlength=len(CLASSES)) / len(direction)
    chosen = np.maximum(found[np.arange(len(truth)), truth + 1], 1e-12)
    ours, base = -np.log(chosen).mean(), -np.log(shares[truth + 1]).mean()
    far = ours < base - _PLAIN_GAIN_NATS
    return "" if far else f"log loss {ours:.3f}, the base rates have {base:.3f}"


def foreign_bytes_are_refused(model: Model) -> str:
    """Bytes that are no such model, or one of another width, are an error."""
    features, direction = training_rows(10)
    content = model.fit(features, direction).to_bytes()
    right = Columns.unnamed(features.shape[1])
    tries = (
        ("text", b"no model", right),
        ("half a model", content[: len(content) // 2], right),
        ("a model of another width", content, Columns.unnamed(features.shape[1] + 1)),
    )
    for what, foreign, columns in tries:
        try:
            model.load(foreign, columns)
        except ArtefactError:
            continue
        return f"{what} was loaded"
    return ""


LAWS: tuple[Law, ...] = (
    same_seed_gives_same_bytes,
    loaded_model_predicts_the_same,
    one_row_equals_many_rows,
    probabilities_are_probabilities,
    strange_rows_are_refused,
    inputs_are_not_changed,
    unlearnable_rows_are_refused,
    plain_skill_is_learned,
    foreign_bytes_are_refused,
)
