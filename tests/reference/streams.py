"""Columns of a stream by their plain names, and its times as whole nanoseconds."""

DAY_NS = 86_400_000_000_000


def of(columns, stream, *names):
    point = f"{stream}." if stream else ""
    return [columns[point + name] for name in names]


def times(columns, stream):
    pairs = zip(*of(columns, stream, "day", "ns_of_day"), strict=True)
    return [int(day) * DAY_NS + int(rest) for day, rest in pairs]
