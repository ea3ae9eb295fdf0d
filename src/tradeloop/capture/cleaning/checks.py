"""Laws that every cleaning flag passes; a law returns the reasons why one breaks it.

1. One mark per row, none of them missing; the frame stays as it was.
2. The same frame gives the same marks, and missing values break nothing.
3. Later rows change no earlier mark, unless the flag says that it is two-sided.
4. An instrument is marked as if it were alone.
5. A clean frame has no marks, and a planted fault is found where it stands.
"""

from collections.abc import Callable

import numpy as np
import polars as pl

from tradeloop.capture.cleaning.base import OWN_EVENT, OWN_RECEIVED, Flag
from tradeloop.capture.cleaning.flags import marks_of
from tradeloop.events import Record

Law = Callable[[Flag, pl.DataFrame, Record], list[str]]


def marks_every_row(flag: Flag, frame: pl.DataFrame, record: Record) -> list[str]:
    """One mark per row, and the frame stays as it was, also where it has no rows."""
    before = frame.clone()
    found = []
    for part in (frame, frame.clear()):
        marks = marks_of(part, record, flag)
        if marks.dtype != np.bool_ or marks.shape != (part.height,):
            found.append(f"{part.height} rows got {marks.dtype} of shape {marks.shape}")
    if not frame.equals(before):
        found.append("the frame was changed")
    return found


def says_the_same_again(flag: Flag, frame: pl.DataFrame, record: Record) -> list[str]:
    """Two runs over one frame agree."""
    same = np.array_equal(marks_of(frame, record, flag), marks_of(frame, record, flag))
    return [] if same else ["two runs differ"]


def bears_missing_values(flag: Flag, frame: pl.DataFrame, record: Record) -> list[str]:
    """Rows without what may be missing are judged by the rest, whole columns too."""
    open_names = [
        name
        for name in (*record.schema, OWN_EVENT, OWN_RECEIVED)
        if name in frame.columns and name not in record.required
    ]
    every_third = pl.int_range(pl.len()) % 3 == 0
    holes = frame.with_columns(
        pl.when(every_third).then(None).otherwise(pl.col(name)).alias(name)
        for name in open_names
    )
    nothing = frame.with_columns(
        pl.lit(None, frame.schema[name]).alias(name) for name in open_names
    )
    return [
        "missing values change the number of marks"
        for part in (holes, nothing)
        if marks_of(part, record, flag).shape != (part.height,)
    ]


def is_not_moved_by_later_rows(
    flag: Flag, frame: pl.DataFrame, record: Record
) -> list[str]:
    """Compare the marks of the first rows with those that they get alone.

    Tried on the rows as they are, and with a fault planted into them.
    """
    if flag.two_sided:
        return []
    row = frame.height * 2 // 3
    cuts = (1, row // 2, row, row + 1, row + 2, frame.height - 1)
    found = []
    for rows in (frame, flag.plant(frame, row)[0]):
        whole = marks_of(rows, record, flag)
        found += [
            f"the first {cut} rows are marked otherwise when more follow"
            for cut in cuts
            if not np.array_equal(marks_of(rows[:cut], record, flag), whole[:cut])
        ]
    return found


def keeps_instruments_apart(
    flag: Flag, frame: pl.DataFrame, record: Record
) -> list[str]:
    """Of two instruments that take turns each is marked as if it were alone."""
    if "instrument" not in record.schema:
        return []
    other = frame[::2].with_columns(instrument=pl.lit("OTHER"))
    turns = pl.concat(
        [
            frame.with_row_index("turn").with_columns(pl.col("turn") * 2),
            other.with_row_index("turn").with_columns(pl.col("turn") * 2 + 1),
        ]
    ).sort("turn")
    both = marks_of(turns.drop("turn"), record, flag)
    return [
        f"{len(alone)} rows are marked otherwise beside another instrument"
        for alone, name in ((frame, frame["instrument"][0]), (other, "OTHER"))
        if not np.array_equal(
            both[(turns["instrument"] == name).to_numpy()],
            marks_of(alone, record, flag),
        )
    ]


def leaves_clean_rows_alone(
    flag: Flag, frame: pl.DataFrame, record: Record
) -> list[str]:
    """Nothing is marked in a clean frame."""
    count = int(marks_of(frame, record, flag).sum())
    return [f"{count} rows of a clean frame are marked"] if count else []


def finds_a_planted_fault(flag: Flag, frame: pl.DataFrame, record: Record) -> list[str]:
    """Find a fault where it was put; no row before it is marked."""
    if not flag.judges(record.kind):
        return []
    row = frame.height * 2 // 3
    faulty, rows = flag.plant(frame, row)
    if faulty.equals(frame):
        return []  # this kind has no column that could hold the fault
    marks = marks_of(faulty, record, flag)
    found = [
        f"row {at} holds the fault and is not marked" for at in rows if not marks[at]
    ]
    early = np.flatnonzero(marks[:row])
    return found + [f"row {at} before the fault is marked" for at in early]


LAWS: tuple[Law, ...] = (
    marks_every_row,
    says_the_same_again,
    bears_missing_values,
    is_not_moved_by_later_rows,
    keeps_instruments_apart,
    leaves_clean_rows_alone,
    finds_a_planted_fault,
)
"""Every law; the last two are for clean frames."""
