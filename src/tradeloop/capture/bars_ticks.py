"""Quotes and trades of an instrument as one row of ticks."""

import numpy as np
import polars as pl

from tradeloop.capture.bars_fold import Float, Int, Ticks

_QUOTE = ("bid", "ask", "bid_size", "ask_size")
_TRADE = ("price", "size", "side")


def ticks_of(
    quotes: pl.DataFrame | None, trades: pl.DataFrame | None
) -> dict[str, Ticks]:
    """Join the ticks of each instrument in the order of their events.

    Parameters
    ----------
    quotes, trades : polars.DataFrame, optional
        Columns of QUOTE and TRADE, in the order of events within an instrument.

    Returns
    -------
    dict of str to Ticks
        By instrument. Of ticks at one time quotes come first.
    """
    of_quotes = {} if quotes is None else _split(quotes, _QUOTE)
    of_trades = {} if trades is None else _split(trades, _TRADE)
    found: dict[str, Ticks] = {}
    for name in of_quotes | of_trades:
        own, dealt = of_quotes.get(name), of_trades.get(name)
        if own is None or dealt is None:
            one = own or dealt
            if one is not None:
                found[name] = _alone(one, is_quote=own is not None)
        else:
            found[name] = _merged(own, dealt)
    return found


_Part = tuple[Int, Int, list[Float]]


def _split(frame: pl.DataFrame, names: tuple[str, ...]) -> dict[str, _Part]:
    if frame.height == 0:
        return {}
    needed = frame.select("instrument", "event_ns", "received_ns", *names)
    first = needed["instrument"][0]
    if (needed["instrument"] == first).all():
        return {first: _arrays(needed, names)}
    parts = needed.partition_by("instrument", as_dict=True, maintain_order=True)
    return {str(key[0]): _arrays(part, names) for key, part in parts.items()}


def _arrays(frame: pl.DataFrame, names: tuple[str, ...]) -> _Part:
    # Writable copies: to compiled code, read-only arrays would be another type.
    event_ns = frame["event_ns"].to_numpy(writable=True)
    received_ns = frame["received_ns"].to_numpy(writable=True)
    values = [
        frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy(writable=True)
        for name in names
    ]
    return event_ns, received_ns, values


def _alone(part: _Part, *, is_quote: bool) -> Ticks:
    event_ns, received_ns, values = part
    one, two, three = values[:3]
    four = values[3] if is_quote else three
    kind = np.full(event_ns.shape[0], is_quote)
    return event_ns, received_ns, kind, one, two, three, four


def _merged(quotes: _Part, trades: _Part) -> Ticks:
    event_ns = np.concatenate([quotes[0], trades[0]])
    order = np.argsort(event_ns, kind="stable")
    received_ns = np.concatenate([quotes[1], trades[1]])
    kind = np.arange(event_ns.shape[0]) < quotes[0].shape[0]
    dealt = [*trades[2], trades[2][2]]
    one, two, three, four = (
        np.concatenate(pair)[order] for pair in zip(quotes[2], dealt, strict=True)
    )
    return event_ns[order], received_ns[order], kind[order], one, two, three, four
