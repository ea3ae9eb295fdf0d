"""A table to an intake: read, check, sort, set aside.

1. `choose` finds the layout, `draft_of` the rows that it speaks of.
2. `build` reads the fields and marks what cannot be read.
3. `broken_rules` names the first rule that a row breaks.
4. `quality_flags` marks what is odd, in the order of the file, copies included.
5. `repeated` finds copies and conflicts in the file, `shared` those of earlier files;
   the rest is sorted.
6. Refused rows go to quarantine with the body as read.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from tradeloop.capture.checks import broken_rules, repeated, shared
from tradeloop.capture.choosing import Plan
from tradeloop.capture.cleaning import (
    OWN_EVENT,
    OWN_RECEIVED,
    QUALITY_FLAGS,
    clock_lags,
    flag_counts,
    lag_notes,
    quality_flags,
)
from tradeloop.capture.draft import ROW, Draft, draft_of
from tradeloop.capture.intake import QUARANTINE, Intake, quarantine
from tradeloop.capture.records import RECORDS, build
from tradeloop.events import Record

_REASON = "_reason"  # some records have a column reason

SORTED_BY: Mapping[str, tuple[str, ...]] = {
    "bar": ("instrument", "event_ns"),
    "quote": ("instrument", "event_ns", "sequence"),
    "trade": ("instrument", "event_ns"),
    # A book is what came in the order in which it came.
    "book_delta": ("instrument", "received_ns"),
    "option_quote": ("instrument", "event_ns"),
    "series": ("series", "event_ns"),
    **{
        kind: ("event_ns",)
        for kind in RECORDS
        if kind not in ("bar", "quote", "trade", "book_delta", "option_quote", "series")
    },
}
"""Order of the rows of each kind; within equal values that of the file."""


def account(
    table: pl.DataFrame,
    plan: Plan,
    earlier: Sequence[Intake] = (),
    *,
    numbers: pl.Series | None = None,
    broken: pl.DataFrame | None = None,
) -> Intake:
    """Read the rows of a table as a plan says.

    Parameters
    ----------
    table : polars.DataFrame of shape (n_rows, any)
        The file as read.
    plan : Plan
        Which column holds what.
    earlier : sequence of Intake
        Accounts of files read before: what they kept is not kept again.
    numbers : polars.Series of Int64, shape (n_rows,), optional
        Numbers of the rows in the file; absent: 0, 1, 2 and so on.
    broken : polars.DataFrame of shape (n_broken, 5), optional
        Columns of `QUARANTINE`: lines of the file that make no row.

    Returns
    -------
    Intake
        ``read`` counts the rows that the plan speaks of, and the broken lines.

    Raises
    ------
    InputError
        The whole file cannot be read: see `tradeloop.capture.records.build`.
    """
    record = RECORDS[plan.kind]
    draft = draft_of(table, plan, numbers)
    rules = build(draft)
    frame = draft.frame
    reason = broken_rules(frame, draft.faults, rules)
    lines = record.conform(frame).with_columns(frame[ROW], reason.alias(_REASON))
    sound = lines[_REASON].is_null()
    kept = lines.filter(sound).drop(_REASON)
    clocks = _own_clocks(draft, sound)
    bits = quality_flags(kept.with_columns(clocks), record)
    before = [i.rows for i in earlier if i.record is record]
    again = pl.select(
        pl.coalesce(shared(kept, before, record), repeated(kept, record, order=ROW))
    ).to_series()
    late = _late_rows(kept, record)
    refused = pl.concat(
        [
            lines.drop_nulls(_REASON).select(ROW, _REASON),
            kept.select(ROW, again.alias(_REASON)).drop_nulls(_REASON),
        ]
    ).sort(ROW)
    whole = (
        kept.with_columns(bits)
        .filter(again.is_null())
        .sort(*SORTED_BY[record.kind], ROW, nulls_last=False)
    )
    lags = clock_lags(kept.with_columns(clocks))
    aside = _set_aside(draft, lines, refused, record)
    if broken is not None:
        aside = pl.concat([aside, broken]).sort("row", maintain_order=True)
    notes = [plan.note(table.columns), *draft.notes]
    notes += [plan.rule("note")] if plan.rule("note") else []
    notes += lag_notes(lags)
    notes += [f"{late} rows out of order, sorted by time"] if late else []
    return Intake(
        record=record,
        rows=whole.drop(ROW, QUALITY_FLAGS),
        quarantined=aside,
        read=whole.height + aside.height,
        notes=tuple(notes),
        source=plan.source,
        clock_cut=draft.clock_cut,
        places=whole.select(source=pl.lit(plan.source), row=pl.col(ROW).cast(pl.Int64)),
        quality=whole[QUALITY_FLAGS],
        flags=flag_counts(bits),
        clocks=lags,
        taken={name: origin.columns for name, origin in plan.fields.items()},
    )


def _own_clocks(draft: Draft, sound: pl.Series) -> list[pl.Series]:
    """Return both clocks of the sound rows as read, where the file has both."""
    if draft.clocks is None:
        return []
    event, known = draft.clocks
    return [
        event.filter(sound).alias(OWN_EVENT),
        known.filter(sound).alias(OWN_RECEIVED),
    ]


def _late_rows(kept: pl.DataFrame, record: Record) -> int:
    """Count rows that stand after a later one of their instrument."""
    latest = pl.col("event_ns").cum_max()
    for lane in ("instrument", "series"):
        if lane in SORTED_BY[record.kind]:
            latest = latest.over(lane)
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
        reason=refused[_REASON],
    )
