"""One fit, and one row scored by ONNX Runtime, by ourselves and by each library."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.apps.bench.rows import Area, Row, require_equal
from tradeloop.apps.bench.timing import each_us, pair_s, peer_module, percentile
from tradeloop.errors import MissingExtraError
from tradeloop.models import (
    Boosting,
    Fitted,
    Forest,
    LightBoosting,
    Logistic,
    Runtime,
    SupportVectors,
)
from tradeloop.models.checks import training_rows
from tradeloop.models.exact import scaled
from tradeloop.models.matrix import as_float32

_ROWS, _COLUMNS = 5_000, 60
_SCORED_ROWS = 2_000
_CALLS, _FEW_CALLS = 2_000, 400
_BLOCK = 50
_TOLERANCE = 1e-6
_TREES = f"{Boosting().n_estimators * 3} trees"
Narrow = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Peer:
    """A library called natively with a row ready made.

    Parameters
    ----------
    name : str
        Library, function and threads.
    call : callable
        Scores the row.
    tolerance : float, optional
        How far its probabilities may be from ours; None where they are none.
    calls : int
        Timed calls.
    note : str
        What a reader has to know.
    """

    name: str
    call: Callable[[], Any]
    tolerance: float | None = _TOLERANCE
    calls: int = _CALLS
    note: str = ""


def xgboost() -> Any:
    """Return XGBoost, which trains our models too; without it there is no model.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    found = peer_module("xgboost")
    if found is None:
        raise MissingExtraError("xgboost", "models")
    return found


def _fit() -> Iterator[Row]:
    native = xgboost()
    features, direction = training_rows(3, n_rows=_ROWS, n_columns=_COLUMNS)
    model = Boosting()
    narrow = features.astype(np.float32)
    parameters = {
        "objective": "multi:softprob",
        "num_class": 3,
        "tree_method": "hist",
        "max_depth": model.max_depth,
        "learning_rate": model.learning_rate,
        "subsample": model.subsample,
        "colsample_bytree": model.colsample_bytree,
        "seed": model.random_state,
        "nthread": model.n_jobs,
    }

    def theirs() -> object:
        rows = native.QuantileDMatrix(narrow, label=direction + 1, nthread=model.n_jobs)
        return native.train(parameters, rows, num_boost_round=model.n_estimators)

    took, peer = pair_s(lambda: model.fit(features, direction), theirs, 5)
    yield Row(
        what=f"one fit, {_ROWS:,} rows x {_COLUMNS} columns, 3 classes, 100 rounds, "
        "one thread",
        unit="s",
        ours=took,
        peer=peer,
        peer_name="XGBoost called directly, its own 256 bins",
        note="Ours is the same XGBoost with 64 bins, that is where a gain comes from; "
        "checks of the rows are in ours.",
    )


def _boosting(fitted: Any, row: Narrow) -> _Peer:
    booster = fitted.booster
    return _Peer(
        "native XGBoost, inplace_predict, one thread",
        lambda: booster.inplace_predict(row, validate_features=False),
    )


def _forest(model: Forest, values: Narrow, classes: Any, row: Narrow) -> _Peer | None:
    ensemble = peer_module("sklearn.ensemble")
    if ensemble is None:
        return None
    seed = np.random.SeedSequence([model.random_state, 0])
    forest = ensemble.RandomForestClassifier(
        n_estimators=model.n_estimators,
        max_depth=model.max_depth,
        min_samples_split=model.min_samples_split,
        min_samples_leaf=model.min_samples_leaf,
        max_samples=min(model.max_samples, len(classes)),
        random_state=int(seed.generate_state(1)[0]),
    ).fit(values, classes)
    return _Peer(
        "native scikit-learn, RandomForestClassifier.predict_proba, one thread",
        lambda: forest.predict_proba(row),
        calls=_FEW_CALLS,
    )


def _light(fitted: Any, row: Narrow) -> _Peer:
    booster = fitted.booster()
    return _Peer(
        "native LightGBM, Booster.predict, one thread",
        lambda: booster.predict(row, num_threads=1),
    )


