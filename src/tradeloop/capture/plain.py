"""Records that are read column by column, and the rules of the bounds of columns.

Orders, skips, portfolios and reference data have no usual layouts. A file of them has
the columns of the record, or a map that says which column holds which. What a row must
keep follows from the bounds of its columns.
"""

from collections.abc import Iterator

import polars as pl

from tradeloop.capture.checks import Rule
from tradeloop.capture.common_fields import (
    read_identity,
    read_instrument,
    read_json_objects,
    read_two_times,
)
from tradeloop.capture.draft import Draft
from tradeloop.capture.plain_kinds import PLAIN
from tradeloop.events import APART, Column, Record

_BY_KIND = {record.kind: record for record in PLAIN}


def build_plain(draft: Draft) -> tuple[Rule, ...]:
    """Read the fields of a plain record; return its rules."""
    record = _BY_KIND[draft.plan.kind]
    read_two_times(draft)
    read_columns(draft, record)
    return bounds_of(record)


def read_columns(draft: Draft, record: Record) -> None:
    """Read the columns of a record that a draft does not hold yet."""
    for column in record.columns:
        if column.name not in draft.columns:
            draft.columns[column.name] = _read(draft, column, record)


def _read(draft: Draft, column: Column, record: Record) -> pl.Series:
    name = column.name
    if name == "instrument":
        return read_instrument(draft, required=not column.nullable)
    if record.key == (name,):
        return read_identity(draft, name)
    if not draft.has(name):
        return draft.nothing(name, column.dtype)
    values = _typed(draft, column)
    if not column.nullable:
        draft.refuse(f"{name}_missing", draft.raw(name).is_null())
    return values


def _typed(draft: Draft, column: Column) -> pl.Series:
    name, required = column.name, not column.nullable
    if column.shape is not None:
        return read_json_objects(draft, name)
    if name.endswith("_ns"):
        return draft.time(name)
    if column.dtype == pl.Float64:
        return draft.number(name, required=required)
    if column.dtype == pl.Int64:
        return draft.whole(name, required=required)
    read = {pl.Boolean(): draft.truth, pl.Int8(): draft.side}
    return read.get(column.dtype, draft.text)(name)


def bounds_of(record: Record) -> tuple[Rule, ...]:
    """Return the rules that follow from the bounds of the columns of a record."""
    return tuple(
        rule
        for column in record.columns
        if column.name not in APART
        for rule in (*_text_rules(column), *_number_rules(column), *_allowed(column))
    )


def _text_rules(column: Column) -> Iterator[Rule]:
    if column.dtype != pl.String or column.shape is not None:
        return
    name, value = column.name, pl.col(column.name)
    longest = column.longest
    yield f"{name}_longer_than_{longest}", value.str.len_chars() > longest
    yield f"{name}_holds_a_zero_byte", value.str.contains("\0", literal=True)


def _number_rules(column: Column) -> Iterator[Rule]:
    name, value = column.name, pl.col(column.name)
    if (column.least, column.most) == (0, 1):
        yield f"{name}_outside_0_to_1", ~value.is_between(0, 1)
        return
    if column.above is not None:
        word = "not_positive" if column.above == 0 else f"not_above_{column.above:g}"
        yield f"{name}_{word}", value <= column.above
    if column.least is not None:
        word = "negative" if column.least == 0 else f"below_{column.least:g}"
        yield f"{name}_{word}", value < column.least
    if column.most is not None:
        yield f"{name}_above_{column.most:g}", value > column.most


def _allowed(column: Column) -> Iterator[Rule]:
    if column.allowed:
        known = pl.col(column.name).is_in(list(column.allowed))
        yield f"{column.name}_not_known", ~known
