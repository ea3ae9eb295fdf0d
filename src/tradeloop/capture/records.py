"""Drafts to records: one builder per kind of row.

A builder reads the fields of its kind into the columns of the record. It never drops a
row: what is wrong becomes a fault of the draft.
"""

import hashlib
import json
from collections.abc import Callable, Mapping

import polars as pl

from tradeloop.capture.checks import RULES, Rule, range_rules
from tradeloop.capture.draft import Draft
from tradeloop.capture.intake import row_bodies
from tradeloop.capture.intervals import bar_ends
from tradeloop.events import BAR, DECISION, FILL, QUOTE, TRADE, Record, duration_ns

NO_INSTRUMENT = "-"
"""Instrument of a decision not to trade that names no symbol."""

RECORDS: Mapping[str, Record] = {
    record.kind: record for record in (BAR, QUOTE, TRADE, DECISION, FILL)
}
"""The records that files can hold, by kind."""

_PRICES = ("open", "high", "low", "close")


def build(draft: Draft) -> tuple[Rule, ...]:
    """Fill the columns of a draft; return the rules that its rows must keep.

    Parameters
    ----------
    draft : Draft
        Is changed: columns, faults and notes are added.

    Raises
    ------
    InputError
        Times have no zone or unit, or a bar has no length that can be told.
    """
    return _BUILD[draft.plan.kind](draft)


def _instrument(draft: Draft) -> pl.Series:
    symbol = draft.text("symbol")
    draft.refuse("symbol_missing", symbol.is_null())
    if not draft.has("venue"):
        return symbol
    parts = pl.DataFrame({"symbol": symbol, "venue": draft.text("venue")})
    joined = pl.concat_str(pl.col("symbol"), pl.lit("."), pl.col("venue"))
    return parts.select(
        pl.when(pl.col("venue").is_null()).then("symbol").otherwise(joined)
    ).to_series()


def _latency_ns(draft: Draft) -> int:
    text = draft.plan.rule("latency")
    return 0 if text is None or text in ("0", "0s") else duration_ns(text)


def _two_times(draft: Draft) -> None:
    """Read event and received time; what happened is never later than it was known."""
    nothing = pl.Series("t", [None], dtype=pl.Int64).new_from_index(0, len(draft.rows))
    event = draft.time("event_time") if draft.has("event_time") else nothing
    known = draft.time("received_time") if draft.has("received_time") else nothing
    times = pl.DataFrame({"event": event, "known": known})
    behind = int(times.select((pl.col("known") < pl.col("event")).sum()).item())
    if behind:
        draft.clock_cut = behind
        draft.notes.append(
            f"{behind} rows were received before they happened by their own clocks "
            f"(by {_most_behind_ms(times):.0f} ms at most): their event time was cut "
            "to the received time"
        )
    known_ns = pl.coalesce("known", pl.col("event") + _latency_ns(draft))
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


def _numbers(draft: Draft, *names: str, required: bool) -> None:
    for name in names:
        draft.columns[name] = draft.number(name, required=required)


def _bar(draft: Draft) -> tuple[Rule, ...]:
    draft.columns["instrument"] = _instrument(draft)
    if draft.has("open"):
        _numbers(draft, *_PRICES, required=True)
        _numbers(draft, "bid", "ask", required=False)
        rules = RULES["bar"]
    else:
        rules = _mid_prices(draft)
    _numbers(draft, "volume", "bid_size", "ask_size", "signed_volume", required=False)
    bar_ends(draft)
    end = draft.columns["event_ns"] + _latency_ns(draft)
    known = draft.time("received_time") if draft.has("received_time") else end
    latest = pl.DataFrame({"end": end, "known": known}).max_horizontal()
    draft.columns["received_ns"] = latest
    return rules


def _mid_prices(draft: Draft) -> tuple[Rule, ...]:
    """Bars of quotes: each price is the mean of its bid and ask."""
    for name in _PRICES:
        bid = draft.number(f"bid_{name}")
        ask = draft.number(f"ask_{name}")
        draft.columns[f"bid_{name}"], draft.columns[f"ask_{name}"] = bid, ask
        draft.columns[name] = (bid + ask) / 2
    draft.columns["bid"] = draft.columns["bid_close"]
    draft.columns["ask"] = draft.columns["ask_close"]
    _note_crossed(draft, "closing quotes")
    return (*range_rules("bid_"), *range_rules("ask_"), *RULES["bar"])


