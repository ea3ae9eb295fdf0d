"""One fit, and one row scored by ONNX Runtime against native XGBoost."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tradeloop.apps.bench.rows import Area, Row, require_equal
from tradeloop.apps.bench.timing import each_us, pair_s, peer_module, percentile
from tradeloop.errors import MissingExtraError
from tradeloop.models import Boosting, FittedBoosting, Runtime, export_onnx
from tradeloop.models.checks import training_rows

_ROWS, _COLUMNS = 5_000, 60
_CALLS = 4_000
_TOLERANCE = 1e-6


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


def _one_row() -> Iterator[Row]:
    features, direction = training_rows(3, n_rows=_ROWS, n_columns=_COLUMNS)
    fitted: FittedBoosting = Boosting().fit(features, direction)
    runtime = Runtime(export_onnx(fitted, features[:200]).content, fitted.columns)
    row = features[:1]
    narrow = row.astype(np.float32)
    booster = fitted.booster

    def ours() -> Any:
        return runtime.predict_proba(row)

    def theirs() -> Any:
        return booster.inplace_predict(narrow, validate_features=False)

    same = np.abs(ours() - theirs()).max() <= _TOLERANCE
    require_equal(same=bool(same), what="probabilities")
    took, peer = each_us((ours, theirs), _CALLS)
    for share in (50, 99):
        yield Row(
            what=f"score of one row, {_COLUMNS} columns, 300 trees, p{share}",
            unit="us",
            ours=percentile(took, share),
            peer=percentile(peer, share),
            peer_name="native XGBoost, inplace_predict, one thread",
            note="Ours is ONNX Runtime with the checks of the row; the peer gets its "
            "float32 row ready made.",
        )


def _rows() -> Iterator[Row]:
    yield from _fit()
    yield from _one_row()


AREA = Area("models", _rows)
