"""The dataset card: what a stranger needs to know, as Markdown with a YAML head.

The head follows the form of Hugging Face's dataset cards, so that the folder can be
loaded there as it lies: one config per frame, by a glob over the day files.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from tradeloop.datasets.dataset import FRAMES
from tradeloop.datasets.kinds import Kind, kind_of

_LIMITS = (
    "Labels say what came of a decision at stated costs; they are no advice.",
    (
        "Decisions without a label are not in it: those pending and those censored, "
        "for instance because the data ended."
    ),
    (
        "The certificate cannot see leaks in the source itself, such as prices "
        "adjusted with later knowledge or a choice of survivors."
    ),
    (
        "Rows of one instrument close in time share their market; they count for "
        "fewer than they look."
    ),
)
_PURGED = "Training rows whose label interval meets a test interval are left out."
_LOAD = """\
```python
import polars as pl


def frame(name):
    return pl.read_parquet(
        f"year=*/month=*/day=*/{name}.parquet", hive_partitioning=False
    )


features, labels = frame("feature_vectors"), frame("outcome_labels")
rows = features.join(labels, on="decision_id", maintain_order="left")
test_of_fold_0 = rows.filter(pl.col("fold") == 0)
```

Train on what the split's rule leaves, not on all other rows: `tradeloop datasets
export` writes the purged training rows of a fold. Never shuffle rows into folds."""
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_MANY = "n>10M"


@dataclass(frozen=True, slots=True)
class CardPicture:
    """A picture beside the card.

    Parameters
    ----------
    file : str
        Name below the card's folder, such as ``pictures/balance.svg``.
    title, description : str
        What there is to see, and how to read it.
    """

    file: str
    title: str
    description: str


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    cells = [head, tuple("---" for _ in head), *rows]
    escaped = ([str(cell).replace("|", "\\|") for cell in row] for row in cells)
    return "\n".join(f"| {' | '.join(row)} |" for row in escaped)


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _tasks(kind: Kind) -> list[str]:
    forms = {"class": "tabular-classification", "regression": "tabular-regression"}
    found = (forms[t.form] for t in kind.targets if t.form in forms)
    return list(dict.fromkeys(found))


def _size(rows: int) -> str:
    return next((name for most, name in _SIZES if rows < most), _MANY)


def _head(described: Mapping[str, Any], kind: Kind) -> str:
    licences = sorted(set(described["licences"].values()))
    head = {
        "pretty_name": described["dataset_id"],
        "license": licences[0] if len(licences) == 1 else "other",
        "task_categories": _tasks(kind),
        "size_categories": [_size(described["sample_count"])],
        "tags": ["finance", "trading", "tradeloop", described["dataset_type"]],
        "configs": [
            {
                "config_name": name,
                "data_files": f"year=*/month=*/day=*/{name}.parquet",
                **({"default": True} if name == "outcome_labels" else {}),
            }
            for name in FRAMES
        ],
        "dataset_id": described["dataset_id"],
        "version": described["version"],
        "created": described["creation_timestamp"],
        "rows": described["sample_count"],
        "features": described["feature_count"],
        "quality_score": described["quality_score"],
        "leak_checks": described["certificate"]["checks"],
        "leak_checks_failed": described["certificate"]["failed"],
        "leak_checks_absent": len(described["certificate"].get("absent", ())),
    }
    text: str = yaml.safe_dump(head, sort_keys=False, allow_unicode=True)
    return f"---\n{text}---"


def _balance(described: Mapping[str, Any]) -> str:
    counts = described["label_distribution"]
    total = sum(counts.values())
    if not total:
        return "No outcome classes."
    rows = ((name, n, f"{n / total:.1%}") for name, n in counts.items())
    table = _table(("outcome", "rows", "share"), rows)
    return f"Classes of `decision_outcome`.\n\n{table}"


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


def _leaks(described: Mapping[str, Any]) -> str:
    results = described["certificate"]["results"]
    rows = (
        (c["name"], "passed" if c["passed"] else "FAILED", c["detail"]) for c in results
    )
    absent = (
        (c["name"], "absent", c["reason"])
        for c in described["certificate"].get("absent", ())
    )
    return _table(("check", "result", "detail"), (*rows, *absent))


def _features(described: Mapping[str, Any]) -> str:
    features = described["feature_schema"]["feature_definitions"]
    rows = ((f["name"], f.get("category", ""), f.get("formula", "")) for f in features)
    return _table(("feature", "category", "formula"), rows)


def _targets(kind: Kind) -> str:
    rows = (
        (f"{t.stem}_h" if t.per_horizon else t.stem, t.form, t.meaning)
        for t in kind.targets
    )
    text = _table(("target", "kind", "meaning"), rows)
    return f"{kind.documentation.meaning} h stands for each horizon.\n\n{text}"


def _licences(described: Mapping[str, Any]) -> str:
    licences = described["licences"].items()
    return _table(("input", "licence"), licences) if licences else "Not stated."


def _pictures(pictures: Sequence[CardPicture]) -> str:
    shown = (
        f"![{_alt(p.description)}]({p.file})\n\n*{p.title}.* {p.description}"
        for p in pictures
    )
    return "\n\n".join(shown)


def _alt(text: str) -> str:
    return text.replace("[", "(").replace("]", ")").replace("\n", " ")


def _what(described: Mapping[str, Any], kind: Kind) -> str:
    period = described["data_period"]
    return (
        f"{described['sample_count']} rows with {described['feature_count']} features "
        f"known at the decision and what came of each, made for "
        f"{described['dataset_type']}. One row: {kind.documentation.row} Decided from "
        f"{period['start_date']} to {period['end_date']}. Decisions left out: "
        f"{_left_out(described)}."
    )


def card(described: Mapping[str, Any], pictures: Sequence[CardPicture] = ()) -> str:
    """Write the card of a dataset from its metadata.

    Parameters
    ----------
    described : mapping
        What `metadata` returned.
    pictures : sequence of CardPicture
        Pictures that lie beside the card; `tradeloop.reports` draws them.

    Returns
    -------
    str
        Markdown; the head is YAML between two lines of three dashes.

    Raises
    ------
    InputError
        The dataset's type is unknown.
    """
    kind = kind_of(described["dataset_type"])
    told = kind.documentation
    definitions = described["label_schema"]["label_definitions"]
    sections = {
        "What": _what(described, kind),
        "Targets": _targets(kind),
        "When the labels are known": told.known_when,
        "Intended use": f"{told.intended_use}\n\nNot for: {told.not_for}",
        "Pictures": _pictures(pictures),
        "Balance": _balance(described),
        "Split": _split(described),
        "Leaks": _leaks(described),
        "Quality": _quality(described),
        "How to load": _LOAD,
        "Features": _features(described),
        "Labels": _table(("column", "meaning"), definitions.items()),
        "Limits": _list((*told.limits, *_LIMITS)),
        "Licences of the inputs": _licences(described),
        "Rebuild": "The version is the SHA-256 of the inputs in metadata.json: "
        f"`{described['version']}`.",
    }
    body = "\n\n".join(
        f"## {title}\n\n{text}" for title, text in sections.items() if text
    )
    return f"{_head(described, kind)}\n\n# {described['dataset_id']}\n\n{body}\n"
