"""Small markets, decisions, orders and fills, written by hand."""

import polars as pl

from tradeloop.events import BAR, DECISION, FILL, ORDER_EVENT, QUOTE, TRADE

A = "A.X"


def _rows(record, rows, **usual):
    return record.conform(
        pl.DataFrame([usual | row for row in rows], infer_schema_length=None)
    )


def quotes(*rows, instrument=A, half=0.5, lag=0):
    """Quotes (received_ns, mid); the venue stamped them ``lag`` before."""
    return _rows(
        QUOTE,
        [
            {
                "event_ns": at - lag,
                "received_ns": at,
                "bid": mid - half,
                "ask": mid + half,
            }
            for at, mid in rows
        ],
        instrument=instrument,
    )


def bars(*rows, instrument=A):
    """Bars (open_ns, end_ns, open, high, low, close, volume), received at their end."""
    names = ("open_ns", "event_ns", "open", "high", "low", "close", "volume")
    return _rows(
        BAR,
        [dict(zip(names, row, strict=True)) | {"received_ns": row[1]} for row in rows],
        instrument=instrument,
    )


def trades(*rows, instrument=A):
    """Trades (event_ns, price, size)."""
    return _rows(
        TRADE,
        [
            {"event_ns": t, "received_ns": t, "price": p, "size": v, "side": 0}
            for t, p, v in rows
        ],
        instrument=instrument,
    )


def decision(at, side=1, *, decision_id="d", instrument=A, **more):
    """One decision."""
    row = {"decision_id": decision_id, "side": side, "event_ns": at, "received_ns": at}
    return _rows(DECISION, [row], instrument=instrument, strategy="s").with_columns(
        pl.lit(value).alias(name) for name, value in more.items()
    )


def fills(*rows, side=1, decision_id="d", instrument=A):
    """Fills (event_ns, price, quantity, fees), or dicts of other columns."""
    names = ("event_ns", "price", "quantity", "fees")
    made = []
    for n, row in enumerate(rows):
        told = row if isinstance(row, dict) else dict(zip(names, row, strict=False))
        made.append(
            {"fill_id": f"f{n}", "received_ns": told["event_ns"]}
            | {"decision_id": decision_id, "side": side, "instrument": instrument}
            | {"order_id": None, "fees": None}
            | told
        )
    return FILL.conform(
        pl.DataFrame(made, infer_schema_length=None) if made else FILL.empty()
    )


def orders(*rows, side=1, decision_id="d", instrument=A):
    """Order events (event_ns, order_id, status, quantity), with other columns."""
    names = ("event_ns", "order_id", "status", "quantity")
    made = []
    for n, (*row, more) in enumerate(rows):
        told = dict(zip(names, row, strict=True)) | more
        made.append(
            {"order_event_id": f"e{n}", "received_ns": told["event_ns"]}
            | {"decision_id": decision_id, "side": side, "instrument": instrument}
            | told
        )
    return _rows(ORDER_EVENT, made)
