"""Fields that several kinds of rows share: instrument, the two times, ids, numbers."""

import hashlib
import json

import polars as pl

from tradeloop.capture.draft import Draft
from tradeloop.capture.intake import row_bodies
from tradeloop.events import duration_ns


def read_instrument(draft: Draft, *, required: bool = True) -> pl.Series:
    """Read ``SYMBOL`` or ``SYMBOL.VENUE``; marks ``symbol_missing`` if required."""
    if not draft.has("symbol"):
        return draft.nothing("instrument", pl.String())
    symbol = draft.text("symbol")
    if required:
        draft.refuse("symbol_missing", symbol.is_null())
    if not draft.has("venue"):
        return symbol
    parts = pl.DataFrame({"symbol": symbol, "venue": draft.text("venue")})
    joined = pl.concat_str(pl.col("symbol"), pl.lit("."), pl.col("venue"))
    return parts.select(
        pl.when(pl.col("venue").is_null()).then("symbol").otherwise(joined)
    ).to_series()


def latency_ns(draft: Draft) -> int:
    """Nanoseconds that the map states from the event to its receipt."""
    text = draft.plan.rule("latency")
    return 0 if text is None or text in ("0", "0s") else duration_ns(text)


def read_two_times(draft: Draft) -> None:
    """Read event and received time; what happened is never later than it was known."""
    nothing = draft.nothing("t", pl.Int64())
    event = draft.time("event_time") if draft.has("event_time") else nothing
    known = draft.time("received_time") if draft.has("received_time") else nothing
    times = pl.DataFrame({"event": event, "known": known})
    if draft.has("event_time") and draft.has("received_time"):
        draft.clocks = event, known
    behind = int(times.select((pl.col("known") < pl.col("event")).sum()).item())
    if behind:
        draft.clock_cut = behind
        draft.notes.append(
            f"{behind} rows were received before they happened by their own clocks "
            f"(by {_most_behind_ms(times):.0f} ms at most): their event time was cut "
            "to the received time"
        )
    known_ns = pl.coalesce("known", pl.col("event") + latency_ns(draft))
    both = times.select(
        event_ns=pl.min_horizontal(pl.coalesce("event", "known"), known_ns),
        received_ns=known_ns,
    )
    draft.columns["event_ns"] = both["event_ns"]
    draft.columns["received_ns"] = both["received_ns"]
    draft.refuse("time_missing", both["event_ns"].is_null())


def _most_behind_ms(times: pl.DataFrame) -> float:
    lag = times.select((pl.col("event") - pl.col("known")).max()).item()
    return float(lag) / 1e6


def read_numbers(draft: Draft, *names: str, required: bool) -> None:
    """Read fields of numbers into the columns of the same names."""
    for name in names:
        draft.columns[name] = draft.number(name, required=required)


def read_identity(draft: Draft, name: str) -> pl.Series:
    """Return the mapped id, or the hash of the row as read.

    The hash depends on nothing but the row: a file that is sorted anew or grows keeps
    its ids, and two equal rows are one event that came twice.
    """
    if draft.has(name):
        ids = draft.text(name)
        draft.refuse(f"{name}_missing", ids.is_null())
        return ids
    draft.notes.append(f"{name} is a hash of the row: the file has no id")
    hashes = [
        "row-" + hashlib.blake2b(body.encode(), digest_size=16).hexdigest()
        for body in row_bodies(draft.table)
    ]
    return pl.Series(name, hashes, dtype=pl.String)


def read_json_objects(draft: Draft, name: str) -> pl.Series:
    """Read a field of JSON objects as text; marks ``NAME_no_json_object``."""
    text = draft.text(name)
    bad = [word for word in text.unique().drop_nulls() if not _is_object(word)]
    draft.refuse(f"{name}_no_json_object", text.is_in(bad))
    return text


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
