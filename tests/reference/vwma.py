"""Volume-weighted mean, each window afresh; the value where nothing was traded."""

from reference.rolling import rolled


def expected(columns, n, x="close"):
    def weighed(values, volumes):
        paid = sum(v * w for v, w in zip(values, volumes, strict=True))
        return paid / sum(volumes) if sum(volumes) else values[-1]

    return {"value": rolled(n, weighed, columns[x], columns["volume"])}
