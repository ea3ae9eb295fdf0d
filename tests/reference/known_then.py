"""Reference data applied as it was known: row by row, in plain Python."""


def in_force_oracle(announcements, key, at_ns):
    known = [a for a in announcements if a["received_ns"] <= at_ns]
    first = {}
    for a in known:
        first.setdefault(a[key], a)
    replaced = {a["replaces"] for a in first.values()}
    return [a for a in first.values() if a[key] not in replaced]


def last_before(rows, instrument, at_ns):
    """Close of the last bar that began before a time; of equals the later one."""
    mine = [r for r in rows if r["instrument"] == instrument and r["open_ns"] < at_ns]
    latest = max((row["open_ns"] for row in mine), default=None)
    return [None, *(r["close"] for r in mine if r["open_ns"] == latest)][-1]


def adjusted_oracle(bars, actions, at_ns):
    """List of (factor on prices or None, factor on volume) of the known bars."""
    known = [bar for bar in bars if bar["received_ns"] <= at_ns]
    due = [
        a
        for a in in_force_oracle(actions, "action_id", at_ns)
        if a["action"] != "withdrawn" and a["ex_ns"] <= at_ns
    ]
    found = []
    for bar in known:
        price, volume = 1.0, 1.0
        mine = [a for a in due if a["instrument"] == bar["instrument"]]
        for ex_ns in sorted({a["ex_ns"] for a in mine}):
            if bar["open_ns"] >= ex_ns:
                continue
            now = [a for a in mine if a["ex_ns"] == ex_ns]
            ratio, amount = 1.0, 0.0
            for a in now:
                ratio *= a["ratio"] if a["action"] == "split" else 1.0
                amount += a["amount"] if a["action"] == "cash_dividend" else 0.0
            kept = 1 - amount * ratio / last_before(known, bar["instrument"], ex_ns)
            volume *= ratio
            price = None if price is None or kept <= 0 else price * kept / ratio
        found.append((price, volume))
    return found


def continuous_oracle(bars, rolls, root, at_ns, method):
    """List of (contract, close moved or None, adjustment or None), by open time."""
    known = [bar for bar in bars if bar["received_ns"] <= at_ns]
    by_time = {}
    for roll in in_force_oracle(rolls, "roll_id", at_ns):
        if roll["root"] == root and roll["effective_ns"] <= at_ns:
            there = by_time.get(roll["effective_ns"])
            if there is None or roll["received_ns"] >= there["received_ns"]:
                by_time[roll["effective_ns"]] = roll
    due = [by_time[time] for time in sorted(by_time)]
    found = []
    for bar in sorted(known, key=lambda row: row["open_ns"]):
        past = [r for r in due if r["effective_ns"] <= bar["open_ns"]]
        if not due:
            continue
        front = past[-1]["to_instrument"] if past else due[0]["from_instrument"]
        if bar["instrument"] != front:
            continue
        later = due[len(past) :] if method != "none" else ()
        move = moved(known, later, method)
        close = None if move is None else combined(bar["close"], move, method)
        found.append((front, close, move))
    return found


def combined(price, move, method):
    return price * move if method == "ratio" else price + move


def moved(known, rolls, method):
    """Product, or sum, of the steps of the rolls; None where a price is not known."""
    move = 1.0 if method == "ratio" else 0.0
    for roll in rolls:
        left = last_before(known, roll["from_instrument"], roll["effective_ns"])
        entered = last_before(known, roll["to_instrument"], roll["effective_ns"])
        if left is None or entered is None:
            return None
        step = entered / left if method == "ratio" else entered - left
        move = combined(move, step, method)
    return move


def rate_oracle(row, rates, to, stale_after_ns):
    """(rate or None, reason or None) of one row."""
    if row["currency"] == to:
        return 1.0, None
    best = None
    for rate in sorted(rates, key=lambda r: r["received_ns"]):
        if rate["received_ns"] > row["received_ns"]:
            continue
        pair = (rate["base_currency"], rate["quote_currency"])
        if pair not in ((row["currency"], to), (to, row["currency"])):
            continue
        if best is None or rate["event_ns"] >= best["event_ns"]:
            best = rate
    if best is None:
        return None, "no_rate"
    if row["received_ns"] - best["event_ns"] >= stale_after_ns:
        return None, "stale_rate"
    straight = best["quote_currency"] == to
    return (best["rate"] if straight else 1 / best["rate"]), None
