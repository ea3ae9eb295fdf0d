"""One append: check the parts, write their files, put the entry."""

from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from tradeloop.errors import ConflictError, InputError
from tradeloop.stores.canonical import digest
from tradeloop.stores.parquet import content_sha256
from tradeloop.stores.ticks_entry import Entry, Keyed, checked_schema
from tradeloop.stores.ticks_files import grain_of, provisional, write_groups
from tradeloop.stores.ticks_log import State, TableLog


@dataclass(frozen=True, slots=True)
class Commit:
    """What was appended under a key; durable when it is held.

    Parameters
    ----------
    version : int
        Version of the table that brought it.
    key : str
        As given.
    rows : int
        Its rows.
    sha256 : str
        Hash of its content (`content_sha256`).
    new : bool
        False where it was there before.
    """

    version: int
    key: str
    rows: int
    sha256: str
    new: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """Rows to append under a key.

    Parameters
    ----------
    key : str
        The same rows under the same key are stored once.
    rows : polars.DataFrame or pyarrow.Table of shape (n_rows, n_columns)
        At least one row. ``event_ns`` and ``instrument``, where they are there, are
        whole numbers and text without nulls.
    sha256 : str
        Hash that tells one content of the key from another; empty: `content_sha256`.
    """

    key: str
    rows: pl.DataFrame | pa.Table
    sha256: str = ""


def checked(part: Part) -> tuple[str, pl.DataFrame, Keyed]:
    """Read a part and hash its content, or refuse it with `InputError`."""
    frame = part.rows
    if isinstance(frame, pa.Table):
        frame = pl.DataFrame(pl.from_arrow(frame))
    if not part.key or frame.is_empty():
        raise InputError(
            "An append needs a key and a row.", way_out="Leave the empty batch out."
        )
    for name, dtype in (("event_ns", pl.Int64()), ("instrument", pl.String())):
        if name in frame.columns and (
            frame.schema[name] != dtype or frame[name].null_count()
        ):
            raise InputError(
                f"It must be {dtype} without nulls, was {frame.schema[name]} with "
                f"{frame[name].null_count()} nulls.",
                way_out="Leave out the rows without it.",
                column=name,
            )
    checked_schema({}, frame.schema)
    return part.key, frame, Keyed(part.sha256 or content_sha256(frame), frame.height)


def write(log: TableLog, rows: pl.DataFrame, keys: dict[str, Keyed]) -> bool:
    """Write rows and their entry; False where another writer brought a key first."""
    with log.lock:
        checked_schema(log.state().schema, rows.schema)
    stem = digest("\n".join(keys))[:16]
    with log.writing(), provisional(log) as files:
        write_groups(log, files, stem, rows, grain_of(rows))

        def next_entry(state: State) -> Entry | None:
            if any(key in state.keys for key in keys):
                return None
            schema = checked_schema(state.schema, rows.schema)
            place = (state.version + 1, state.sha256)
            return Entry(*place, "append", keys, schema, tuple(files))

        return log.commit(next_entry) is not None


def answer(
    key: str, there: tuple[int, Keyed], what: Keyed, brought: set[str]
) -> Commit | ConflictError:
    """Say what became of a part; ``brought`` are the keys that are new."""
    version, kept = there
    if kept != what:
        return ConflictError(
            f"Version {version} holds another content under the key {key!r:.120}; it "
            "was kept. Another content needs another key."
        )
    return Commit(version, key, kept.rows, kept.sha256, new=key in brought)
