"""``tradeloop schemas``: the contracts of events, as JSON Schema and AsyncAPI."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.markup import escape

from tradeloop.apps.terminal import answers, table
from tradeloop.errors import InputError
from tradeloop.events import CONTRACTS
from tradeloop.events.evolution import broken_promises
from tradeloop.events.schemas import ASYNCAPI, documents, written


def schemas(out: Path | None) -> Mapping[str, Any]:
    """Generate the documents; write them into ``out``, if there is one.

    Parameters
    ----------
    out : Path, optional
        Folder; one file for each document. Files of an earlier version are replaced.

    Returns
    -------
    mapping
        ``contracts``: list of type, direction, number of fields, required fields.
        ``files``: names of the files written. ``documents``: name to document, where
        none was written.

    Raises
    ------
    InputError
        ``out`` is a file, or holds a schema that today's would break: a version only
        grows. Nothing is written.
    """
    made = documents()
    rows = [
        {
            "type": contract.type,
            "direction": contract.direction,
            "fields": len(contract.record.columns),
            "required": list(contract.record.required),
        }
        for contract in CONTRACTS.values()
    ]
    if out is None:
        return {"contracts": rows, "files": [], "documents": made}
    if out.exists() and not out.is_dir():
        raise InputError(
            "A folder is needed, this is a file.",
            way_out="Name another folder.",
            source=str(out),
        )
    for name, document in made.items():
        if name != ASYNCAPI:
            _keep_promises(out / f"{name}.json", document)
    out.mkdir(parents=True, exist_ok=True)
    for name, document in made.items():
        (out / f"{name}.json").write_text(written(document), "utf-8", newline="\n")
    return {"contracts": rows, "files": [str(out / f"{name}.json") for name in made]}


def show(answer: Mapping[str, Any]) -> None:
    """Print the contracts, and what was written."""
    rows = [
        (c["type"], c["direction"], str(c["fields"]), str(len(c["required"])))
        for c in answer["contracts"]
    ]
    answers.print(table("", ("type", "direction", "fields", "required"), rows))
    for file in answer["files"]:
        answers.print(escape(file))


def _keep_promises(file: Path, document: Mapping[str, Any]) -> None:
    if not file.exists():
        return
    try:
        broken = broken_promises(json.loads(file.read_text("utf-8")), document)
    except (ValueError, AttributeError, TypeError):
        raise InputError(
            "This is no JSON Schema of a contract.",
            way_out="Name another folder, or remove the file.",
            source=str(file),
        ) from None
    if broken:
        raise InputError(
            f"Today's contract breaks it: {'; '.join(broken)}.",
            way_out="A version only grows: undo it, or make a new version.",
            source=str(file),
        )
