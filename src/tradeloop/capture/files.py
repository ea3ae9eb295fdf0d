"""The user's files to accounts of market data, decisions and fills.

Files are read, never written. Every row that a file holds is kept or in quarantine
with its reason. What makes a whole file unreadable is one `InputError` that names file,
column, row and the way out.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tradeloop.capture.account import SORTED_BY, account
from tradeloop.capture.bars import bars_from_ticks, default_interval_ns
from tradeloop.capture.choosing import Plan, choose, fills_beside
from tradeloop.capture.intake import Intake, Market, merge_intakes
from tradeloop.capture.layout import own_layouts
from tradeloop.capture.line_files import Sheet
from tradeloop.capture.nearest import nearest
from tradeloop.capture.readers import files_below, read_sheet
from tradeloop.capture.records import RECORDS
from tradeloop.errors import InputError
from tradeloop.events import BAR, QUOTE, TRADE, Record, duration_ns, duration_text

MARKET_KINDS = ("bar", "quote", "trade")
KINDS = tuple(RECORDS)
"""All kinds of events that files can hold; of two that fit alike the first counts."""


def read_market(
    paths: Sequence[Path], *, columns: Path | None = None, bar: str | None = None
) -> Market:
    """Read files of bars, quotes and trades, in any mixture.

    Parameters
    ----------
    paths : sequence of Path
        Files, or folders of files: Parquet, CSV, Arrow IPC.
    columns : Path, optional
        Column map of the user's own (form: `tradeloop.capture.layout`).
    bar : str, optional
        Length of the bars that are built from ticks, such as ``1s``. Without it: that
        of the bars read; else ``1s`` if the ticks span less than a day, ``1m`` if more.

    Returns
    -------
    Market
        Bars that were read are taken as they are; instruments that have ticks and no
        bars get bars of the same length.

    Raises
    ------
    InputError
        A file cannot be read, holds no row that can be used, bars of two lengths meet,
        or ``bar`` is not the length of the bars read.
    """
    own = own_layouts(columns)
    intakes: list[Intake] = []
    for path in files_below(paths):
        sheet = read_sheet(path)
        plan = choose(sheet.table.columns, MARKET_KINDS, source=str(path), own=own)
        intakes.append(_usable(_account(sheet, plan, intakes)))
    read = {record.kind: _rows(intakes, record) for record in (BAR, QUOTE, TRADE)}
    interval_ns = _interval_ns(intakes, read, bar)
    bars, quotes, trades = read["bar"], read["quote"], read["trade"]
    lone = ~pl.col("instrument").is_in(bars["instrument"].unique().implode())
    built = bars_from_ticks(
        quotes.filter(lone), trades.filter(lone), interval_ns=interval_ns
    )
    if bars.height and built.height:
        bars = pl.concat([bars, built]).sort("instrument", "event_ns")
    elif built.height:
        bars = built
    return Market(bars, quotes, trades, interval_ns, tuple(intakes))


def read_decisions(path: Path, *, columns: Path | None = None) -> Intake:
    """Read a file, or a folder of files, of decisions.

    Parameters
    ----------
    path : Path
    columns : Path, optional
        Column map of the user's own.

    Returns
    -------
    Intake
        Rows of DECISION, sorted by event time.

    Raises
    ------
    InputError
        A file cannot be read, or holds no decision that can be used.
    """
    return _read_kind(path, "decision", columns)


def read_fills(path: Path, *, columns: Path | None = None) -> Intake:
    """Read a file, or a folder of files, of fills.

    Parameters, result and errors are those of `read_decisions`, with rows of FILL.
    """
    return _read_kind(path, "fill", columns)


def read_events(
    path: Path, *, kinds: Sequence[str] = KINDS, columns: Path | None = None
) -> tuple[Intake, ...]:
    """Read a file, or a folder of files, of events of any kind.

    Parameters
    ----------
    path : Path
        Parquet, CSV, NDJSON or Arrow IPC; each file holds one kind of rows. Fills in
        the rows of a file of decisions are an account of their own.
    kinds : sequence of str
        Kinds that may be read. Where a file could be two of them alike, the first one
        named counts.
    columns : Path, optional
        Column map of the user's own.

    Returns
    -------
    tuple of Intake
        In the order of the files; what an earlier one kept is not kept again.

    Raises
    ------
    InputError
        A kind does not exist, a file cannot be read, or holds no row that can be used.
    """
    for kind in kinds:
        if kind not in RECORDS:
            raise InputError(
                f"There is no kind of event {kind!r} in files.{nearest(kind, RECORDS)}",
                way_out=f"Use one of {', '.join(RECORDS)}.",
            )
    own = own_layouts(columns)
    intakes: list[Intake] = []
    for file in files_below([path]):
        sheet = read_sheet(file)
        names = sheet.table.columns
        plan = choose(names, kinds, source=str(file), own=own)
        intakes.append(_usable(_account(sheet, plan, intakes)))
        fills = fills_beside(plan, names, own) if plan.kind == "decision" else None
        if fills is not None and "fill" in kinds:
            intakes.append(_beside(sheet, fills, intakes))
    return tuple(intakes)


def fills_of(path: Path, *, columns: Path | None = None) -> Intake | None:
    """Read the fills that stand in the rows of a file of decisions.

    Parameters
    ----------
    path : Path
        A file, or a folder of files, that `read_decisions` reads.
    columns : Path, optional
        Column map of the user's own.

    Returns
    -------
    Intake or None
        None where the layout of the decisions describes no fills.
    """
    own = own_layouts(columns)
    parts: list[Intake] = []
    for file in files_below([path]):
        sheet = read_sheet(file)
        names = sheet.table.columns
        plan = choose(names, ("decision",), source=str(file), own=own)
        fills = fills_beside(plan, names, own)
        if fills is not None:
            parts.append(_beside(sheet, fills, parts))
    return merge_intakes(parts, source=str(path)) if parts else None


def _read_kind(path: Path, kind: str, columns: Path | None) -> Intake:
    own = own_layouts(columns)
    parts: list[Intake] = []
    for file in files_below([path]):
        sheet = read_sheet(file)
        plan = choose(sheet.table.columns, (kind,), source=str(file), own=own)
        parts.append(_usable(_account(sheet, plan, parts)))
    return merge_intakes(parts, source=str(path))


def _account(sheet: Sheet, plan: Plan, earlier: Sequence[Intake]) -> Intake:
    return account(
        sheet.table, plan, earlier, numbers=sheet.numbers, broken=sheet.broken
    )


def _beside(sheet: Sheet, plan: Plan, earlier: Sequence[Intake]) -> Intake:
    """Account the fills of a file of decisions; its broken lines count there."""
    return account(sheet.table, plan, earlier, numbers=sheet.numbers)


def _usable(intake: Intake) -> Intake:
    if intake.rows.height:
        return intake
    first = intake.quarantined.row(0, named=True) if intake.read else None
    reasons = ", ".join(f"{n} x {reason}" for reason, n in intake.reasons.items())
    raise InputError(
        f"None of the {intake.read} rows can be used: {reasons}. "
        f"The file was {intake.notes[0]}.",
        way_out="Correct the file, or say by --columns MAP.toml what it holds.",
        source=intake.source,
        row=first["row"] if first else None,
    )


def _rows(intakes: Sequence[Intake], record: Record) -> pl.DataFrame:
    frames = [intake.rows for intake in intakes if intake.record is record]
    if not frames:
        return record.empty()
    if len(frames) == 1:
        return frames[0]
    return pl.concat(frames).sort(
        *SORTED_BY[record.kind], maintain_order=True, nulls_last=False
    )


def _interval_ns(
    intakes: Sequence[Intake], read: dict[str, pl.DataFrame], bar: str | None
) -> int:
    asked = None if bar is None else duration_ns(bar)
    if read["bar"].height == 0:
        return asked or default_interval_ns(read["quote"], read["trade"])
    found: dict[int, str] = {}
    for intake in intakes:
        if intake.record is BAR:
            lengths = intake.rows.select(pl.col("event_ns") - pl.col("open_ns"))
            found |= dict.fromkeys(lengths.to_series().unique().sort(), intake.source)
    if len(found) > 1:
        (one, there), (two, here) = list(found.items())[:2]
        raise InputError(
            f"Bars of two lengths: {duration_text(two)} here, {duration_text(one)} in "
            f"{there}.",
            way_out="Give files of bars of one length.",
            source=here,
        )
    length, source = next(iter(found.items()))
    if asked is not None and asked != length:
        raise InputError(
            f"Bars of {bar} were asked for, but the file holds bars of "
            f"{duration_text(length)}.",
            way_out=f"Leave the length out, or say {duration_text(length)}; other "
            "lengths are built from quotes and trades only.",
            source=source,
        )
    return length
