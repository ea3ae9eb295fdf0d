"""The rows as a person reads them."""

from collections.abc import Mapping
from typing import Any

from tradeloop.apps.terminal import answers, table

_THOUSAND = 1000.0
_MET = {True: "[green]yes[/]", False: "[red]no[/]", None: ""}


def show(answer: Mapping[str, Any]) -> None:
    """Print the machine, the table and the notes on standard output."""
    host = answer["machine"]
    versions = ", ".join(f"{name} {v}" for name, v in host["versions"].items())
    answers.print(
        f"{host['cpu']}, {host['cores']} cores, load {host['load_1m']}, "
        f"{host['system']}, Python {host['python']}\n{versions}\n"
        "Simulated data with a fixed seed; medians, ours and peer in turn.",
        markup=False,
    )
    notes = list(dict.fromkeys(row["note"] for row in answer["rows"] if row["note"]))
    shown = [_line(row, notes) for row in answer["rows"]]
    columns = ("what", "ours", "peer", "unit", "ratio", "target", "met", "peer is")
    answers.print(table("", columns, shown))
    for place, note in enumerate(notes, 1):
        answers.print(f"{place}. {note}", markup=False)


def _line(row: Mapping[str, Any], notes: list[str]) -> tuple[str, ...]:
    mark = f" ({notes.index(row['note']) + 1})" if row["note"] else ""
    return (
        row["what"] + mark,
        number(row["ours"]),
        number(row["peer"]),
        row["unit"],
        f"{number(row['ratio'])}x" if row["ratio"] is not None else "",
        asked(row),
        _MET[row["met"]],
        row["peer_name"],
    )


def asked(row: Mapping[str, Any]) -> str:
    """Write what was asked for, with its sense: ``>= 1.3x``, ``<= 5 us``."""
    if row["target"] is None:
        return ""
    if row["target_is"] == "ratio":
        return f">= {number(row['target'])}x"
    sign = "<=" if row["better"] == "less" else ">="
    return f"{sign} {number(row['target'])}"


def number(value: float | None) -> str:
    """Three digits, or whole thousands; ``-`` where there is none."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= _THOUSAND else f"{value:.3g}"
