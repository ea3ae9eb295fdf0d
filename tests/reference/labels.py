"""Labels of one decision by plain loops over rows, written from the definitions.

A bar is a dict with open_ns, event_ns, received_ns, high, low, close; a tick one with
received_ns and mid. Rows come in the order of their times. None is a missing value.
"""


def _bar_entry(bars, decision_ns):
    price = None
    for bar in bars:
        if max(bar["received_ns"], bar["event_ns"]) <= decision_ns:
            price = bar["close"]
    return price


def _bar_exit(bars, due_ns, wait_ns):
    for bar in bars:
        if bar["event_ns"] >= due_ns:
            return None if bar["event_ns"] - due_ns > wait_ns else bar
    return None


def _tick_entry(ticks, decision_ns):
    price = None
    for tick in ticks:
        if tick["received_ns"] <= decision_ns:
            price = tick["mid"]
    return price


def _tick_exit(ticks, due_ns, wait_ns):
    last = None
    for tick in ticks:
        if tick["received_ns"] > due_ns:
            break
        last = tick
    for tick in ticks:
        if tick["received_ns"] >= due_ns:
            if last is None or tick["received_ns"] - last["received_ns"] > wait_ns:
                return None
            return {"close": last["mid"], "received_ns": tick["received_ns"]}
    return None


def ends_oracle(rows, decision_ns, due_ns, wait_ns):
    """Entry price, exit price and the time at which the exit was known."""
    ticks = bool(rows) and "mid" in rows[0]
    entry = (_tick_entry if ticks else _bar_entry)(rows, decision_ns)
    found = (_tick_exit if ticks else _bar_exit)(rows, due_ns, wait_ns)
    if entry is None or found is None:
        return entry, None, None
    known = max(found["received_ns"], found.get("event_ns", found["received_ns"]))
    return entry, found["close"], known


def horizon_return_oracle(rows, decision_ns, due_ns, wait_ns):
    entry, leave, _ = ends_oracle(rows, decision_ns, due_ns, wait_ns)
    return None if leave is None else (leave - entry) / entry


def direction_oracle(value, neutral_bps):
    if value is None:
        return None
    if value * 1e4 > neutral_bps:
        return 1
    if value * 1e4 < -neutral_bps:
        return -1
    return 0


def outcome_oracle(side, value, benchmark_value):
    """Outperformance in bps and its class, by the words of the requirement."""
    if side == 0 or value is None or benchmark_value is None:
        return None, None
    bps = 1e4 * (side * value - benchmark_value)
    if bps > 20:
        return bps, "EXCELLENT"
    if 10 < bps <= 20:
        return bps, "GOOD"
    if -10 <= bps <= 10:
        return bps, "NEUTRAL"
    if -20 <= bps < -10:
        return bps, "POOR"
    return bps, "BAD"


def excursion_oracle(rows, side, decision_ns, due_ns, wait_ns):
    """Best and worst return of the side from the decision to the exit."""
    entry, leave, _ = ends_oracle(rows, decision_ns, due_ns, wait_ns)
    if leave is None or side == 0:
        return None, None
    best = worst = 0.0
    for row in rows:
        if "mid" in row:
            on_the_way = decision_ns < row["received_ns"] <= due_ns
            prices = [row["mid"]]
        else:
            # The last bar of the path is the first that ends at or after the due time.
            ends = row["event_ns"]
            on_the_way = ends > decision_ns and not any(
                due_ns <= other["event_ns"] < ends for other in rows
            )
            whole = row["open_ns"] >= decision_ns
            prices = [row["high"], row["low"]] if whole else [row["close"]]
        if on_the_way:
            for price in prices:
                best = max(best, side * ((price - entry) / entry))
                worst = min(worst, side * ((price - entry) / entry))
    return best, worst
