"""Windows of quotes as of a decision, one plain loop after the other."""

from math import isnan, nan, sqrt


def _in_window(decision, quotes, wanted):
    """Quotes of a window, oldest first."""
    at = decision["received_ns"]
    known = [
        quote
        for quote in quotes
        if quote["instrument"] == decision["instrument"] and quote["received_ns"] <= at
    ]
    if wanted.quotes is not None:
        known = known[-wanted.quotes :]
    if wanted.within_ns is not None:
        known = [q for q in known if q["received_ns"] > at - wanted.within_ns]
    return known


def _missing(value):
    return value is None or isnan(value)


def _added(values):
    total = 0.0
    for value in values:
        total += value
    return total


def _mean(values):
    return _added(values) / len(values)


def _std(values):
    if len(values) < 2:
        return None
    mean = _mean(values)
    squares = _added([(value - mean) * (value - mean) for value in values])
    return sqrt(squares / (len(values) - 1))


def _weighted(window, wanted):
    pairs = [(quote[wanted.column], quote[wanted.weight]) for quote in window]
    pairs = [pair for pair in pairs if not any(map(_missing, pair))]
    weight = _added([w for _, w in pairs])
    return _added([v * w for v, w in pairs]) / weight if weight else None


def before(decision, quotes, wanted):
    window = _in_window(decision, quotes, wanted)
    if wanted.reduce == "weighted_mean":
        return _weighted(window, wanted)
    values = [q[wanted.column] for q in window if not _missing(q[wanted.column])]
    if wanted.reduce == "count":
        return len(values)
    if not values:
        return None
    reduced = {
        "sum": _added,
        "mean": _mean,
        "min": min,
        "max": max,
        "std": _std,
        "first": lambda found: found[0],
        "last": lambda found: found[-1],
    }
    return reduced[wanted.reduce](values)


def ahead(decision, quotes, wanted, until_ns):
    at = decision["received_ns"] + wanted.after_ns
    value = nan
    for quote in quotes:
        there = quote["instrument"] == decision["instrument"]
        if there and quote["received_ns"] <= at and not _missing(quote[wanted.column]):
            value = quote[wanted.column]
    return None if isnan(value) or at > until_ns else value
