"""Time bars as known at a time: everything is computed again from what was received."""

from reference.bars_by_hand import bars_by_hand, joined


def bars_known(quotes, trades, known_ns, length, settle_ns, feed):
    """Bars told by ``known_ns``, from ticks received by then, as a list of dicts."""
    told_quotes = _by_id(quotes, "sequence", known_ns)
    told_trades = _by_id(trades, "trade_id", known_ns)
    ticks = joined(told_quotes, told_trades)
    closed, left = bars_by_hand("time", length, ticks, feed)
    told = [*closed, *left]
    return [bar for bar in told if bar["event_ns"] + settle_ns <= known_ns]


def _by_id(rows, name, known_ns):
    """Last content of each id, in the order of time and id."""
    last = {}
    for row in rows:  # in the order of receipt
        if row["received_ns"] <= known_ns:
            last[row[name]] = row
    return sorted(last.values(), key=lambda row: (row["event_ns"], row[name]))
