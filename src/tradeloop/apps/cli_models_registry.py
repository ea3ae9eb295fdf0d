"""``tradeloop models``: listed, compared, judged, promoted, put back, archived."""

from typing import Annotated

import typer

from tradeloop.apps import registering, registry_tables
from tradeloop.apps.options import HERE, Folder, Json
from tradeloop.apps.terminal import speak

Name = Annotated[str, typer.Argument(help="Name of a model.")]
Version = Annotated[
    str, typer.Argument(help="Such as v1.0.0, or champion or challenger.")
]
Reason = Annotated[str, typer.Option(help="Why, in words; it is kept.")]
By = Annotated[
    str | None, typer.Option("--approver", help="Who says so; you by default.")
]


def list_(
    name: Annotated[str | None, typer.Argument(help="Name of a model.")] = None,
    *,
    folder: Folder = HERE,
    stage: Annotated[
        str | None, typer.Option(help="Only those in this stage, such as production.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the registered versions, the newest first."""
    speak(
        lambda: registering.listed(folder, name, stage),
        registry_tables.show_listed,
        as_json=as_json,
    )


def show(
    name: Annotated[
        str, typer.Argument(help="NAME, its champion, or NAME@VERSION or NAME@ALIAS.")
    ],
    version: Annotated[
        str | None, typer.Argument(help="Such as v1.0.0; the same as NAME@VERSION.")
    ] = None,
    *,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Show everything about a version, and check its files."""
    speak(
        lambda: registering.shown(folder, f"{name}@{version}" if version else name),
        registry_tables.show_shown,
        as_json=as_json,
    )


def compare(
    names: Annotated[
        list[str], typer.Argument(help="Two or more of NAME@VERSION or NAME@ALIAS.")
    ],
    *,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Set versions side by side, and compare them decision by decision."""
    speak(
        lambda: registering.compared(folder, names),
        registry_tables.show_compared,
        as_json=as_json,
    )


def judge(
    name: Name,
    version: Version,
    *,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Judge a version by the gate on rows it had not seen; the verdict is kept.

    The exit status is 1 where the gate does not promote it.
    """
    speak(
        lambda: registering.judged(folder, name, version),
        registry_tables.show_judged,
        as_json=as_json,
        good=lambda answer: bool(answer["promoted"]),
    )


def promote(
    name: Name,
    version: Version,
    *,
    to: Annotated[str, typer.Option(help="The next stage, such as testing.")],
    reason: Reason,
    folder: Folder = HERE,
    approver: By = None,
    role: Annotated[
        list[str] | None, typer.Option(help="Role of the approver; repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Move a version to its next stage; canary and production ask for a verdict."""
    asked = {
        "name": name,
        "version": version,
        "to": to,
        "reason": reason,
        "approver": approver,
        "roles": role or [],
    }
    _change("promote", asked, folder, as_json=as_json)


def rollback(
    name: Name,
    *,
    reason: Reason,
    folder: Folder = HERE,
    approver: By = None,
    as_json: Json = False,
) -> None:
    """Put the production version before this one back, in one step."""
    asked = {"name": name, "reason": reason, "approver": approver}
    _change("rollback", asked, folder, as_json=as_json)


def archive(
    name: Name,
    version: Version,
    *,
    reason: Reason,
    folder: Folder = HERE,
    approver: By = None,
    as_json: Json = False,
) -> None:
    """Take a version out of use for good; its files and its history stay."""
    asked = {"name": name, "version": version, "reason": reason, "approver": approver}
    _change("archive", asked, folder, as_json=as_json)


def _change(
    verb: str, asked: registering.Answer, folder: Folder, *, as_json: bool
) -> None:
    speak(
        lambda: registering.changed(folder, verb, asked),
        registry_tables.show_changed,
        as_json=as_json,
    )


def add_to(app: typer.Typer) -> None:
    """Add the registry's verbs to the commands of ``tradeloop models``."""
    app.command(name="list")(list_)
    for verb in (show, compare, judge, promote, rollback, archive):
        app.command()(verb)
