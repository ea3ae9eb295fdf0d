"""What a column map can name: the fields of each kind of row, and the rules."""

from collections.abc import Mapping

from tradeloop.capture.plain_kinds import PLAIN, field_of, plain_fields
from tradeloop.events import BOOK_DELTA, OPTION_QUOTE, SENTIMENT, SERIES, Record

_TIMES = {
    "event_time": "when it happened",
    "received_time": "when it was known; absent: event time + rules.latency",
}
_PLACE = {"symbol": "name of the instrument", "venue": "where it trades; optional"}
_SIDES = ("open", "high", "low", "close")
_SIZES = {"bid_size": "size at the bid", "ask_size": "size at the ask"}

FIELDS: Mapping[str, Mapping[str, str]] = {
    "bar": _PLACE
    | {
        "open_time": "start of the bar",
        "close_time": "end of the bar",
        "received_time": "when it was known; absent: its end + rules.latency",
        "interval": "length of the bar as text, such as 1h",
    }
    | {name: f"{name} price" for name in _SIDES}
    | {f"{q}_{name}": f"{name} of the {q}" for q in ("bid", "ask") for name in _SIDES}
    | {
        "volume": "traded in the bar",
        "signed_volume": "bought less sold by takers",
        "bid": "best bid at the end",
        "ask": "best ask at the end",
    }
    | _SIZES,
    "quote": _PLACE
    | _TIMES
    | {"bid": "best bid", "ask": "best ask"}
    | _SIZES
    | {"sequence": "number that the venue gave it"},
    "trade": _PLACE
    | _TIMES
    | {
        "price": "price",
        "size": "size",
        "side": "side of the taker",
        "trade_id": "id that the venue gave it",
    },
    "decision": _PLACE
    | _TIMES
    | {
        "decision_id": "id; absent: a hash of the row",
        "strategy": "who decided; absent: the name of the file",
        "side": "buy, sell or hold",
        "signal_strength": "0 to 1",
        "confidence_score": "0 to 1",
        "risk_score": "0 to 1",
        "position_size": "share of capital, or units",
        "reasoning": "why, in words",
        "timeframe_consensus": "JSON object",
        "model_id": "model that it follows",
        "signal_id": "signal that it follows",
    },
    "fill": _PLACE
    | _TIMES
    | {
        "fill_id": "id; absent: a hash of the row",
        "order_id": "order it belongs to",
        "decision_id": "decision it belongs to",
        "side": "buy or sell",
        "price": "price",
        "quantity": "units, above 0",
        "signed_quantity": "units, above 0 bought and below 0 sold",
        "fees": "paid, quote currency",
        "liquidity": "maker or taker",
        "algorithm": "execution algorithm",
        "parameters": "JSON object: parameters of the algorithm",
    },
    "book_delta": _PLACE | plain_fields(BOOK_DELTA),
    "option_quote": _PLACE | plain_fields(OPTION_QUOTE),
    "sentiment": _PLACE | plain_fields(SENTIMENT),
    "series": plain_fields(SERIES),
    **{record.kind: plain_fields(record) for record in PLAIN},
}
"""Fields of each kind that a map can name, with their meaning."""

_TICK = ((("symbol",),), (("event_time",), ("received_time",)))


def _required(record: Record) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """All fields of a plain record that no row may do without; one of its times."""
    names = [field_of(column) for column in record.columns if not column.nullable]
    rest = [name for name in names if name not in _TIMES]
    return ((("event_time",), ("received_time",)), *(((name,),) for name in rest))


REQUIRED: Mapping[str, tuple[tuple[tuple[str, ...], ...], ...]] = {
    "bar": (
        (("symbol",),),
        (("open_time",), ("close_time",)),
        (_SIDES, tuple(f"{q}_{name}" for q in ("bid", "ask") for name in _SIDES)),
    ),
    "quote": (
        (("symbol",),),
        (("event_time",), ("received_time",)),
        (("bid", "ask"),),
    ),
    "trade": (
        (("symbol",),),
        (("event_time",), ("received_time",)),
        (("price", "size"),),
    ),
    "decision": (
        (("symbol",),),
        (("event_time",), ("received_time",)),
        (("side",),),
    ),
    "fill": (
        (("symbol",),),
        (("event_time",), ("received_time",)),
        (("price",),),
        (("side", "quantity"), ("signed_quantity",)),
    ),
    "book_delta": (
        *_TICK,
        (("side", "price", "size", "last_sequence", "is_snapshot"),),
    ),
    "option_quote": (*_TICK, (("underlying", "strike", "right", "expiry_ns"),)),
    "sentiment": (
        (("event_time",), ("received_time",)),
        (("symbol",), ("text",), ("text_source",)),
        (("score",),),
    ),
    "series": ((("series",),), (("event_time",),), (("value",),)),
    **{record.kind: _required(record) for record in PLAIN},
}
"""What each kind cannot do without: all groups, of each at least one alternative."""

TO_NEXT = "to_next"
"""Rule ``interval`` of bars that end where the next one begins."""

RULES: Mapping[str, type] = {
    "timezone": str,
    "time_unit": str,
    "time_format": str,
    "interval": str,
    "latency": str,
    "releases": dict,
    "scale": dict,
    "note": str,
    "sides": dict,
    "only": dict,
}
"""Names in ``rules`` and the TOML type of their values."""