def _machine(model: SupportVectors, fitted: Any, values: Narrow, classes: Any) -> Any:
    svm = peer_module("sklearn.svm")
    if svm is None:
        return None
    rows = scaled(fitted.kernel.scaling, values)
    machine = svm.SVC(C=model.C, gamma=fitted.kernel.gamma).fit(rows, classes)
    row = rows[:1].copy()
    return _Peer(
        "native scikit-learn, SVC.decision_function",
        lambda: machine.decision_function(row),
        tolerance=None,
        note="The peer gives decisions and no probabilities, of a row already scaled.",
    )


def _regression(model: Logistic, fitted: Any, values: Narrow, classes: Any) -> Any:
    linear = peer_module("sklearn.linear_model")
    if linear is None:
        return None
    rows = scaled(fitted.scaling, values)
    theirs = linear.LogisticRegression(C=model.C, tol=1e-8, max_iter=1_000)
    theirs.fit(rows, classes)
    row = rows[:1].copy()
    return _Peer(
        "native scikit-learn, LogisticRegression.predict_proba",
        lambda: theirs.predict_proba(row),
        tolerance=1e-4,
        note="The peer gets its row already scaled; it has found its own minimum, "
        "equal to ours within 1e-4.",
    )


def _pairs() -> Iterator[tuple[str, Fitted, Narrow, _Peer | None]]:
    """Each model fitted on the same rows, beside its library."""
    features, direction = training_rows(3, n_rows=_SCORED_ROWS, n_columns=_COLUMNS)
    values, classes = as_float32(features), direction + 1
    row = values[:1].copy()
    boosting = Boosting().fit(features, direction)
    yield f"boosting, {_TREES}", boosting, row, _boosting(boosting, row)
    forest = Forest()
    grown = forest.fit(features, direction)
    what = f"forest, {forest.n_estimators} trees"
    yield what, grown, row, _forest(forest, values, classes, row)
    if peer_module("lightgbm") is not None:
        light = LightBoosting().fit(features, direction)
        yield f"light_boosting, {_TREES}", light, row, _light(light, row)
    vectors = SupportVectors()
    machine = vectors.fit(features, direction)
    what = f"support_vectors, {len(machine.kernel.centres):,} vectors"
    yield what, machine, row, _machine(vectors, machine, values, classes)
    logistic = Logistic()
    linear = logistic.fit(features, direction)
    yield "logistic", linear, row, _regression(logistic, linear, values, classes)


def _one_row() -> Iterator[Row]:
    for what, fitted, row, peer in _pairs():
        yield from _scored(what, fitted, row, peer)


def _scored(
    what: str, fitted: Fitted, row: Narrow, peer: _Peer | None
) -> Iterator[Row]:
    runtime = Runtime(fitted.to_onnx(), fitted.columns)
    calls = [lambda: runtime.predict_proba(row), lambda: fitted.predict_proba(row)]
    _require_close(calls[0](), calls[1](), _TOLERANCE, what)
    if peer is not None:
        calls.append(peer.call)
        if peer.tolerance is not None:
            _require_close(calls[0](), peer.call(), peer.tolerance, what)
    took = each_us(tuple(calls), peer.calls if peer else _CALLS, warm=_BLOCK)
    for share in (50, 99):
        figures = [percentile(each, share) for each in took]
        theirs = figures[2] if peer else None
        name = peer.name if peer else "its library is not installed"
        note = peer.note if peer else ""
        yield Row(
            what=f"score of one row, {_COLUMNS} columns, {what}, ONNX, p{share}",
            unit="us",
            ours=figures[0],
            peer=theirs,
            peer_name=name,
            note="Ours is ONNX Runtime with the checks of the row; the peer gets its "
            f"row ready made. {note}".strip(),
        )
        yield Row(
            what=f"the same, by its native format, p{share}",
            unit="us",
            ours=figures[1],
            peer=theirs,
            peer_name=name,
        )


def _require_close(ours: Any, theirs: Any, tolerance: float, what: str) -> None:
    same = bool(np.abs(ours - theirs).max() <= tolerance)
    require_equal(same=same, what=f"probabilities of {what}")


def _rows() -> Iterator[Row]:
    yield from _fit()
    yield from _one_row()


AREA = Area("models", _rows)
