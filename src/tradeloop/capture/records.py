"""Drafts to records: one builder per kind of row.

A builder reads the fields of its kind into the columns of the record. It never drops a
row: what is wrong becomes a fault of the draft.
"""

from collections.abc import Callable, Mapping

import polars as pl

from tradeloop.capture.checks import RULES, Rule, range_rules
from tradeloop.capture.common_fields import (
    latency_ns,
    read_identity,
    read_instrument,
    read_json_objects,
    read_numbers,
    read_two_times,
)
from tradeloop.capture.draft import Draft
from tradeloop.capture.intervals import bar_ends
from tradeloop.capture.plain import build_plain
from tradeloop.capture.plain_kinds import PLAIN
from tradeloop.capture.wider_records import (
    build_book_delta,
    build_option_quote,
    build_sentiment,
    build_series,
)
from tradeloop.events import (
    BAR,
    BOOK_DELTA,
    DECISION,
    FILL,
    OPTION_QUOTE,
    QUOTE,
    SENTIMENT,
    SERIES,
    TRADE,
    Record,
)

NO_INSTRUMENT = "-"
"""Instrument of a decision not to trade that names no symbol."""

RECORDS: Mapping[str, Record] = {
    record.kind: record
    for record in (
        BAR,
        QUOTE,
        TRADE,
        BOOK_DELTA,
        OPTION_QUOTE,
        SERIES,
        SENTIMENT,
        DECISION,
        FILL,
        *PLAIN,
    )
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


def _bar(draft: Draft) -> tuple[Rule, ...]:
    draft.columns["instrument"] = read_instrument(draft)
    if draft.has("open"):
        read_numbers(draft, *_PRICES, required=True)
        read_numbers(draft, "bid", "ask", required=False)
        rules = RULES["bar"]
    else:
        rules = _mid_prices(draft)
    read_numbers(
        draft, "volume", "bid_size", "ask_size", "signed_volume", required=False
    )
    bar_ends(draft)
    end = draft.columns["event_ns"] + latency_ns(draft)
    known = end
    if draft.has("received_time"):
        known = draft.time("received_time")
        draft.clocks = draft.columns["event_ns"], known
    latest = pl.DataFrame({"end": end, "known": known}).max_horizontal()
    draft.columns["received_ns"] = latest
    return rules


def _mid_prices(draft: Draft) -> tuple[Rule, ...]:
    """Bars of quotes: each price is the mean of its bid and ask."""
    for name in _PRICES:
        bid = draft.number(f"bid_{name}")
        ask = draft.number(f"ask_{name}")
        draft.columns[f"bid_{name}"], draft.columns[f"ask_{name}"] = bid, ask
        draft.columns[name] = middle = (bid + ask) / 2
        draft.refuse(f"{name}_not_finite", middle.is_infinite())
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
    draft.columns["instrument"] = read_instrument(draft)
    read_two_times(draft)
    read_numbers(draft, "bid", "ask", required=True)
    read_numbers(draft, "bid_size", "ask_size", required=False)
    draft.columns["sequence"] = draft.whole("sequence", required=False)
    _note_crossed(draft, "quotes")
    return RULES["quote"]


def _trade(draft: Draft) -> tuple[Rule, ...]:
    draft.columns["instrument"] = read_instrument(draft)
    read_two_times(draft)
    read_numbers(draft, "price", "size", required=True)
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
    read_two_times(draft)
    draft.columns["decision_id"] = read_identity(draft, "decision_id")
    if draft.has("strategy"):
        draft.columns["strategy"] = draft.text("strategy")
        draft.refuse("strategy_missing", draft.columns["strategy"].is_null())
    else:
        draft.columns["strategy"] = draft.file_name()
    scores = ("signal_strength", "confidence_score", "risk_score", "position_size")
    read_numbers(draft, *scores, required=False)
    if draft.has("reasoning"):
        draft.columns["reasoning"] = draft.text("reasoning")
    for name in ("model_id", "signal_id"):
        if draft.has(name):
            draft.columns[name] = draft.text(name)
    if draft.has("timeframe_consensus"):
        draft.columns["timeframe_consensus"] = read_json_objects(
            draft, "timeframe_consensus"
        )
    return RULES["decision"]


def _decided_instrument(draft: Draft, side: pl.Series) -> pl.Series:
    """Return the instrument; a decision not to trade may do without."""
    symbol = draft.text("symbol")
    idle = (side == 0).fill_null(value=False) & symbol.is_null()
    faults = len(draft.faults)
    instrument = read_instrument(draft)
    draft.faults[faults:] = [
        (reason, rows & ~idle) for reason, rows in draft.faults[faults:]
    ]
    if (count := int(idle.sum())) > 0:
        draft.notes.append(
            f"{count} decisions not to trade name no symbol: their instrument is "
            f"{NO_INSTRUMENT!r}"
        )
    return instrument.set(idle, NO_INSTRUMENT)


def _fill(draft: Draft) -> tuple[Rule, ...]:
    draft.columns["instrument"] = read_instrument(draft)
    read_two_times(draft)
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
    draft.columns["fill_id"] = read_identity(draft, "fill_id")
    for name in ("order_id", "decision_id", "venue", "liquidity", "algorithm"):
        if draft.has(name):
            draft.columns[name] = draft.text(name)
    if draft.has("parameters"):
        draft.columns["parameters"] = read_json_objects(draft, "parameters")
    read_numbers(draft, "fees", required=False)
    return RULES["fill"]


_BUILD: Mapping[str, Callable[[Draft], tuple[Rule, ...]]] = {
    "bar": _bar,
    "quote": _quote,
    "trade": _trade,
    "decision": _decision,
    "fill": _fill,
    "book_delta": build_book_delta,
    "option_quote": build_option_quote,
    "sentiment": build_sentiment,
    "series": build_series,
    **{record.kind: build_plain for record in PLAIN},
}
