"""Slow and obvious: which training rows a purge keeps."""


def meets_oracle(start, end, other_start, other_end):
    pairs = list(zip(other_start, other_end, strict=True))
    return [
        any(a <= right and left <= b for left, right in pairs)
        for a, b in zip(start, end, strict=True)
    ]


def purge_oracle(times, train, test, *, before_ns=0, after_ns=0):
    start, end = times
    kept = []
    for i in train:
        free = all(
            end[i] < start[j] - before_ns or start[i] > end[j] + after_ns for j in test
        )
        if free and i not in test:
            kept.append(i)
    return kept
