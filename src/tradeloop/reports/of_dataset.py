"""What the pictures of a dataset's card show, from the dataset."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE
from tradeloop.datasets import CardPicture, Dataset, card
from tradeloop.datasets.kinds import Target, kind_of
from tradeloop.datasets.outcomes import horizons_of
from tradeloop.errors import MissingExtraError
from tradeloop.reports.drawing import Picture, as_file
from tradeloop.reports.pictured import Int
from tradeloop.reports.pictures.balance import ClassBalance, balance_picture
from tradeloop.reports.pictures.coverage import Coverage, coverage_picture
from tradeloop.reports.pictures.label_spread import LabelSpread, label_spread_picture
from tradeloop.reports.pictures.missing import MissingShares, missing_picture

_STEPS = (NS_PER_MINUTE, NS_PER_HOUR, 4 * NS_PER_HOUR, NS_PER_DAY, 7 * NS_PER_DAY)
_FLAT = ("return_rank",)  # ranks are flat by construction: there is nothing to see
_PERIODS, _COLUMNS, _LINES, _BINS = 48, 60, 24, 60
_TAIL = 0.005  # of the rows at either end of a histogram


def _edges(decision_ns: Int, periods: int) -> Int:
    """Bounds of hours, days or weeks that hold all decisions, at most ``periods``.

    Days begin at midnight UTC and weeks on Monday, so that no period holds half a
    session; longer periods are as many weeks as it takes.
    """
    first, last = int(decision_ns[0]), int(decision_ns[-1])
    for step in _STEPS:
        start = _start(first, step)
        if (last - start) // step < periods:
            break
    else:
        week = _STEPS[-1]
        step = week * -(-(last - _start(first, week) + 1) // (week * periods))
        start = _start(first, week)
    count = (last - start) // step + 1
    return start + step * np.arange(count + 1, dtype=np.int64)


def _start(at_ns: int, step: int) -> int:
    """Begin of the period of ``at_ns``; 1970-01-01 was a Thursday."""
    monday = 4 * NS_PER_DAY
    return (at_ns - monday) // step * step + monday


def _target(dataset: Dataset, form: str) -> tuple[str, Target] | None:
    """Find the first target of a form that can be drawn, and its column."""
    columns = dataset.outcome_labels.columns
    horizons = horizons_of(dataset.outcome_labels)
    for name, target in kind_of(dataset.dataset_type).target_columns(horizons).items():
        if target.form == form and name in columns and target.stem not in _FLAT:
            return name, target
    return None


def class_balance(dataset: Dataset) -> ClassBalance | None:
    """Count the classes of the dataset's first class target over time.

    Returns
    -------
    ClassBalance or None
        None where the dataset's type has no classes, or no row has one.
    """
    found = _target(dataset, "class")
    if found is None:
        return None
    name, target = found
    known = dataset.outcome_labels.select("decision_ns", name).drop_nulls()
    if known.is_empty():
        return None
    edges = _edges(dataset.decision_ns, _PERIODS)
    period = np.searchsorted(edges, known["decision_ns"].to_numpy(), "right") - 1
    counts = np.zeros((edges.size - 1, len(target.classes)), np.int64)
    for k, each in enumerate(target.classes):
        rows = (known[name] == each).to_numpy()
        counts[:, k] = np.bincount(period[rows], minlength=edges.size - 1)
    return ClassBalance(name, tuple(str(c) for c in target.classes), edges, counts)


def _bounds(dataset: Dataset, stem: str) -> tuple[tuple[str, float], ...]:
    """Bounds of the outcome classes, where the label is the one that they cut."""
    inputs: dict[str, Any] = json.loads(dataset.manifest)
    rules = inputs.get("label_rules", {}).get("outcome", {})
    if stem != "outperformance_bps":
        return ()
    names = ("bad", "poor", "good", "excellent")
    told = ((name, rules.get(f"{name}_bps")) for name in names)
    return tuple((name, float(v)) for name, v in told if v is not None)


def _unit(stem: str) -> tuple[str, float]:
    """Choose the unit to show a label in, and what its values are multiplied by."""
    if stem.endswith("_bps"):
        return "bps", 1.0
    return ("standard deviations", 1.0) if stem == "scaled_loss" else ("%", 100.0)


def label_spread(dataset: Dataset) -> LabelSpread | None:
    """Count the dataset's first numeric target by its value.

    Returns
    -------
    LabelSpread or None
        None where no row has one.
    """
    found = _target(dataset, "regression")
    if found is None:
        return None
    name, target = found
    unit, factor = _unit(target.stem)
    known = dataset.outcome_labels[name].drop_nulls().drop_nans()
    if known.is_empty():
        return None
    values = factor * known.to_numpy()
    bounds = _bounds(dataset, target.stem)
    low, high = np.quantile(values, [_TAIL, 1 - _TAIL])
    low = min([low, *(v * 1.2 for _, v in bounds)])
    high = max([high, *(v * 1.2 for _, v in bounds)])
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, _BINS + 1)
    counts = np.histogram(values.clip(low, high), edges)[0].astype(np.int64)
    beyond = int(((values < low) | (values > high)).sum())
    median = float(np.median(values))
    return LabelSpread(name, unit, edges, counts, bounds, median, beyond)


def coverage(dataset: Dataset) -> Coverage:
    """Count the rows of each instrument over time, those of most rows first."""
    rows = dataset.decision_context.select("instrument").with_columns(
        dataset.outcome_labels["decision_ns"]
    )
    ranked = (
        rows.group_by("instrument")
        .len()
        .sort(["len", "instrument"], descending=[True, False])
    )
    names = ranked["instrument"].to_list()
    edges = _edges(dataset.decision_ns, _COLUMNS)
    counts = np.zeros((min(len(names), _LINES), edges.size - 1), np.int64)
    parts = rows.partition_by("instrument", as_dict=True)
    for k, name in enumerate(names[:_LINES]):
        times = parts[(name,)]["decision_ns"].to_numpy()
        counts[k] = np.histogram(times, edges)[0]
    shown = tuple(str(name) for name in names[:_LINES])
    return Coverage(shown, edges, counts, len(names) - len(shown))


def missing_shares(dataset: Dataset) -> MissingShares:
    """Share of the rows in which each feature is missing."""
    names = dataset.feature_names
    lost = dataset.feature_vectors.select(
        (pl.col(name).is_null() | pl.col(name).is_nan()).mean() for name in names
    )
    share = np.array(lost.row(0), np.float64)
    return MissingShares(names, share, dataset.sample_count)


def dataset_pictures(dataset: Dataset) -> tuple[Picture, ...]:
    """Make the pictures of a dataset's card that its rows allow.

    Parameters
    ----------
    dataset : Dataset
        At least one row.

    Returns
    -------
    tuple of Picture
        Balance of the classes, spread of the label, coverage, missing features.
    """
    balance, spread = class_balance(dataset), label_spread(dataset)
    found = [
        balance_picture(balance) if balance else None,
        label_spread_picture(spread) if spread else None,
        coverage_picture(coverage(dataset)),
        missing_picture(missing_shares(dataset)) if dataset.feature_names else None,
    ]
    return tuple(picture for picture in found if picture is not None)


def card_files(described: Mapping[str, Any], dataset: Dataset) -> dict[str, str]:
    """Write the card of a dataset and its pictures.

    Parameters
    ----------
    described : mapping
        What `tradeloop.datasets.metadata` returned.
    dataset : Dataset
        What is described.

    Returns
    -------
    dict of str to str
        ``README.md`` and ``pictures/NAME.svg``, which follow the reader's light or
        dark. Without Matplotlib the card has no pictures.
    """
    pictures = dataset_pictures(dataset)
    try:
        drawn = {f"pictures/{p.name}.svg": as_file(p) for p in pictures}
    except MissingExtraError:
        return {"README.md": card(described)}
    shown = [
        CardPicture(file, p.title, p.description)
        for file, p in zip(drawn, pictures, strict=True)
    ]
    return {"README.md": card(described, shown), **drawn}
