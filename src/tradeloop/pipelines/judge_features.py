"""Rules that the features of a dataset broke: said in its quality report."""

from collections import Counter
from math import isfinite
from typing import Any

import numpy as np

from tradeloop.datasets import Dataset
from tradeloop.datasets.metadata import utc_text
from tradeloop.features.validation import Finding, validate
from tradeloop.features.validation_rules import rules_for
from tradeloop.pipelines.assemble import Material
from tradeloop.quality import QualityReport

_MOST = 50  # findings that are told one by one


def judged(
    quality: QualityReport, material: Material, dataset: Dataset
) -> dict[str, Any]:
    """Return the quality report as JSON, with what the features broke.

    Parameters
    ----------
    quality : QualityReport
        Of the rows that were captured.
    material : Material
        Bank and features.
    dataset : Dataset
        Says which decisions are for testing.

    Returns
    -------
    dict
        The report and ``validation_results``: ``features`` tells how many rules there
        are, where their bounds come from, and what broke them, most rows first. The
        rules are learned from bars that were known before the first decision that is
        for testing; without folds, from the first half of the bars.
    """
    return {
        **quality.as_mapping(),
        "validation_results": {"features": _validated(material, dataset)},
    }


def _validated(material: Material, dataset: Dataset) -> dict[str, Any]:
    frame, known = material.features, material.features["received_ns"].to_numpy()
    tested = dataset.outcome_labels["fold"].to_numpy() >= 0
    until = int(np.median(known)) + 1
    if tested.any() and (known < dataset.decision_ns[tested].min()).any():
        until = int(dataset.decision_ns[tested].min())
    rules = rules_for(material.bank.outputs, frame, known < until)
    found = sorted(validate(frame, rules), key=lambda each: -len(each.rows))
    rows = np.unique(np.concatenate([np.empty(0, int), *(f.rows for f in found)]))
    return {
        "rules": len(rules),
        "bounds_from": dict(Counter(rule.bounds_from for rule in rules)),
        "learned_from_rows": int((known < until).sum()),
        "learned_until": utc_text(until),
        "rows": frame.height,
        "broken": len(found),
        "broken_rows": len(rows),
        "findings": [_told(each, known) for each in found[:_MOST]],
    }


def _told(found: Finding, known_ns: Any) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "feature": found.feature,
        "instrument": found.instrument,
        "rows": len(found.rows),
        "first_known": utc_text(int(known_ns[found.rows[0]])),
        "value": found.value if isfinite(found.value) else None,
        "limit": found.limit if isfinite(found.limit) else None,
    }
