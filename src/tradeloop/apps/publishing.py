"""What ``tradeloop datasets publish`` and ``fetch`` do, and how they are shown."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tradeloop.apps.assembling import there
from tradeloop.apps.terminal import answers
from tradeloop.pipelines.export import export
from tradeloop.pipelines.publish import fetch, publish


def published(
    folder: Path, name: str, project: Path, remote: str | None
) -> Mapping[str, Any]:
    """Track a dataset with DVC and push it; see `pipelines.publish`."""
    with there(folder) as (workspace, _):
        done = publish(workspace, name, project, remote)
    return {
        "dataset_id": done.dataset_id,
        "tracked": str(done.tracked),
        "pushed": done.pushed,
    }


def show_published(answer: Mapping[str, Any]) -> None:
    """Print what stands for the dataset now."""
    said = "tracked and pushed" if answer["pushed"] else "tracked, not pushed"
    answers.print(
        f"{answer['dataset_id']}: {said}\n{answer['tracked']}",
        markup=False,
        soft_wrap=True,
    )


def fetched(project: Path, name: str) -> Mapping[str, Any]:
    """Bring a published dataset back and check it."""
    return {"dataset_id": name, "files": fetch(project, name), "project": str(project)}


def show_fetched(answer: Mapping[str, Any]) -> None:
    """Print how much of it is right."""
    answers.print(
        f"{answer['dataset_id']}: {answer['files']:,} files match their hashes",
        markup=False,
    )


def exported(
    folder: Path, name: str, file_format: str, out: Path, *, fold: int | None
) -> Mapping[str, Any]:
    """Write a dataset in a format of others; see `pipelines.export`."""
    with there(folder) as (workspace, _):
        done = export(workspace, name, file_format, out, fold=fold)
    return {**asdict(done), "format": file_format, "place": str(done.place)}


def show_exported(answer: Mapping[str, Any]) -> None:
    """Print where it lies."""
    answers.print(
        f"{answer['format']}, {len(answer['files'])} files\n{answer['place']}",
        markup=False,
        soft_wrap=True,
    )
