"""The dataset card: what a stranger needs to know, as Markdown with a YAML head."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

_LIMITS = """\
- Labels say what came of a decision at stated costs; they are no advice.
- Decisions without a label are not in it: those pending and those censored, for
  instance because the data ended.
- The certificate cannot see leaks in the source itself, such as prices adjusted with
  later knowledge or a choice of survivors.
- Rows of one instrument close in time share their market; they count for fewer than
  they look."""
_PURGED = "Training rows whose label interval meets a test interval are left out."


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    cells = [head, tuple("---" for _ in head), *rows]
    escaped = ([str(cell).replace("|", "\\|") for cell in row] for row in cells)
    return "\n".join(f"| {' | '.join(row)} |" for row in escaped)


def _head(described: Mapping[str, Any]) -> str:
    licences = sorted(set(described["licences"].values()))
    head = {
        "pretty_name": described["dataset_id"],
        "license": licences[0] if len(licences) == 1 else "other",
        "task_categories": ["tabular-classification"],
        "tags": ["finance", "trading", described["dataset_type"]],
        "dataset_id": described["dataset_id"],
        "version": described["version"],
        "created": described["creation_timestamp"],
        "rows": described["sample_count"],
        "features": described["feature_count"],
        "quality_score": described["quality_score"],
        "leak_checks": described["certificate"]["checks"],
        "leak_checks_failed": described["certificate"]["failed"],
    }
    text: str = yaml.safe_dump(head, sort_keys=False, allow_unicode=True)
    return f"---\n{text}---"


def _balance(described: Mapping[str, Any]) -> str:
    counts = described["label_distribution"]
    total = sum(counts.values())
    if not total:
        return "No outcome classes."
    rows = ((name, n, f"{n / total:.1%}") for name, n in counts.items())
    return _table(("outcome", "rows", "share"), rows)


def _quality(described: Mapping[str, Any]) -> str:
    metrics = described["data_quality_metrics"]
    if not metrics:
        return "Not measured."
    rows = ((name, f"{value:.4f}") for name, value in metrics.items())
    return _table(("measure", "value"), rows)


def _split(described: Mapping[str, Any]) -> str:
    rules = described["inputs"]["split"]
    stated = ", ".join(f"{name} {value}" for name, value in rules.items())
    per_fold = described["rows_per_fold"].items()
    rows = ((("only trains" if k == "-1" else k), n) for k, n in per_fold)
    return f"{stated}. {_PURGED}\n\n{_table(('fold', 'rows'), rows)}"


def _left_out(described: Mapping[str, Any]) -> str:
    counts = described["left_out"].items()
    return ", ".join(f"{reason}: {n}" for reason, n in counts) or "none"


def card(described: Mapping[str, Any]) -> str:
    """Write the card of a dataset from its metadata.

    Parameters
    ----------
    described : mapping
        What `metadata` returned.

    Returns
    -------
    str
        Markdown; the head is YAML between two lines of three dashes.
    """
    period, results = described["data_period"], described["certificate"]["results"]
    leaks = (
        (c["name"], "passed" if c["passed"] else "FAILED", c["detail"]) for c in results
    )
    licences = described["licences"].items()
    features = described["feature_schema"]["feature_definitions"]
    rows = ((f["name"], f.get("category", ""), f.get("formula", "")) for f in features)
    sections = {
        "What": f"{described['sample_count']} trading decisions with "
        f"{described['feature_count']} features known at the decision and what came of "
        f"each, made for {described['dataset_type']}. Decided from "
        f"{period['start_date']} to {period['end_date']}. Decisions left out: "
        f"{_left_out(described)}.",
        "Balance": _balance(described),
        "Split": _split(described),
        "Leaks": _table(("check", "result", "detail"), leaks),
        "Quality": _quality(described),
        "Features": _table(("feature", "category", "formula"), rows),
        "Labels": _table(
            ("column", "meaning"),
            described["label_schema"]["label_definitions"].items(),
        ),
        "Limits": _LIMITS,
        "Licences of the inputs": _table(("input", "licence"), licences)
        if described["licences"]
        else "Not stated.",
        "Rebuild": "The version is the SHA-256 of the inputs in metadata.json: "
        f"`{described['version']}`.",
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    return f"{_head(described)}\n\n# {described['dataset_id']}\n\n{body}\n"