def _note_crossed(draft: Draft, what: str) -> None:
    bid, ask = draft.columns["bid"], draft.columns["ask"]
    for count, word in ((bid > ask).sum(), "crossed"), ((bid == ask).sum(), "locked"):
        if count:
            share = 100 * count / len(bid)
            draft.notes.append(
                f"{count} of {len(bid)} {what} are {word} ({share:.1f} %), and kept"
            )


def _quote(draft: Draft) -> tuple[Rule, ...]:
    draft.columns["instrument"] = _instrument(draft)
    _two_times(draft)
    _numbers(draft, "bid", "ask", required=True)
    _numbers(draft, "bid_size", "ask_size", required=False)
    if draft.has("sequence"):
        raw = draft.text("sequence")
        whole = raw.cast(pl.Int64, strict=False)
        draft.refuse("sequence_not_a_number", raw.is_not_null() & whole.is_null())
        draft.columns["sequence"] = whole
    _note_crossed(draft, "quotes")
    return RULES["quote"]


def _trade(draft: Draft) -> tuple[Rule, ...]:
    draft.columns["instrument"] = _instrument(draft)
    _two_times(draft)
    _numbers(draft, "price", "size", required=True)
    unknown = pl.Series("side", [0], dtype=pl.Int8).new_from_index(0, len(draft.rows))
    draft.columns["side"] = (
        draft.side("side").fill_null(0) if draft.has("side") else unknown
    )
    if draft.has("trade_id"):
        draft.columns["trade_id"] = draft.text("trade_id")
    return RULES["trade"]


def _decision(draft: Draft) -> tuple[Rule, ...]:
    side = draft.side("side")
    draft.refuse("side_missing", draft.text("side").is_null())
    draft.columns["side"] = side
    draft.columns["instrument"] = _decided_instrument(draft, side)
    _two_times(draft)
    draft.columns["decision_id"] = _identity(draft, "decision_id")
    if draft.has("strategy"):
        draft.columns["strategy"] = draft.text("strategy")
        draft.refuse("strategy_missing", draft.columns["strategy"].is_null())
    else:
        draft.columns["strategy"] = draft.file_name()
    scores = ("signal_strength", "confidence_score", "risk_score", "position_size")
    _numbers(draft, *scores, required=False)
    if draft.has("reasoning"):
        draft.columns["reasoning"] = draft.text("reasoning")
    if draft.has("timeframe_consensus"):
        draft.columns["timeframe_consensus"] = _json_objects(draft)
    return RULES["decision"]


def _decided_instrument(draft: Draft, side: pl.Series) -> pl.Series:
    """Return the instrument; a decision not to trade may do without."""
    symbol = draft.text("symbol")
    idle = (side == 0).fill_null(value=False) & symbol.is_null()
    faults = len(draft.faults)
    instrument = _instrument(draft)
    draft.faults[faults:] = [
        (reason, rows & ~idle) for reason, rows in draft.faults[faults:]
    ]
    if (count := int(idle.sum())) > 0:
        draft.notes.append(
            f"{count} decisions not to trade name no symbol: their instrument is "
            f"{NO_INSTRUMENT!r}"
        )
    return instrument.set(idle, NO_INSTRUMENT)


def _json_objects(draft: Draft) -> pl.Series:
    text = draft.text("timeframe_consensus")
    bad = [word for word in text.unique().drop_nulls() if not _is_object(word)]
    draft.refuse("timeframe_consensus_no_json_object", text.is_in(bad))
    return text


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _identity(draft: Draft, name: str) -> pl.Series:
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


def _fill(draft: Draft) -> tuple[Rule, ...]:
    draft.columns["instrument"] = _instrument(draft)
    _two_times(draft)
    if draft.has("signed_quantity"):
        signed = draft.number("signed_quantity")
        draft.columns["side"] = signed.sign().cast(pl.Int8, strict=False)
        draft.columns["quantity"] = signed.abs()
        draft.refuse("quantity_not_positive", signed == 0)
    else:
        draft.columns["side"] = draft.side("side")
        draft.refuse("side_missing", draft.text("side").is_null())
        draft.columns["quantity"] = draft.number("quantity")
        draft.refuse("quantity_not_positive", draft.columns["quantity"] <= 0)
    draft.columns["price"] = draft.number("price")
    draft.columns["fill_id"] = _identity(draft, "fill_id")
    for name in ("order_id", "decision_id"):
        if draft.has(name):
            draft.columns[name] = draft.text(name)
    _numbers(draft, "fees", required=False)
    return RULES["fill"]


_BUILD: Mapping[str, Callable[[Draft], tuple[Rule, ...]]] = {
    "bar": _bar,
    "quote": _quote,
    "trade": _trade,
    "decision": _decision,
    "fill": _fill,
}
