"""Rows of each window sorted by the sign of the benchmark."""

from reference.rolling import mean, rolled


def beta(pairs):
    ys, xs = [y for y, _ in pairs], [x for _, x in pairs]
    if len(set(xs)) < 2:
        return 0.0
    joint = sum((y - mean(ys)) * (x - mean(xs)) for y, x in pairs)
    return joint / sum((x - mean(xs)) ** 2 for x in xs)


def caught(pairs):
    return sum(y for y, _ in pairs) / sum(x for _, x in pairs) if pairs else 0.0


def expected(columns, n, y, x):
    found = {}
    for name, measure in (("capture", caught), ("beta", beta)):
        for side, sign in (("up", 1), ("down", -1)):

            def value(ys, xs, measure=measure, sign=sign):
                pairs = [p for p in zip(ys, xs, strict=True) if p[1] * sign > 0]
                return measure(pairs)

            found[f"{side}_{name}"] = rolled(n, value, columns[y], columns[x])
    return {
        name: found[name]
        for name in ("up_capture", "down_capture", "up_beta", "down_beta")
    }
