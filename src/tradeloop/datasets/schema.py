"""What the columns of a dataset mean: feature schema and label schema."""

from collections.abc import Mapping, Sequence
from typing import Any

from tradeloop.datasets.dataset import Dataset
from tradeloop.datasets.kinds import kind_of
from tradeloop.datasets.outcomes import horizons_of
from tradeloop.errors import InputError
from tradeloop.events import DecisionOutcome
from tradeloop.labels import ALL as LABELS
from tradeloop.labels.execution.quality import MEASURES

_CERTAINTY = {
    "best_bps": "outperformance most in keeping with the quotes around both ends, bps",
    "error_bps": "standard error of it, bps",
    "low_bps": "lower end of its 95 % interval, bps",
    "high_bps": "upper end of its 95 % interval, bps",
    **{
        f"probability_{one.value.lower()}": f"that {one.value} is the true class"
        for one in DecisionOutcome
    },
    "class_probability": "that the class given is the true one, 0 to 1",
    "true_class": "class most likely to be the true one",
    "inside_noise": "whether the class is less sure than the rule asks for",
}


def _per_horizon() -> dict[str, str]:
    """Meaning of each label by its name without the horizon."""
    outputs = (output for unit in LABELS for output in unit.outputs)
    return {
        "volatility": "volatility known at the decision, scaled to the horizon, "
        "as a fraction",
        **{output.stem: output.meaning for output in outputs},
        **_CERTAINTY,
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
        for name, meaning in _per_horizon().items()
        if f"{name}_{h}" in columns
    }
    own = kind_of(dataset.dataset_type).label_schema(horizons)
    classes = ", ".join(outcome.value for outcome in DecisionOutcome)
    return {
        "label_definitions": {
            "decision_outcome": f"class of the decision: {classes}",
            **{name: said for name, said in MEASURES.items() if name in columns},
            **per_horizon,
            **{name: meaning for name, meaning in own.items() if name in columns},
        },
        "labeling_criteria": {**label_rules, "primary_horizon": horizons[0]},
        "label_validation_rules": [
            "end_ns is never before decision_ns",
            "no label is given before its end was received",
            "decision_outcome is one of the five classes",
        ],
    }
