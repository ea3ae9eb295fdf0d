"""What ``tradeloop datasets`` does, and how it is shown."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from rich.markup import escape

from tradeloop.apps.choosing import rules_of
from tradeloop.apps.rules import located
from tradeloop.apps.settings import load
from tradeloop.apps.terminal import answers, bars, table
from tradeloop.clock import LiveClock
from tradeloop.datasets import utc_text
from tradeloop.errors import InputError, NotFoundError
from tradeloop.events import DatasetType, duration_ns, instant_ns
from tradeloop.pipelines import browse
from tradeloop.pipelines.build import Ask, build
from tradeloop.pipelines.diff import diff
from tradeloop.pipelines.rebuild import verify
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Workspace, open_workspace

_WEIGHTS = {
    "captured": 2.0,
    "features and labels": 3.0,
    "dataset": 2.0,
    "quality and leak certificate": 4.0,
    "lake": 4.0,
}
_MOST_CHANGES = 20


@contextmanager
def there(folder: Path) -> Iterator[tuple[Workspace, Rules]]:
    """Open the workspace of a folder, with its rules; nothing is made.

    Raises
    ------
    NotFoundError
        There is none.
    """
    settings = load(folder)
    places = settings.places(folder)
    if not places.catalog.is_file():
        raise NotFoundError(
            f"{folder} holds no workspace: no {places.catalog.name}. Make one: "
            "tradeloop run, or tradeloop capture file."
        )
    rules = rules_of(settings, folder)
    with open_workspace(places, settings.acting(), LiveClock()) as workspace:
        yield workspace, rules


def type_of(name: str | None) -> DatasetType | None:
    """Find the type of this name, in any case.

    Raises
    ------
    InputError
        There is none; the nearest is named.
    """
    if name is None:
        return None
    known = [each.value for each in DatasetType]
    wanted = name.upper().replace("-", "_")
    if wanted in known:
        return DatasetType(wanted)
    near = get_close_matches(wanted, known, n=1, cutoff=0.0)[0]
    raise InputError(
        f"There is no type of dataset {name!r}; did you mean {near}?",
        way_out=f"Known: {', '.join(known)}.",
        source="--type",
    )


def as_of_ns(text: str | None) -> int | None:
    """Read the time of ``--as-of``, ns UTC; None where it is not given.

    Raises
    ------
    InputError
        It is no time, or has no zone.
    """
    if text is None:
        return None
    with located("--as-of"):
        return instant_ns(text)


def built(  # one parameter an option
    folder: Path,
    dataset_type: str | None,
    horizons: str | None,
    benchmark: str | None,
    as_of: str | None,
    *,
    quiet: bool,
) -> Mapping[str, Any]:
    """Make a dataset of all that was captured; see `pipelines.build.build`."""
    settings = load(folder)
    with located("--horizons" if horizons else "horizons of tradeloop.toml"):
        asked = horizons.split(",") if horizons else settings.horizons
        horizons_ns = tuple(duration_ns(part) for part in asked)
    ask = Ask(
        dataset_type=type_of(dataset_type) or DatasetType.SIGNAL_GENERATION,
        horizons_ns=horizons_ns,
        benchmark=benchmark or settings.benchmark or None,
        as_of_ns=as_of_ns(as_of),
    )
    with there(folder) as (workspace, rules), bars(_WEIGHTS, quiet=quiet) as progress:
        made = build(workspace, ask, rules, progress)
    certificate = made.certificate.as_mapping()
    return {
        "dataset_id": made.written.dataset_id,
        "dataset_type": made.dataset.dataset_type,
        "version": made.written.version,
        "new": made.written.new,
        "path": str(made.written.path),
        "rows": made.dataset.sample_count,
        "features": made.dataset.feature_count,
        "label_distribution": dict(made.dataset.label_distribution),
        "left_out": dict(made.dataset.left_out),
        "set_aside": made.set_aside,
        "quality": made.quality.overall,
        "leaks": {
            "checks": certificate["checks"],
            "failed": certificate["failed"],
            "absent": len(certificate["absent"]),
        },
        "notes": made.notes,
    }


def show_built(answer: Mapping[str, Any]) -> None:
    """Print what was made, and where."""
    leaks, said = answer["leaks"], "new" if answer["new"] else "was there before"
    answers.print(
        f"{answer['dataset_id']}  ({said})\n{answer['rows']:,} rows x "
        f"{answer['features']} features, quality {answer['quality']:.4f}, "
        f"{leaks['checks'] - leaks['failed']} of {leaks['checks']} leak checks passed, "
        f"{leaks['absent']} absent",
        markup=False,
        soft_wrap=True,
    )
    for reason, count in {**answer["left_out"], **answer["set_aside"]}.items():
        if count:
            answers.print(f"left out: {count:,} {reason}", markup=False)
    for part, reason in answer["notes"].items():
        answers.print(f"no {part}: {reason}", markup=False, soft_wrap=True)
    answers.print(answer["path"], markup=False, soft_wrap=True)


def listed(folder: Path, dataset_type: str | None) -> Mapping[str, Any]:
    """List the datasets of a workspace."""
    wanted = type_of(dataset_type)
    with there(folder) as (workspace, _):
        records = browse.listed(workspace, wanted)
        return {
            "datasets": [
                {
                    "dataset_id": each.dataset_id,
                    "dataset_type": each.dataset_type.value,
                    "version": browse.version_of(each),
                    "created": utc_text(each.creation_ns),
                    "rows": each.sample_count,
                    "features": each.feature_count,
                    "quality": each.quality_score,
                    "label_distribution": dict(each.label_distribution),
                }
                for each in records
            ]
        }


def show_listed(answer: Mapping[str, Any]) -> None:
    """Print one line a dataset."""
    rows = [
        (
            escape(each["dataset_id"]),
            each["created"][:19],
            f"{each['rows']:,}",
            str(each["features"]),
            f"{each['quality']:.4f}",
        )
        for each in answer["datasets"]
    ]
    head = ("dataset", "made, UTC", "rows", "features", "quality")
    answers.print(table(f"{len(rows)} datasets", head, rows))


def shown(folder: Path, name: str) -> Mapping[str, Any]:
    """Return what a dataset says of itself."""
    with there(folder) as (workspace, _):
        return browse.shown(workspace, name)


def show_shown(answer: Mapping[str, Any]) -> None:
    """Print what matters of it; all of it is in ``--json``."""
    period, folds = answer["data_period"], answer["rows_per_fold"]
    lines = {
        "dataset": answer["dataset_id"],
        "version": answer["version"],
        "made": answer["creation_timestamp"],
        "period": f"{period['start_date']} to {period['end_date']}",
        "rows": f"{answer['sample_count']:,} x {answer['feature_count']} features",
        "classes": _counts(answer["label_distribution"]),
        "fold: rows": _counts(folds),
        "left out": _counts(answer["left_out"]),
        "quality": f"{answer['quality_score']:.4f}",
        "inputs": ", ".join(
            f"{slice_} {sha[:12]}" for slice_, sha in answer["inputs"]["slices"].items()
        ),
        "place": answer["storage_location"],
    }
    for name, text in lines.items():
        answers.print(f"{name:<11} {text}", markup=False, soft_wrap=True)
    for check in answer["certificate"]["results"]:
        said = "passed" if check["passed"] else "FAILED"
        answers.print(
            f"{said:<11} {check['name']}: {check['detail']}",
            markup=False,
            soft_wrap=True,
        )


def _counts(given: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in given.items())


def card(folder: Path, name: str) -> str:
    """Return the card of a dataset."""
    with there(folder) as (workspace, _):
        return browse.card_of(workspace, name)


def verified(folder: Path, name: str, *, rebuild: bool) -> Mapping[str, Any]:
    """Check a dataset's bytes, and make it again."""
    with there(folder) as (workspace, rules):
        result = verify(workspace, name, rules.features.own, rebuild=rebuild)
        return {**asdict(result), "same": result.same, "rebuilt": rebuild}


