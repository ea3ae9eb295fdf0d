"""Things fitted on rows that were not theirs."""

from dataclasses import replace

import numpy as np

from tradeloop.datasets.checks import Fitted
from tradeloop.datasets.leaks.leak import Leak, Where, leak
from tradeloop.datasets.leaks.scene import Scene, Specimen


def _fitted(
    scene: Scene, what: str, where: Where, extra: str, *, leaking: bool
) -> Specimen:
    """Record fits, all inside their folds but one that saw more."""
    clean = scene.specimen()
    fits = [Fitted(what, k, train) for k, (train, _) in enumerate(clean.splits)]
    fold = where.whole(0, len(fits) - 1)
    train, test = clean.splits[fold]
    first, last = where.stretch(test.size)
    seen = {
        "all": np.arange(clean.dataset.sample_count),
        "test": test[first:last],
        "purged": np.setdiff1d(np.arange(test[0]), train),
    }
    if leaking:
        fits[fold] = Fitted(what, fold, np.union1d(train, seen[extra]))
    return replace(clean, fitted=fits)


@leak("scaler.fit(X) before the loop over folds", "fitted_inside")
def scaler_on_all(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Fit a scaler on all rows."""
    return _fitted(scene, "scaler", where, "all", leaking=leaking)


@leak("SelectKBest before cross-validation", "fitted_inside")
def selector_on_all(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Choose features by their relation to labels of the test."""
    return _fitted(scene, "feature selection", where, "all", leaking=leaking)


@leak("an imputer fitted on train and test together", "fitted_inside")
def imputer_on_test(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Take means for missing values from test rows too."""
    return _fitted(scene, "imputer", where, "test", leaking=leaking)


@leak("early stopping with the test as eval_set", "fitted_inside")
def stopped_on_test(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Choose the number of trees on test rows."""
    return _fitted(scene, "early stopping", where, "test", leaking=leaking)


@leak("a calibrator fitted on the test's predictions", "fitted_inside")
def calibrated_on_test(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Calibrate probabilities on the rows that judge them."""
    return _fitted(scene, "calibrator", where, "test", leaking=leaking)


@leak("a model refitted on the rows that the purge took out", "fitted_inside")
def fitted_on_purged(scene: Scene, where: Where, *, leaking: bool) -> Specimen:
    """Fit a model on rows that the purge took out."""
    return _fitted(scene, "model", where, "purged", leaking=leaking)


ALL: tuple[Leak, ...] = (
    scaler_on_all,
    selector_on_all,
    imputer_on_test,
    stopped_on_test,
    calibrated_on_test,
    fitted_on_purged,
)
