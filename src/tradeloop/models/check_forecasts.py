"""Laws of a fitted model: what it says, in which form it is kept and exported."""

import numpy as np

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models.base import CLASSES, Columns, Floats, Model
from tradeloop.models.check_rows import PARITY, given, some, training_rows
from tradeloop.models.runtime import Runtime

_SUM_TOLERANCE = 1e-5


def extreme_rows(features: Floats) -> Floats:
    """Append rows of missing, huge, tiny and equal values to rows.

    Parameters
    ----------
    features : ndarray of shape (n_rows, n_columns)
        Usual rows.

    Returns
    -------
    ndarray of shape (n_more_rows, n_columns)
        All finite in float32, or NaN.
    """
    width = features.shape[1]
    alike = [np.nan, 0.0, -0.0, 1e-40, -1e-35, 1e-35, 1e6, -1e6, 3e38, -3e38]
    odd = np.where(np.arange(width) % 2 == 0, 3e38, -3e38)
    half = np.where(np.arange(width) % 2 == 0, np.nan, features[0])
    same = np.tile(np.array(alike)[:, None], (1, width))
    return np.vstack([features, same, odd, half, features * 1e6, features * 1e-30])


def fitted_model_says_what_it_is(model: Model) -> str:
    """Name, steps and columns are those of the model and of the rows."""
    features, direction = training_rows(18)
    columns = Columns(tuple("abcdef"), "bank")
    fitted = model.fit(given(model, features), direction, columns=columns)
    found = (fitted.name, fitted.steps, fitted.columns)
    told = (model.name, model.steps, columns)
    return "" if found == told else f"it is {told}, but says {found}"


def loaded_model_predicts_the_same(model: Model) -> str:
    """Load a model from its bytes: same bytes, same predictions."""
    features, direction = training_rows(2)
    rows = given(model, features)
    fitted = model.fit(rows, direction)
    loaded = model.load(fitted.to_bytes(), fitted.columns)
    if loaded.to_bytes() != fitted.to_bytes():
        return "the loaded model has other bytes"
    same = np.array_equal(loaded.predict_proba(rows), fitted.predict_proba(rows))
    return "" if same else "the loaded model predicts otherwise"


def one_row_equals_many_rows(model: Model) -> str:
    """Each row gets the same bits alone as among others, in any order."""
    features, direction = training_rows(3)
    rows = given(model, features)
    fitted = model.fit(rows, direction)
    many = fitted.predict_proba(rows)
    single = [fitted.predict_proba(some(rows, [at]))[0] for at in range(50)]
    if not np.array_equal(many[:50], np.array(single)):
        return "a row alone is predicted otherwise than among others"
    backwards = np.arange(len(features))[::-1]
    if not np.array_equal(many[::-1], fitted.predict_proba(some(rows, backwards))):
        return "the prediction of a row depends on the rows around it"
    empty = fitted.predict_proba(some(rows, np.arange(0)))
    return "" if empty.shape == (0, len(CLASSES)) else "no rows gave some probabilities"


def probabilities_are_probabilities(model: Model) -> str:
    """Each row has three finite shares that sum to 1, also where all is missing."""
    features, direction = training_rows(4)
    rows = extreme_rows(features)
    fitted = model.fit(given(model, features), direction)
    found = fitted.predict_proba(given(model, rows))
    if found.shape != (len(rows), len(CLASSES)):
        return f"{len(rows)} rows gave the shape {found.shape}"
    good = np.isfinite(found) & (found >= 0) & (found <= 1)
    off = np.abs(found.sum(axis=1) - 1).max()
    if not good.all() or off > _SUM_TOLERANCE:
        return f"probabilities outside 0 to 1, or sums off by {off:.3g}"
    return ""


def strange_rows_are_refused(model: Model) -> str:
    """Another bank, name, width, number of steps, or an infinity is an error."""
    features, direction = training_rows(5)
    columns = Columns(tuple("abcdef"), "bank")
    fitted = model.fit(given(model, features), direction, columns=columns)
    infinite = features[:1].copy()
    infinite[0, 1] = np.inf
    tries: tuple[tuple[str, Floats, Columns | None], ...] = (
        ("another fingerprint", features, Columns(columns.names, "other bank")),
        ("another column name", features, Columns(tuple("abcdeX"), "bank")),
        ("another column order", features, Columns(tuple("bacdef"), "bank")),
        ("one column more", np.hstack([features, features[:, :1]]), None),
        ("one column less", features[:, :-1], None),
        ("an infinity", infinite, None),
        ("a single axis", features[0], None),
    )
    for what, rows, named in tries:
        try:
            handed = rows if rows.ndim == 1 else given(model, rows)
            fitted.predict_proba(handed, named)
        except (ArtefactError, InputError):
            continue
        return f"a row with {what} was scored"
    if model.steps == 1:
        return ""
    try:
        fitted.predict_proba(given(model, features, more_steps=-1))
    except InputError:
        return ""
    return "sequences of a step too few were scored"


def foreign_bytes_are_refused(model: Model) -> str:
    """Bytes that are no such model, or one of another width, are an error."""
    features, direction = training_rows(10)
    content = model.fit(given(model, features), direction).to_bytes()
    right = Columns.unnamed(features.shape[1])
    tries = (
        ("nothing", b"", right),
        ("text", b"no model", right),
        ("half a model", content[: len(content) // 2], right),
        ("a model without its last byte", content[:-1], right),
        ("a model of another width", content, Columns.unnamed(features.shape[1] + 1)),
    )
    for what, foreign, columns in tries:
        try:
            model.load(foreign, columns)
        except ArtefactError:
            continue
        return f"{what} was loaded"
    return ""


def importance_is_a_share(model: Model) -> str:
    """Each column has a share of at least 0, in the order of the columns."""
    features, direction = training_rows(19)
    fitted = model.fit(given(model, features), direction)
    found = fitted.importance()
    shares = np.array(list(found.values()))
    if tuple(found) != fitted.columns.names or (shares < 0).any():
        return f"the importance is {dict(found)}"
    off = abs(shares.sum() - 1)
    return "" if off <= _SUM_TOLERANCE else f"the shares sum to {shares.sum():.6f}"


def export_equals_the_original(model: Model) -> str:
    """ONNX Runtime gives the same within 1e-6, also on missing and extreme values."""
    features, direction = training_rows(20)
    fitted = model.fit(given(model, features), direction)
    runtime = Runtime(fitted.to_onnx(), fitted.columns, fitted.steps)
    rows = given(model, extreme_rows(training_rows(22)[0]))
    off = np.abs(runtime.predict_proba(rows) - fitted.predict_proba(rows)).max()
    return "" if off <= PARITY else f"a probability differs by {off:.3g}"


def two_exports_are_equal_bytes(model: Model) -> str:
    """Export the same model twice, or after loading it: the same ONNX file."""
    features, direction = training_rows(23)
    fitted = model.fit(given(model, features), direction)
    first, second = fitted.to_onnx(), fitted.to_onnx()
    loaded = model.load(fitted.to_bytes(), fitted.columns).to_onnx()
    return "" if first == second == loaded else "two exports have different bytes"
