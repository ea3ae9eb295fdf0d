"""What the columns of a dataset mean: feature schema and label schema."""

from collections.abc import Mapping, Sequence
from typing import Any

from tradeloop.datasets.dataset import Dataset
from tradeloop.datasets.outcomes import horizons_of
from tradeloop.errors import InputError
from tradeloop.events import DecisionOutcome

_MEASURES = {
    "execution_quality": "bps; fill against the decision's price, positive is better",
    "cost_efficiency": "0 to 1; share that modelled costs leave of the gross move",
    "timing_quality": "0 to 1; best move over best plus worst move of the path",
    "risk_adjusted_return": "standard deviations of the return over the horizon",
    "benchmark_outperformance": "bps; side x return less the benchmark's return",
    "attribution_factors": "JSON map, bps; the parts add up to the net result",
}
_PER_HORIZON = {
    "return": "return of the instrument, as a fraction",
    "benchmark_return": "return of the benchmark, as a fraction",
    "outperformance_bps": "side x return less the benchmark's return, bps",
    "net_bps": "side x return less the cost of a round trip, bps",
    "direction": "-1, 0 or +1: the instrument's own return outside the neutral band",
    "max_gain": "best move on the way, signed by the side, as a fraction",
    "max_loss": "worst move on the way, signed by the side, as a fraction",
}


_NOT_JUDGED = {"selected": "all", "by": "none"}


def feature_schema(
    dataset: Dataset,
    catalogue: Sequence[Mapping[str, Any]],
    criteria: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Describe the features in the order of ``X``.

    Parameters
    ----------
    dataset : Dataset
        Whose features are described.
    catalogue : sequence of mapping
        One per feature, with at least its ``name``; others may be among them.
    criteria : mapping, optional
        How the features were judged.

    Returns
    -------
    dict
        feature_definitions; normalization_parameters, empty since features are stored
        as computed; feature_selection_criteria, which says that none were dropped
        where nothing judged them.

    Raises
    ------
    InputError
        A feature is not in the catalogue.
    """
    known = {str(entry["name"]): dict(entry) for entry in catalogue}
    missing = [name for name in dataset.feature_names if name not in known]
    if missing:
        raise InputError(
            f"The catalogue says nothing of {', '.join(missing)}.",
            way_out="Pass the catalogue of the bank that computed the features.",
            source="catalogue",
            column=missing[0],
        )
    return {
        "feature_definitions": [known[name] for name in dataset.feature_names],
        "normalization_parameters": {},
        "feature_selection_criteria": dict(criteria or _NOT_JUDGED),
    }


def label_schema(dataset: Dataset, label_rules: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the labels and the rules by which they were given.

    Parameters
    ----------
    dataset : Dataset
        Whose labels are described.
    label_rules : mapping
        Horizons, thresholds, costs, benchmark and waiting time, as in `DatasetInputs`.

    Returns
    -------
    dict
        label_definitions (column to meaning), labeling_criteria (the rules),
        label_validation_rules.
    """
    columns = dataset.outcome_labels.columns
    horizons = horizons_of(dataset.outcome_labels)
    per_horizon = {
        f"{name}_{h}": f"{meaning}, {h} after the decision"
        for h in horizons
        for name, meaning in _PER_HORIZON.items()
        if f"{name}_{h}" in columns
    }
    classes = ", ".join(outcome.value for outcome in DecisionOutcome)
    return {
        "label_definitions": {
            "decision_outcome": f"class of the decision: {classes}",
            **_MEASURES,
            **per_horizon,
        },
        "labeling_criteria": {**label_rules, "primary_horizon": horizons[0]},
        "label_validation_rules": [
            "end_ns is never before decision_ns",
            "no label is given before its end was received",
            "decision_outcome is one of the five classes",
        ],
    }
