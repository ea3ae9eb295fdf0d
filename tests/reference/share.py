"""Sum over sum, each window afresh."""

from reference.rolling import rolled


def expected(columns, part, whole, n):
    def ratio(some, total):
        return sum(some) / sum(total)

    return {"value": rolled(n, ratio, columns[part], columns[whole])}
