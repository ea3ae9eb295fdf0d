"""Values that a column allows, drawn at random, and values that it may not."""

import math
from datetime import date

import polars as pl
from hypothesis import strategies as st

from tradeloop.events import EARLIEST_NS, LATEST_NS

TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(TEXT, max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(TEXT, max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
DATES = st.dates(date(1800, 1, 1), date(2199, 12, 31)).map(str)
# What producers get wrong whatever the column: other types, values of odd size.
ODD = (
    *(None, True, False, [], {}, [1], {"": 1}, {"k" * 201: 1}, {"k" * 200: 1}),
    *({"a": 0.5}, {"a": "x"}, {"a": None}, {"a": {"b": [None]}}, "", "a", "1", "buy"),
    *(-2, -1, 0, 1, 2, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1),
    *(-0.5, -5e-324, 5e-324, 0.5, 1.5, 1e308, -1e308),
)


def edges_of(column):
    """Values at the bounds of a column and one step beyond them."""
    found = [*column.allowed, "2026-01-31", "2026-02-29", "20260131", "2026-W01-1"]
    for bound in (column.least, column.above, column.most):
        if bound is not None:
            found += [bound - 1, bound, bound + 1]
            found += [math.nextafter(bound, way) for way in (-math.inf, math.inf)]
    for length in (column.shortest, column.longest):
        found += ["a" * max(0, length + step) for step in (-1, 0, 1)]
    shape = column.shape
    if shape is not None and shape.values is not None:
        found += [{"a": value} for value in (*ODD, *edges_of(shape.values))]
    return found


def value_of(column):
    """Strategy of values that are not null."""
    if column.shape is not None:
        return object_of(column.shape)
    if column.allowed or column.dtype == pl.Boolean:
        return st.sampled_from(column.allowed or (False, True))
    if column.dtype == pl.String:
        most = min(column.longest, 12)
        text = st.text(TEXT, min_size=column.shortest, max_size=most)
        return DATES if column.form == "date" else text
    return number_of(column)


def number_of(column):
    if column.dtype == pl.Float64:
        return st.floats(
            min_value=column.least if column.above is None else column.above,
            max_value=column.most,
            exclude_min=column.above is not None,
            allow_nan=False,
            allow_infinity=False,
        ) | st.just(1)
    least = -(2**63) if column.least is None else column.least
    most = 2**63 - 1 if column.most is None else column.most
    return st.integers(least, most)


def object_of(shape):
    if shape.members:
        return fields_of(shape.members)
    if shape.values is None:
        return st.dictionaries(st.text(TEXT, max_size=3), JSON, max_size=2)
    keys = st.text(TEXT, min_size=1, max_size=5)
    return st.dictionaries(keys, value_of(shape.values), max_size=2)


def fields_of(columns):
    """Strategy of objects with these columns; those that may be absent, sometimes."""
    required = {c.name: value_of(c) for c in columns if not c.nullable}
    may_be = {c.name: st.none() | value_of(c) for c in columns if c.nullable}
    return st.fixed_dictionaries(required, optional=may_be)


def with_needs(record, fields):
    """Add what a drawn row may not do without, or it would be refused."""
    for need in record.needs:
        if fields.get(need.column) == need.value and fields.get(need.wants) is None:
            fields = {**fields, need.wants: "r-0" if need.wants == "replaces" else 1.5}
    return fields


def messages_of(contract):
    """Strategy of messages of a contract, as few and as many fields as there may be."""
    columns = tuple(c for c in contract.fields if c.name != contract.identity)
    times = st.integers(EARLIEST_NS, LATEST_NS - 1)
    return st.builds(
        lambda fields, event_ns, received_ns: {
            "specversion": "1.0",
            "id": "e-1",
            "source": "drawn",
            "type": contract.type,
            "data": {
                **with_needs(contract.record, fields),
                "event_ns": event_ns,
                **({} if received_ns is None else {"received_ns": received_ns}),
            },
        },
        fields_of(columns),
        times,
        st.none() | times,
    )


def ambiguous(value):
    """Whether JSON Schema and the door differ on purpose: 1.0 as an integer."""
    if isinstance(value, float):
        return math.isfinite(value) and value.is_integer()
    if isinstance(value, dict):
        return any(ambiguous(item) for item in value.values())
    return isinstance(value, list) and any(ambiguous(item) for item in value)
