"""Bars of every kind, tick by tick, in plain Python with exact sums."""

from fractions import Fraction


def joined(quotes, trades):
    """Ticks of one instrument in the order in which bars take them."""
    ticks = [(q["event_ns"], 0, q) for q in quotes] + [
        (t["event_ns"], 1, t) for t in trades
    ]
    return [(bool(kind), tick) for _, kind, tick in sorted(ticks, key=lambda t: t[:2])]


def bars_by_hand(kind, size, ticks, feed, imbalance=None):
    """Complete bars, and the open one as a list; ticks as `joined` gives them.

    ``kind`` is time, tick, volume, dollar or imbalance; ``feed`` is (mids, volume,
    sides).
    """
    mids, _, _ = feed
    bars, now, standing, signs = [], None, None, _Signs(imbalance)
    for is_trade, tick in ticks:
        at = tick["event_ns"]
        if now and kind == "time" and at >= now["open_ns"] + size:
            bars += _shown(now, standing, feed, now["open_ns"] + size)
            now = None
        if is_trade or mids:
            now = now or _opened(kind, size, at, signs)
            now["trades" if is_trade else "quotes"].append(tick)
        standing = standing if is_trade else tick
        if is_trade == mids:
            continue
        now["prices"].append(_mid(tick) if mids else tick["price"])
        signs.take(now["prices"][-1])
        if _ends(kind, size, now, signs):
            bars += _shown(now, standing, feed, at)
            signs.learn(len(now["prices"]))
            now = None
    return bars, _shown(now, standing, feed, _end(kind, size, now)) if now else []


def _opened(kind, size, at, signs):
    start = at // size * size if kind == "time" else at
    threshold, signs.total = signs.threshold(), 0.0
    lists = {"prices": [], "quotes": [], "trades": []}
    return lists | {"open_ns": start, "threshold": threshold}


def _end(kind, size, now):
    if kind == "time":
        return now["open_ns"] + size
    return max(t["event_ns"] for t in (*now["quotes"], *now["trades"]))


def _mid(quote):
    return (quote["bid"] + quote["ask"]) / 2


class _Signs:
    def __init__(self, rule):
        self.rule, self.last, self.sign, self.total = rule, None, 0.0, 0.0
        self.ticks, self.balance = (rule.ticks, rule.balance) if rule else (0.0, 0.0)

    def take(self, price):
        if self.rule is None:
            return
        if self.last is not None and price != self.last:
            self.sign = 1.0 if price > self.last else -1.0
        self.last = price
        self.total += self.sign
        self.balance += 2 / (self.rule.balance_span + 1) * (self.sign - self.balance)

    def learn(self, ticks):
        if self.rule:
            self.ticks += 2 / (self.rule.ticks_span + 1) * (ticks - self.ticks)
            self.ticks = min(
                max(self.ticks, self.rule.least_ticks), self.rule.most_ticks
            )

    def threshold(self):
        least = self.rule.least_balance if self.rule else 0.0
        return self.ticks * max(abs(self.balance), least)


def _ends(kind, size, now, signs):
    if kind == "tick":
        return len(now["prices"]) >= size
    if kind == "volume":
        return float(sum(Fraction(t["size"]) for t in now["trades"])) >= size
    if kind == "dollar":
        values = (Fraction(t["price"] * t["size"]) for t in now["trades"])
        return float(sum(values)) >= size
    return kind == "imbalance" and abs(signs.total) >= now["threshold"]


def _shown(now, standing, feed, end):
    """The bar as a list of one dict, or of none where it has no price."""
    _, volume, sides = feed
    prices = now["prices"]
    if not prices:
        if standing is None:
            return []
        prices = [_mid(standing)]
    heard = [*now["quotes"], *now["trades"], *([standing] if standing else [])]
    told = standing or dict.fromkeys(("bid", "ask", "bid_size", "ask_size"))
    traded = [(Fraction(t["size"]), t["side"]) for t in now["trades"]]
    return [
        {
            "open_ns": now["open_ns"],
            "event_ns": end,
            "received_ns": max([end, *(t["received_ns"] for t in heard)]),
            "open": prices[0],
            "high": max(prices),
            "low": min(prices),
            "close": prices[-1],
            "volume": float(sum(size for size, _ in traded)) if volume else None,
            **{key: told[key] for key in ("bid", "ask", "bid_size", "ask_size")},
            "signed_volume": float(sum(size * side for size, side in traded))
            if sides
            else None,
            "n_quotes": len(now["quotes"]),
            "n_trades": len(now["trades"]),
        }
    ]
