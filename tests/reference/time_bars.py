"""Time bars, tick by tick, in plain Python."""


def time_bars_oracle(quotes, trades, interval_ns):
    """Bars as a list of dicts, by (instrument, open_ns); ticks are lists of dicts."""
    bars = []
    for instrument in sorted({t["instrument"] for t in (*quotes, *trades)}):
        own_quotes = [q for q in quotes if q["instrument"] == instrument]
        own_trades = [t for t in trades if t["instrument"] == instrument]
        starts = {t["event_ns"] // interval_ns for t in (*own_quotes, *own_trades)}
        standing = None
        for start in sorted(starts):
            quoted = [q for q in own_quotes if q["event_ns"] // interval_ns == start]
            traded = [t for t in own_trades if t["event_ns"] // interval_ns == start]
            if quoted:
                standing = quoted[-1]
                prices = [(q["bid"] + q["ask"]) / 2 for q in quoted]
            elif own_quotes and standing is None:
                continue
            elif own_quotes:
                prices = [(standing["bid"] + standing["ask"]) / 2]
            else:
                prices = [t["price"] for t in traded]
            end = (start + 1) * interval_ns
            sided = any(t["side"] for t in own_trades)
            bars.append(
                {
                    "instrument": instrument,
                    "open_ns": start * interval_ns,
                    "event_ns": end,
                    "received_ns": max(
                        [
                            end,
                            *(t["received_ns"] for t in (*quoted, *traded)),
                            *([standing["received_ns"]] if standing else []),
                        ]
                    ),
                    "open": prices[0],
                    "high": max(prices),
                    "low": min(prices),
                    "close": prices[-1],
                    "volume": sum(t["size"] for t in traded) if own_trades else None,
                    "bid": standing["bid"] if standing else None,
                    "ask": standing["ask"] if standing else None,
                    "bid_size": standing["bid_size"] if standing else None,
                    "ask_size": standing["ask_size"] if standing else None,
                    "signed_volume": sum(t["size"] * t["side"] for t in traded)
                    if sided
                    else None,
                }
            )
    return bars
