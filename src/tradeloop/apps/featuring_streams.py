"""``tradeloop features compute --streams``: features of ticks, each on its clock."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tradeloop.apps.terminal import answers
from tradeloop.capture import read_events
from tradeloop.capture.book_depths import replay_depths
from tradeloop.clock import monotonic_s
from tradeloop.errors import InputError
from tradeloop.features import Bank, compute_streams
from tradeloop.features.base import CLOCK_INPUTS, Column, clock_of
from tradeloop.features.catalogue import computable, raw_inputs, standard
from tradeloop.features.microstructure.tape import tape

KINDS = ("quote", "trade", "book_delta")


def computed_streams(
    paths: Sequence[Path], own: Sequence[Column], *, columns: Path | None, out: Path
) -> Mapping[str, Any]:
    """Compute what the catalogue has for quotes, trades, the tape and the book.

    Rows of an instrument stand in the order in which they were received, as a live
    process gets them. The tape is there where both quotes and trades are; its spreads
    compare the two, so that both should tell the venue's time.

    Parameters
    ----------
    paths : sequence of Path
        Files of quotes, trades and changes of the book.
    own : sequence of Column
        The user's own features; those whose inputs are there come, too.
    columns : Path, optional
        Column map of the user's own.
    out : Path
        Folder; it gets one Parquet file a stream, with a row for each of its events.

    Raises
    ------
    InputError
        A file breaks a rule, nothing can be computed, or ``out`` cannot be a folder.
    """
    _require_folder(out)
    tables = _tables(_rows(paths, columns))
    banks = _banks(tables, own)
    told: dict[str, Any] = {}
    for stream, bank in banks.items():
        began_s = monotonic_s()
        found = compute_streams(bank, tables, at=stream)
        took_s = monotonic_s() - began_s
        path = out / f"{stream}.parquet"
        found.write_parquet(path)
        missing = sum(found.select(bank.names).null_count().row(0))
        told[stream] = {
            "out": str(path),
            "rows": found.height,
            "columns": len(bank.names),
            "fingerprint": bank.fingerprint,
            "seconds": round(took_s, 3),
            "missing_share": missing / max(1, found.height * len(bank.names)),
        }
    return {"out": str(out), "streams": told}


def show_streams(answer: Mapping[str, Any]) -> None:
    """Print one line a stream, and where it all lies."""
    for stream, each in answer["streams"].items():
        answers.print(
            f"{stream}: {each['columns']} columns of {each['rows']:,} events in "
            f"{each['seconds']:.2f} s; {each['missing_share']:.1%} missing, warm-up "
            "included",
            markup=False,
            soft_wrap=True,
        )
    answers.print(answer["out"], markup=False, soft_wrap=True)


def _require_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"A folder is needed for one file a stream: {error.strerror}.",
            way_out="Give a folder, such as features.",
            source=f"--out {out}",
        ) from error


def _rows(paths: Sequence[Path], columns: Path | None) -> dict[str, pl.DataFrame]:
    """Rows of each kind, instrument by instrument as they became known."""
    read: dict[str, list[pl.DataFrame]] = {}
    for path in paths:
        for intake in read_events(path, kinds=KINDS, columns=columns):
            read.setdefault(intake.record.kind, []).append(intake.rows)
    return {
        kind: pl.concat(frames).sort(
            "instrument", "received_ns", "event_ns", maintain_order=True
        )
        for kind, frames in read.items()
    }


def _tables(rows: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Streams that these kinds of rows make."""
    found = {kind: rows[kind] for kind in ("quote", "trade") if kind in rows}
    if "quote" in found and "trade" in found:
        found["tape"] = tape(found["quote"], found["trade"])
    if "book_delta" in rows:
        found["book"] = replay_depths(rows["book_delta"])
    return found


def _banks(
    tables: Mapping[str, pl.DataFrame], own: Sequence[Column]
) -> dict[str, Bank]:
    """Bank of each stream: what can be made of the columns that are there."""
    raw = {f"{s}.{name}" for s in tables for name in CLOCK_INPUTS}
    for stream, frame in tables.items():
        there = [c.name for c in frame if c.null_count() < len(c)]
        raw |= {f"{stream}.{name}" for name in there}
    wanted = {column.name: column for column in standard()}
    for column in own:
        if wanted.setdefault(column.name, column) != column:
            raise InputError(
                f"The catalogue has a feature {column.name!r} already.",
                way_out="Give your own feature another name.",
                source=column.name,
            )
    found: dict[str, list[Column]] = {}
    for column in computable(wanted.values(), raw):
        if all("." in name for name in raw_inputs(column)):
            found.setdefault(clock_of(column), []).append(column)
    if not found:
        raise InputError(
            "There is no feature of what these files hold.",
            way_out=f"Give files of {', '.join(KINDS)}.",
            source="--streams",
        )
    return {stream: Bank(held) for stream, held in found.items()}
