"""Labels of one decision by plain loops over rows, written from the definitions.

A bar is a dict with open_ns, event_ns, received_ns, high, low, close; a tick one with
received_ns and mid. Rows come in the order of their times. None is a missing value.
"""

import math
import statistics
from itertools import pairwise


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


def way_oracle(rows, decision_ns, due_ns):
    """Rows from decision to exit as (time, lowest, highest, close) on the way.

    A bar that was open at the decision has but its close.
    """
    for row in rows:
        if "mid" in row:
            if decision_ns < row["received_ns"] <= due_ns:
                yield row["received_ns"], row["mid"], row["mid"], row["mid"]
            continue
        ends, close = row["event_ns"], row["close"]
        is_last = not any(due_ns <= other["event_ns"] < ends for other in rows)
        if ends > decision_ns and is_last:
            if row["open_ns"] >= decision_ns:
                yield ends, row["low"], row["high"], close
            else:
                yield ends, close, close, close


def extreme_time_oracle(rows, side, decision_ns, due_ns, wait_ns):
    """Time to the best and to the worst price of the side, ns."""
    entry, leave, _ = ends_oracle(rows, decision_ns, due_ns, wait_ns)
    if leave is None or side == 0:
        return None, None
    best = worst = entry
    gain_ns = loss_ns = 0
    for time_ns, low, high, _ in way_oracle(rows, decision_ns, due_ns):
        good, bad = (high, low) if side > 0 else (low, high)
        if side * good > side * best:
            best, gain_ns = good, time_ns - decision_ns
        if side * bad < side * worst:
            worst, loss_ns = bad, time_ns - decision_ns
    return gain_ns, loss_ns


def meta_label_oracle(side, value, cost_bps):
    """1 if the side made money after costs, else 0."""
    if side == 0 or value is None:
        return None
    return 1 if 1e4 * side * value > cost_bps else 0


def volatility_oracle(rows, decision_ns, horizon_ns, n):
    """Standard deviation of the last n log returns, scaled to the horizon."""
    if rows and "mid" in rows[0]:
        step = horizon_ns // n
        prices = [_tick_entry(rows, decision_ns - (n - k) * step) for k in range(n + 1)]
        if prices[0] is None:
            return None
        steps = horizon_ns / step
    else:
        known = [r for r in rows if max(r["received_ns"], r["event_ns"]) <= decision_ns]
        if len(known) <= n:
            return None
        known = known[-n - 1 :]
        prices = [row["close"] for row in known]
        times = [row["event_ns"] for row in known]
        gaps = [after - before for before, after in pairwise(times)]
        steps = horizon_ns / statistics.median(gaps)
    returns = [math.log(after / before) for before, after in pairwise(prices)]
    if max(returns) - min(returns) < 1e-13:
        return None
    return statistics.stdev(returns) * math.sqrt(steps)


def triple_barrier_oracle(rows, side, times, volatility, barriers):
    """Label, return, time of the touch, flag and end: what is touched first.

    ``times`` are decision, due and wait; ``barriers`` the multiples for and against.
    """
    decision_ns, due_ns, wait_ns = times
    entry, leave, known_ns = ends_oracle(rows, decision_ns, due_ns, wait_ns)
    if entry is None or side == 0 or volatility is None:
        return None
    goal = entry * (1 + side * barriers[0] * volatility)
    stop = entry * (1 - side * barriers[1] * volatility)
    for time_ns, low, high, _ in way_oracle(rows, decision_ns, due_ns):
        if time_ns > due_ns:
            continue
        won = high >= goal if side > 0 else low <= goal
        lost = low <= stop if side > 0 else high >= stop
        if won or lost:
            price = min(max(stop if lost else goal, low), high)
            result = side * ((price - entry) / entry)
            end_ns = _known_ns(rows, time_ns)
            label = -1 if lost else 1
            return label, result, time_ns - decision_ns, int(won and lost), end_ns
    if leave is None:
        return None
    held_ns = _exit_time(rows, due_ns) - decision_ns
    return 0, side * ((leave - entry) / entry), held_ns, 0, known_ns


def _known_ns(rows, time_ns):
    for row in rows:
        if row.get("event_ns", row["received_ns"]) == time_ns:
            return max(row["received_ns"], time_ns)
    raise AssertionError(time_ns)


def _exit_time(rows, due_ns):
    ends = [row["event_ns"] for row in rows if row.get("event_ns", 0) >= due_ns]
    return min(ends, default=due_ns)


def trend_scan_oracle(rows, decision_ns, due_ns, wait_ns):
    """Largest |t| of the slopes of all lines, as (t, time of its end)."""
    entry, leave, _ = ends_oracle(rows, decision_ns, due_ns, wait_ns)
    if leave is None:
        return None
    way = [(time, close) for time, _, _, close in way_oracle(rows, decision_ns, due_ns)]
    values = [0.0] + [(close - entry) / entry for _, close in way]
    best = None
    for n in range(5, len(values) + 1):
        t_value = _slope_t(values[:n])
        if best is None or abs(t_value) > abs(best[0]):
            best = t_value, way[n - 2][0] - decision_ns
    return best


def _slope_t(values):
    n = len(values)
    middle, mean = (n - 1) / 2, sum(values) / n
    xx = sum((k - middle) ** 2 for k in range(n))
    slope = sum((k - middle) * (y - mean) for k, y in enumerate(values)) / xx
    residual = sum((y - mean - slope * (k - middle)) ** 2 for k, y in enumerate(values))
    total = sum((y - mean) ** 2 for y in values)
    if total == 0:
        return 0.0
    return slope / math.sqrt(max(residual, 1e-12 * total) / (n - 2) / xx)


def cusum_oracle(prices, thresholds):
    """Rows of the events and their ways; row t is judged by the threshold of t - 1."""
    up = down = 0.0
    found = []
    for k in range(1, len(prices)):
        bound = thresholds[k - 1]
        if bound != bound:
            continue
        move = math.log(prices[k] / prices[k - 1])
        up = max(0.0, up + move)
        down = min(0.0, down + move)
        if up >= bound:
            found.append((k, 1))
            up = 0.0
        elif down <= -bound:
            found.append((k, -1))
            down = 0.0
    return found
