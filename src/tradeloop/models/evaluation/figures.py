"""The figures of a forecast as statistics that the bootstrap can draw at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tradeloop.models.base import CLASSES, Floats, Ints
from tradeloop.models.evaluation.realised import Outcomes, ratio
from tradeloop.statistics.forecast import correlation_of
from tradeloop.statistics.ordering import AreaUnderCurve, RankCorrelation
from tradeloop.statistics.reliability import Binning, binned
from tradeloop.statistics.resamples import OfMeans, Weighted

_K = len(CLASSES)
BINS = 10
_LEAST_MOVED = 2
_FEW = 16


@dataclass(frozen=True, slots=True)
class Figures:
    """Statistics by name, those of means apart from those of order."""

    means: dict[str, OfMeans] = field(default_factory=dict)
    others: dict[str, Weighted] = field(default_factory=dict)

    def add(self, forecast: str, given: Mapping[str, OfMeans | Weighted]) -> None:
        """Take figures of a forecast in, as ``forecast.name``."""
        for name, each in given.items():
            if isinstance(each, OfMeans):
                self.means[f"{forecast}.{name}"] = each
            else:
                self.others[f"{forecast}.{name}"] = each


def picks(picked: Ints, lead: Floats, classes: Ints) -> dict[str, OfMeans]:
    """Figures of naming a class and a side.

    Parameters
    ----------
    picked : ndarray of shape (n_rows,)
        Class that is named.
    lead : ndarray of shape (n_rows,)
        Its sign is the side that is named, 0 for none.
    classes : ndarray of shape (n_rows,)
        Class that came.
    """
    confusion = np.eye(_K * _K)[classes * _K + picked]
    direction = classes + CLASSES[0]
    moved = direction != 0
    found = {
        "accuracy": OfMeans(confusion, _accuracy),
        "balanced_accuracy": OfMeans(confusion, _balanced_accuracy),
        "mcc": OfMeans(confusion, _matthews),
    }
    if moved.sum() >= _LEAST_MOVED:
        right = moved & (np.sign(lead) == direction)
        columns = np.column_stack([right, moved]).astype(np.float64)
        found["direction_accuracy"] = OfMeans(columns, ratio)
    return found


def chances_of(chances: Floats, classes: Ints) -> dict[str, OfMeans]:
    """Figures of the probabilities themselves, of shape (n_rows, 3)."""
    happened = np.eye(_K)[classes]
    off = ((chances - happened) ** 2).sum(axis=1)
    confidence = chances.max(axis=1)
    miss = (chances.argmax(axis=1) == classes) - confidence
    own = [
        _by_bin(chances[:, k], happened[:, k] - chances[:, k], "width")
        for k in range(_K)
    ]
    return {
        "log_loss": mean_of(log_losses(chances, classes)),
        "brier": mean_of(off),
        "calibration_error": OfMeans(_by_bin(confidence, miss, "width"), _distance),
        "adaptive_calibration_error": OfMeans(
            _by_bin(confidence, miss, "count"), _distance
        ),
        "classwise_calibration_error": OfMeans(
            np.concatenate(own, axis=1), lambda means: _distance(means) / _K
        ),
    }


def orders_of(chances: Floats, classes: Ints) -> dict[str, OfMeans | Weighted]:
    """Areas under the ROC curves, where the rows allow them."""
    found: dict[str, OfMeans | Weighted] = {}
    came = [classes == k for k in range(_K)]
    curves = [
        AreaUnderCurve.of(chances[:, k], came[k])
        for k in range(_K)
        if came[k].any() and not came[k].all()
    ]
    if curves:
        found["auc"] = _areas(curves, len(classes))
    if came[0].any() and came[-1].any():
        sides = chances[:, 0] + chances[:, -1]
        up = np.where(sides > 0, chances[:, -1] / np.where(sides, sides, 1), 0.5)
        area = AreaUnderCurve.of(up, came[-1], came[0] | came[-1])
        found["auc_up_down"] = _areas([area], len(classes))
    return found


def trades(edge: Floats, outcomes: Outcomes) -> dict[str, OfMeans | Weighted]:
    """Figures of an edge against the returns."""
    profit = outcomes.profit(edge)
    found: dict[str, OfMeans | Weighted] = {
        "net_bps": profit,
        "traded_share": OfMeans(profit.columns, _second),
    }
    if np.ptp(edge) > 0 and np.ptp(outcomes.returns_bps) > 0:
        found["ic"] = outcomes.correlation(edge)
        found["rank_ic"] = RankCorrelation.of(edge, outcomes.returns_bps)
    return found


def mean_of(per_row: Floats) -> OfMeans:
    """Mean of one figure per row."""
    return OfMeans(np.asarray(per_row, np.float64)[:, None], _first)


def log_losses(chances: Floats, classes: Ints) -> Floats:
    """-ln p of the class that came, floored as `tradeloop.statistics.log_loss` is."""
    given = chances[np.arange(len(classes)), classes]
    return np.asarray(-np.log(np.maximum(given, np.finfo(np.float64).eps)))


def _by_bin(values: Floats, off: Floats, binning: Binning) -> Floats:
    """One column per bin that holds rows: ``off`` of its rows, 0 elsewhere.

    The mean of such a column is the share of its rows times their mean distance.
    """
    index, _ = binned(values, bins=BINS, binning=binning)
    used = np.unique(index)
    return np.asarray(np.where(index[:, None] == used, off[:, None], 0.0))


def _areas(curves: list[AreaUnderCurve], rows: int) -> OfMeans | Weighted:
    """Mean of some areas, from means where the scores take few values."""
    if max(curve.values for curve in curves) > _FEW:
        return lambda weights: _mean_of([curve(weights) for curve in curves])
    widths = np.cumsum([2 * curve.values for curve in curves])[:-1]

    def of(means: Floats) -> Floats:
        parts = np.split(means, widths, axis=1)
        return _mean_of(
            [curve.of_means(part) for curve, part in zip(curves, parts, strict=True)]
        )

    return OfMeans(np.concatenate([each.columns(rows) for each in curves], axis=1), of)


def _mean_of(given: list[Floats]) -> Floats:
    """Mean of what is defined, per resample."""
    areas = np.array(given)
    there = np.isfinite(areas)
    count = there.sum(axis=0)
    total = np.where(there, areas, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _first(means: Floats) -> Floats:
    return means[:, 0]


def _second(means: Floats) -> Floats:
    return means[:, 1]


def _distance(means: Floats) -> Floats:
    return np.asarray(np.abs(means).sum(axis=1))


def _accuracy(confusion: Floats) -> Floats:
    return np.asarray(confusion[:, :: _K + 1].sum(axis=1))


def _balanced_accuracy(confusion: Floats) -> Floats:
    table = confusion.reshape(-1, _K, _K)
    came, right = table.sum(axis=2), np.einsum("nkk->nk", table)
    there = came > 0
    shares = np.where(there, right / np.where(there, came, 1.0), 0.0)
    return np.asarray(shares.sum(axis=1) / there.sum(axis=1))


def _matthews(confusion: Floats) -> Floats:
    return correlation_of(confusion, _K)
