"""Execution truth by plain loops, written from the definitions.

A mid is a tuple (received_ns, mid); a fill a dict with side, price, quantity, fees and
event_ns. Prices of `shortfall_oracle` are exact fractions. None is a missing value.
"""

from fractions import Fraction


def as_of(mids, at_ns, wait_ns):
    """Last mid at or before a time, unless it is older than the wait."""
    last = None
    for time_ns, mid in mids:
        if time_ns <= at_ns:
            last = (time_ns, mid)
    if last is None or at_ns - last[0] > wait_ns:
        return None
    return last[1]


def at_horizon(mids, due_ns, wait_ns):
    """Mid at a due time and when it was known; None, None while it is not."""
    last = proof = None
    for time_ns, mid in mids:
        if time_ns <= due_ns:
            last = (time_ns, mid)
        if time_ns >= due_ns and proof is None:
            proof = time_ns
    if last is None or proof is None or proof - last[0] > wait_ns:
        return None, None
    return last[1], proof


def spreads_oracle(side, price, mid, later):
    """Effective, realised, impact and markout of a fill in bps, exact."""
    p, m, h = Fraction(price), Fraction(mid), Fraction(later)
    return (
        20_000 * side * (p - m) / m,
        20_000 * side * (p - h) / m,
        20_000 * side * (h - m) / m,
        10_000 * side * (h - p) / m,
    )


def shortfall_oracle(side, ordered, fills, decision, end):
    """What the paper earned and the real portfolio did not; no split is made here.

    Parameters
    ----------
    fills : list of tuple
        price, quantity, fees.

    Returns
    -------
    Fraction
        Quote currency, positive is a cost.
    """
    d, e = Fraction(decision), Fraction(end)
    paper = side * Fraction(ordered) * (e - d)
    real = Fraction(0)
    for price, quantity, fees in fills:
        real += side * Fraction(quantity) * (e - Fraction(price)) - Fraction(fees)
    return paper - real


def twap_oracle(mids, begin_ns, end_ns):
    """Mean of the mid over each nanosecond of an interval; small times only."""
    if begin_ns == end_ns:
        return as_of(mids, begin_ns, 10**18)
    moments = range(begin_ns, end_ns)
    return sum(as_of(mids, ns, 10**18) for ns in moments) / len(moments)


def vwap_oracle(trades, begin_ns, end_ns, own):
    """What others paid: trades (time, price, size) less own fills (price, size)."""
    within = [(p, v) for t, p, v in trades if begin_ns <= t <= end_ns]
    value = sum(p * v for p, v in within) - sum(p * v for p, v in own)
    size = sum(v for _, v in within) - sum(v for _, v in own)
    return value / size if size > 0 else None


def committed_oracle(events):
    """Most that was committed at any time; events are (order, status, quantity, done).

    In the order in which they happened.
    """
    level, most = {}, 0.0
    for order, status, quantity, done in events:
        level[order] = done if status in ("cancelled", "rejected") else quantity
        most = max(most, sum(level.values()))
    return most
