"""Slow back-test in plain Python: one instant after another, one signal at a time."""

from dataclasses import dataclass, field

WHOLE = 1_000_000_000


@dataclass
class Book:
    """Money of one instrument, and its trade if one is open."""

    weight: int = 0
    units: float = 0.0
    cash: float = 0.0
    costs: float = 0.0
    at_ns: int = 0
    close: float = 0.0
    level: float = 0.0
    trade: dict | None = None
    trades: list = field(default_factory=list)


def first_open(bars, at_ns):
    return min((bar[0] for bar in bars if bar[0] >= at_ns), default=None)


def plan(market, signals):
    """Entry and exit of each signal, or the reason why it has none."""
    planned = []
    for signal in signals:
        bars = market.get(signal["instrument"])
        size = round(signal["position_size"] * WHOLE)
        entry = leave = reason = None
        if signal["side"] == 0:
            reason = "HOLD"
        elif size == 0:
            reason = "zero size"
        elif bars is None:
            reason = "unknown instrument"
        else:
            entry = first_open(bars, signal["created_ns"])
            leave = first_open(bars, signal["created_ns"] + signal["horizon_ns"])
            if entry is None:
                reason = "no later bar"
            elif entry == leave:
                reason = "horizon over before the next open"
        planned.append((entry, leave, signal["side"] * size, reason))
    return planned


def wanted(market, signals, planned, now_ns, books, caps):
    """New weight of each instrument that has an entry or an exit at this instant."""
    asked = {}
    for name in market:
        mine = [
            p
            for s, p in zip(signals, planned, strict=True)
            if s["instrument"] == name and p[3] is None
        ]
        if any(now_ns in (entry, leave) for entry, leave, _, _ in mine):
            held = [
                weight
                for entry, leave, weight, _ in mine
                if entry <= now_ns and (leave is None or now_ns < leave)
            ]
            cap = round(caps[0] * WHOLE)
            asked[name] = min(max(sum(held), -cap), cap)
    others = sum(abs(b.weight) for name, b in books.items() if name not in asked)
    room = round(caps[1] * WHOLE) - others
    total = sum(abs(weight) for weight in asked.values())
    if total > room:
        asked = {name: int(weight * (room / total)) for name, weight in asked.items()}
    return asked


def accrue(book, now_ns, capital, rate_per_ns):
    paid = abs(book.weight) / WHOLE * capital * rate_per_ns * (now_ns - book.at_ns)
    book.costs += paid
    if book.trade:
        book.trade["costs"] += paid
    book.at_ns = now_ns


def trade(book, weight, now_ns, price, capital, cost_rate):
    """Move one instrument to its new weight at this open; a turn is two legs."""
    before, after = book.units, weight / WHOLE * capital / price
    turns = before * after < 0
    legs = [(-before, 0.0), (after, after)] if turns else [(after - before, after)]
    for moved, left in legs:
        cost = abs(moved) * price * cost_rate
        if book.trade is None:
            side = 1 if left > 0 else -1
            start = {"side": side, "entry_ns": now_ns, "gross_pnl": 0.0, "costs": 0.0}
            book.trade = start
        book.trade["gross_pnl"] -= moved * price
        book.trade["costs"] += cost
        book.cash -= moved * price
        book.costs += cost
        if left == 0:
            book.trades.append({**book.trade, "exit_ns": now_ns})
            book.trade = None
    book.weight, book.units = weight, after


def replay_oracle(
    market, signals, *, cost_rate=0.0, rate_per_ns=0.0, caps=(1.0, 1.0), capital=1.0
):
    """Equity after each close, trades, and the reason of each signal.

    ``market`` maps a name to bars (open_ns, event_ns, open, close); bars of a name do
    not overlap. What closes at an instant does so before anything opens.
    """
    planned = plan(market, signals)
    books = {name: Book() for name in market}
    opens = {(bar[0], name): bar[2] for name, bars in market.items() for bar in bars}
    closes = {(bar[1], name): bar[3] for name, bars in market.items() for bar in bars}
    equity = {}
    for now in sorted({at for at, _ in [*opens, *closes]}):
        closing = [name for name in market if (now, name) in closes]
        for name in closing:
            book = books[name]
            accrue(book, now, capital, rate_per_ns)
            book.close = closes[now, name]
            book.level = book.cash - book.costs + book.units * book.close
        if closing:
            equity[now] = capital + sum(book.level for book in books.values())
        asked = wanted(market, signals, planned, now, books, caps)
        for name, weight in asked.items():
            if weight != books[name].weight:
                accrue(books[name], now, capital, rate_per_ns)
                price = opens[now, name]
                trade(books[name], weight, now, price, capital, cost_rate)
    trades = []
    for name in sorted(market):
        book = books[name]
        last = []
        if book.trade:
            book.trade["gross_pnl"] += book.units * book.close
            last = [{**book.trade, "exit_ns": None}]
        trades += [{"instrument": name, **t} for t in book.trades + last]
    return equity, trades, [reason for *_, reason in planned]
