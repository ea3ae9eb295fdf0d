"""A table to an intake: read, check, sort, set aside.

1. `choose` finds the layout, `draft_of` the rows that it speaks of.
2. `build` reads the fields and marks what cannot be read.
3. `broken_rules` names the first rule that a row breaks.
4. `repeated` finds copies and conflicts in the file, `shared` those of earlier files;
   the rest is sorted.
5. Refused rows go to quarantine with the body as read.
"""

from collections.abc import Sequence

import polars as pl

from tradeloop.capture.checks import broken_rules, repeated, shared
from tradeloop.capture.choosing import Plan
from tradeloop.capture.draft import ROW, Draft, draft_of
from tradeloop.capture.intake import QUARANTINE, Intake, quarantine
from tradeloop.capture.records import RECORDS, build
from tradeloop.events import Record

SORTED_BY = {
    "bar": ("instrument", "event_ns"),
    "quote": ("instrument", "event_ns", "sequence"),
    "trade": ("instrument", "event_ns"),
    "decision": ("event_ns",),
    "fill": ("event_ns",),
}
"""Order of the rows of each kind; within equal values that of the file."""


def account(table: pl.DataFrame, plan: Plan, earlier: Sequence[Intake] = ()) -> Intake:
    """Read the rows of a table as a plan says.

    Parameters
    ----------
    table : polars.DataFrame of shape (n_rows, any)
        The file as read.
    plan : Plan
        Which column holds what.
    earlier : sequence of Intake
        Accounts of files read before: what they kept is not kept again.

    Returns
    -------
    Intake
        ``read`` counts the rows that the plan speaks of.

    Raises
    ------
    InputError
        The whole file cannot be read: see `tradeloop.capture.records.build`.
    """
    record = RECORDS[plan.kind]
    draft = draft_of(table, plan)
    rules = build(draft)
    frame = draft.frame
    reason = broken_rules(frame, draft.faults, rules)
    lines = record.conform(frame).with_columns(frame[ROW], reason.alias("reason"))
    kept = lines.filter(pl.col("reason").is_null()).drop("reason")
    before = [i.rows for i in earlier if i.record is record]
    again = pl.select(
        pl.coalesce(shared(kept, before, record), repeated(kept, record, order=ROW))
    ).to_series()
    late = _late_rows(kept, record)
    refused = pl.concat(
        [
            lines.drop_nulls("reason").select(ROW, "reason"),
            kept.select(ROW, again.alias("reason")).drop_nulls("reason"),
        ]
    ).sort(ROW)
    whole = kept.filter(again.is_null()).sort(
        *SORTED_BY[record.kind], ROW, nulls_last=False
    )
    notes = [plan.note(table.columns), *draft.notes]
    notes += [f"{late} rows out of order, sorted by time"] if late else []
    return Intake(
        record=record,
        rows=whole.drop(ROW),
        quarantined=_set_aside(draft, lines, refused, record),
        read=draft.table.height,
        notes=tuple(notes),
        source=plan.source,
        clock_cut=draft.clock_cut,
        places=whole.select(source=pl.lit(plan.source), row=pl.col(ROW).cast(pl.Int64)),
    )


def _late_rows(kept: pl.DataFrame, record: Record) -> int:
    """Count rows that stand after a later one of their instrument."""
    latest = pl.col("event_ns").cum_max()
    if "instrument" in SORTED_BY[record.kind]:
        latest = latest.over("instrument")
    return int(kept.select((pl.col("event_ns") < latest).sum()).item())


def _set_aside(
    draft: Draft, lines: pl.DataFrame, refused: pl.DataFrame, record: Record
) -> pl.DataFrame:
    if refused.height == 0:
        return pl.DataFrame(schema=QUARANTINE)
    at = draft.rows.search_sorted(refused[ROW])
    key = lines[at].select(
        pl.concat_str(
            [pl.col(name).cast(pl.String) for name in record.key],
            separator="|",
            ignore_nulls=True,
        )
    )
    text = key.to_series()
    return quarantine(
        draft.table[at],
        source=draft.plan.source,
        row=refused[ROW],
        key=text.set(text == "", None),
        reason=refused["reason"],
    )
