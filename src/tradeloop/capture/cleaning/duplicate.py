"""Duplicates: rows that are equal in all columns of their record.

Every row of such a group is marked, the first one too: it is the later copy that makes
it a member. Only the copies after the first go to quarantine (`duplicate_row`).
"""

import polars as pl

from tradeloop.capture.cleaning.base import Arrivals, Flag, Marks, Planted

_AT = "_at"


def _mark(arrivals: Arrivals) -> Marks:
    record = arrivals.record
    body = list(record.schema)
    stem = [name for name in record.key if name in record.required]
    crowded = (
        pl.struct(stem).is_duplicated()
        if len(stem) > 1
        else pl.col(stem[0]).is_duplicated()
    )
    # Few rows share their key: only those are compared in all columns.
    crowd = arrivals.frame.select(*body).with_row_index(_AT).filter(crowded)
    rows = crowd.filter(pl.struct(body).is_duplicated())[_AT]
    found = arrivals.none()
    found[rows.to_numpy()] = True
    return found


def _plant(frame: pl.DataFrame, row: int) -> Planted:
    copied = pl.concat([frame[: row + 1], frame[row : row + 1], frame[row + 2 :]])
    return copied, (row, row + 1)


DUPLICATE = Flag(
    name="duplicate",
    bit=2,
    meaning="another row is equal in all columns",
    rule="every row of a group of equal rows, the first included",
    kinds=(),
    mark=_mark,
    plant=_plant,
    two_sided=True,
)
