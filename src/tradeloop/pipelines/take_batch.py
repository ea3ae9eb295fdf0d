"""A batch of ticks as it was sent: decoded, and each row kept or refused."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from tradeloop.capture.checks import RULES, Rule, broken_rules
from tradeloop.capture.intake import quarantine
from tradeloop.capture.plain import bounds_of
from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.events import ALL, Record
from tradeloop.stores.parquet import content_sha256

MOST_ROWS = 1_000_000
"""Rows of one batch."""
KINDS = {
    record.kind: record
    for record in ALL
    if record.kind in {"bar", "book_delta", "option_quote", "quote", "trade"}
}
"""Records that come as batches of ticks, by kind."""
_UNTIL_NS = 84_006 * NS_PER_DAY  # 2200-01-01
_LONGEST_TEXT = 1_000
_SHOWN_TEXT = 200
_WAY_OUT = "Send an Arrow IPC stream of the record's columns, without compression."
_BROKEN = (pa.ArrowException, OSError, ValueError, LookupError, struct.error)
_TURNED = (
    "first_sequence_after_last",
    pl.col("first_sequence") > pl.col("last_sequence"),
)
_DICTIONARY, _RECORDS = 2, 3  # types of a message


@dataclass(frozen=True, slots=True)
class Batch:
    """The account of a batch: ``read = rows.height + refused.height``.

    Parameters
    ----------
    rows : polars.DataFrame
        Columns of the record; rows that keep all rules, in their order.
    refused : polars.DataFrame
        Columns of `QUARANTINE`.
    sha256 : str
        Hash of the batch as it was sent, refused rows included.
    received_ns : int
        Latest of the kept rows; 0 where none was kept.
    """

    rows: pl.DataFrame
    refused: pl.DataFrame
    sha256: str
    received_ns: int


def decode(data: bytes) -> pa.Table:
    """Read an Arrow IPC stream that nobody has vouched for.

    Raises
    ------
    InputError
        It is no such stream, is compressed, or is longer than `MOST_ROWS`.
    """
    try:
        # A compressed buffer names its own length: some bytes could ask for all memory.
        packed = any(_compressed(header) for header in _headers(data))
        if not packed:
            with pa.ipc.open_stream(pa.py_buffer(data)) as stream:
                table = stream.read_all()
            table.validate(full=True)
    except _BROKEN as error:
        raise InputError(
            f"The batch is no Arrow IPC stream: {error!s:.200}.", way_out=_WAY_OUT
        ) from error
    if packed:
        raise InputError("The Arrow stream is compressed.", way_out=_WAY_OUT)
    return table


def examine(kind: str, table: pa.Table | pl.DataFrame, name: str) -> Batch:
    """Bring a batch into the columns of its record; refuse rows that break a rule.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    table : pyarrow.Table or polars.DataFrame of shape (n_rows, n_columns)
        Columns of the record, by name; nullable ones may be absent.
    name : str
        Source and number of the batch, for the refused rows.

    Raises
    ------
    InputError
        Unknown kind, a column that is missing, unknown or of the wrong type, no row, or
        too many.
    """
    record = _record(kind)
    frame, faults = _conformed(record, _plain(table))
    rules = [*faults, *_faults(record), *_rules(record)]
    columns = set(frame.columns)
    rules = [rule for rule in rules if set(rule[1].meta.root_names()) <= columns]
    sha = content_sha256(frame.select(record.schema.keys()))
    broken = frame.select(pl.any_horizontal(rule for _, rule in rules).any()).item()
    if not broken:
        return _batch(frame, record, _no_reason(frame), name, sha)
    return _batch(frame, record, broken_rules(frame, [], rules), name, sha)


def _batch(
    frame: pl.DataFrame, record: Record, reasons: pl.Series, name: str, sha: str
) -> Batch:
    kept, rows = reasons.is_null(), frame.select(record.schema.keys())
    if reasons.null_count() < len(reasons):
        shown = rows.with_columns(pl.col(pl.String).str.slice(0, _SHOWN_TEXT))
        shown, said = shown.filter(~kept), reasons.filter(~kept)
        number = kept.not_().arg_true()
        key = shown["instrument"]
        rows = rows.filter(kept)
        refused = quarantine(shown, source=name, row=number, key=key, reason=said)
    else:
        none = reasons.clear()
        refused = quarantine(rows.clear(), source=name, row=none, key=none, reason=none)
    last = rows["received_ns"].max() if rows.height else 0
    return Batch(rows, refused, sha, int(last))  # type: ignore[arg-type]  # not empty


def _no_reason(frame: pl.DataFrame) -> pl.Series:
    return pl.Series("reason", [None], dtype=pl.String).new_from_index(0, frame.height)


def _record(kind: str) -> Record:
    if kind not in KINDS:
        raise InputError(
            f"Ticks come as {', '.join(sorted(KINDS))}, was {kind!r:.60}.",
            way_out="Name one of them.",
        )
    return KINDS[kind]


def _plain(table: pa.Table | pl.DataFrame) -> pl.DataFrame:
    """Rows as a frame; of types that a record can have, and none that could hide."""
    if isinstance(table, pl.DataFrame):
        table = table.to_arrow(compat_level=pl.CompatLevel.oldest())
    if not 0 < table.num_rows <= MOST_ROWS:
        raise InputError(
            f"A batch has 1 to {MOST_ROWS} rows, was {table.num_rows}.",
            way_out="Send it in parts, and no empty one.",
        )
    names = table.column_names
    if len(set(names)) < len(names):
        raise InputError("A column comes twice.", way_out="Name each column once.")
    for field in table.schema:
        if not _kept(field.type):
            raise InputError(
                f"A column of type {field.type} is none of a record.",
                way_out="Send whole numbers, floats, true or false, and text.",
                column=f"{field.name:.60}",
            )
    return pl.DataFrame(pl.from_arrow(table))


def _kept(dtype: pa.DataType) -> bool:
    if pa.types.is_dictionary(dtype):
        return _text(dtype.value_type)
    kinds = (pa.types.is_float32, pa.types.is_float64, pa.types.is_boolean)
    plain = any(is_kind(dtype) for is_kind in kinds)
    return plain or pa.types.is_integer(dtype) or _text(dtype)


def _text(dtype: pa.DataType) -> bool:
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(is_kind(dtype) for is_kind in kinds)


def _conformed(record: Record, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Rule]]:
    unknown = sorted(set(frame.columns) - set(record.schema))
    missing = sorted(set(record.required) - set(frame.columns))
    if unknown or missing:
        raise InputError(
            f"A {record.kind} has the columns {', '.join(record.schema)}; missing "
            f"{missing}, unknown {unknown[:5]}.",
            way_out="Name the columns as the record does.",
        )
    faults, beyond = [], []
    for name, dtype in frame.schema.items():
        wanted = record.schema[name]
        whole = wanted.is_integer()
        if not _fits(dtype, wanted):
            raise InputError(
                f"It must be {wanted}, was {dtype}.", way_out=_WAY_OUT, column=name
            )
        if whole and dtype != wanted:
            lost = (
                frame[name].is_not_null()
                & frame[name].cast(wanted, strict=False).is_null()
            )
            beyond.append(lost.alias(f"_{name}"))
            faults.append((f"{name}_outside_{str(wanted).lower()}", pl.col(f"_{name}")))
    rows = record.conform(
        frame.select(
            pl.col(name).cast(record.schema[name], strict=False)
            for name in frame.columns
        )
    )
    return rows.with_columns(beyond), faults


def _fits(dtype: pl.DataType, wanted: pl.DataType) -> bool:
    if pl.Boolean() in {dtype, wanted}:
        return dtype == wanted
    if wanted.is_integer():
        return dtype.is_integer()
    return dtype.is_numeric() == wanted.is_numeric()


def _faults(record: Record) -> Iterator[Rule]:
    """Rules that each record keeps, whatever its kind."""
    for column in record.columns:
        value = pl.col(column.name)
        if not column.nullable:
            yield f"{column.name}_missing", value.is_null()
        if column.dtype == pl.Float64:
            yield f"{column.name}_not_finite", ~value.is_finite()
        elif column.dtype == pl.String:
            yield f"{column.name}_too_long", value.str.len_bytes() > _LONGEST_TEXT
            yield f"{column.name}_missing", (value == "") & (column.shortest > 0)
        elif column.name.endswith("_ns"):
            late = (value < 0) | (value >= _UNTIL_NS)
            yield f"{column.name}_outside_1970_to_2200", late


def _rules(record: Record) -> list[Rule]:
    """Rules of a kind as in files, and the bounds of its contract; each reason once."""
    found = {**dict(RULES.get(record.kind, ())), **dict(bounds_of(record))}
    return [*found.items(), _TURNED]


def _headers(data: bytes) -> Iterator[bytes]:
    """Metadata of each message of a stream; a cut one ends it, for Arrow to refuse."""
    at = 0
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<i", data, at)
        at += 4
        if length == -1:  # the mark before the length, since Arrow 0.15
            (length,) = struct.unpack_from("<i", data, at)
            at += 4
        if length <= 0 or at + length > len(data):
            return
        header = data[at : at + length]
        yield header
        at += length + _body_length(header)


def _body_length(header: bytes) -> int:
    place = _field(header, _root(header), 3)
    (length,) = struct.unpack_from("<q", header, place) if place else (0,)
    if length < 0:
        raise ValueError("a message has a negative length")
    return int(length)


def _compressed(header: bytes) -> bool:
    """Whether a record or dictionary batch says that its buffers are compressed."""
    message = _root(header)
    kind = _field(header, message, 1)
    body = _field(header, message, 2)
    if not kind or not body or header[kind] not in {_DICTIONARY, _RECORDS}:
        return False
    batch = _follow(header, body)
    if header[kind] == _DICTIONARY:
        inner = _field(header, batch, 1)
        if not inner:
            return False
        batch = _follow(header, inner)
    return _field(header, batch, 3) > 0


def _root(header: bytes) -> int:
    return _follow(header, 0)


def _follow(header: bytes, at: int) -> int:
    (step,) = struct.unpack_from("<I", header, at)
    return at + int(step)


def _field(header: bytes, table: int, number: int) -> int:
    """Place of a field in a FlatBuffers table; 0 where it is absent."""
    (back,) = struct.unpack_from("<i", header, table)
    vtable = table - back
    if vtable < 0:
        raise ValueError("a message points outside itself")
    (size,) = struct.unpack_from("<H", header, vtable)
    entry = 4 + 2 * number
    if entry + 2 > size:
        return 0
    (step,) = struct.unpack_from("<H", header, vtable + entry)
    return table + int(step) if step else 0