def show_verified(answer: Mapping[str, Any]) -> None:
    """Print whether it came out the same."""
    answers.print(f"{answer['files']:,} files match their hashes", markup=False)
    if answer["reason"]:
        answers.print(f"not made again: {answer['reason']}", markup=False)
    elif answer["rebuilt"]:
        said = "the same" if answer["same"] else "DIFFERENT"
        answers.print(f"made again: {said}, version {answer['remade']}", markup=False)
        for frame, same in answer["frames"].items():
            answers.print(f"    {frame:<20} {'equal' if same else 'differs'}")


def compared(folder: Path, old: str, new: str) -> Mapping[str, Any]:
    """Explain the difference between two versions."""
    with there(folder) as (workspace, rules):
        return asdict(diff(workspace, old, new, rules.features.own))


def show_compared(answer: Mapping[str, Any]) -> None:
    """Print rows and cells by their cause."""
    for word in ("added", "removed"):
        for cause, count in answer[word].items():
            answers.print(f"{count:,} rows {word}: {cause}", markup=False)
    changes = answer["changes"]
    rows = [
        (c["cause"], escape(f"{c['frame']}.{c['column']}"), f"{c['cells']:,}")
        for c in changes[:_MOST_CHANGES]
    ]
    if rows:
        head = ("cause", "column", "cells")
        answers.print(table("cells of rows that both have", head, rows))
    if len(changes) > len(rows):
        left = len(changes) - len(rows)
        answers.print(f"and {left} columns more: --json has all", markup=False)
    total = sum(c["cells"] for c in changes)
    answers.print(
        f"{total:,} changes of cells, {answer['unexplained']} without a cause",
        markup=False,
    )


def removed(folder: Path, name: str) -> Mapping[str, Any]:
    """Remove a dataset."""
    with there(folder) as (workspace, _):
        return {"removed": browse.remove(workspace, name).dataset_id}
