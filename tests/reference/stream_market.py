"""Random but possible quotes, trades, books and tapes, for laws that hold on any."""

import numpy as np

_DAY = 86_400_000_000_000
_START = 18_000 * _DAY - 60_000_000_000  # a minute before midnight: the day changes


def stream_columns(seed, rows, *, flat=0.0, tick=0.0):
    """Raw columns of the streams of one instrument; ``flat`` of the quotes stay."""
    random = np.random.default_rng([seed, 5])
    tick = tick or 0.01
    moves = random.integers(-3, 4, rows) * (random.random(rows) >= flat)
    bid = tick * (10_000 + np.cumsum(moves))
    ask = bid + tick * random.integers(1, 5, rows)
    sizes = random.integers(1, 100, (2, rows)).astype(float)
    quotes = {"bid": bid, "ask": ask, "bid_size": sizes[0], "ask_size": sizes[1]}
    found = {f"quote.{name}": values for name, values in quotes.items()}
    found |= _clock("quote", random, rows)
    found |= _trades("trade", random, bid, ask, tick) | _clock("trade", random, rows)
    found |= _tape(random, bid, ask, tick) | _clock("tape", random, rows)
    return found | _book(random, quotes, tick) | _clock("book", random, rows)


def _clock(stream, random, rows):
    """Two in ten events have the time of the one before."""
    steps = random.exponential(1e9, rows).astype(np.int64)
    times = _START + np.cumsum(steps * (random.random(rows) > 0.2))
    day, rest = np.divmod(times, _DAY)
    return {
        f"{stream}.day": day.astype(float),
        f"{stream}.ns_of_day": rest.astype(float),
    }


def _trades(stream, random, bid, ask, tick):
    """Trades at the quotes, at the mid and between; a third without a known side."""
    rows = bid.shape[0]
    place = random.choice([0.0, 0.25, 0.5, 1.0], rows)
    return {
        f"{stream}.price": bid + place * (ask - bid),
        f"{stream}.size": random.integers(1, 50, rows).astype(float),
        f"{stream}.side": random.integers(-1, 2, rows).astype(float),
    }


def _tape(random, bid, ask, tick):
    """Rows of quotes and of trades; a trade's row repeats the quote that stood."""
    rows = bid.shape[0]
    is_trade = random.random(rows) < 0.4
    is_trade[0] = False
    at = np.maximum.accumulate(np.where(is_trade, 0, np.arange(rows)))
    bid, ask = bid[at], ask[at]
    trades = _trades("tape", random, bid, ask, tick)
    last = np.maximum.accumulate(np.where(is_trade, np.arange(rows), -1))
    mid = (bid + ask) / 2
    trades["tape.price"] = np.where(last < 0, mid, trades["tape.price"][last])
    trades["tape.size"] *= is_trade
    trades["tape.side"] *= is_trade
    return {"tape.bid": bid, "tape.ask": ask, **trades}


def _book(random, quotes, tick):
    """Depths and prices of the best 5, 10 and 20 levels, one tick or more apart."""
    found = {f"book.{name}": values for name, values in quotes.items()}
    rows = quotes["bid"].shape[0]
    for side, away in (("bid", -1), ("ask", 1)):
        below = 0
        depth, price = quotes[f"{side}_size"], quotes[side]
        for n in (5, 10, 20):
            depth = depth + random.integers(n - below, 50 * n, rows)
            price = price + away * tick * random.integers(n - below, 3 * n, rows)
            below = n
            found[f"book.{side}_depth_{n}"] = depth
            found[f"book.{side}_{n}"] = price
    return found
