"""Agreement, uniqueness and confident learning by plain loops, from the definitions."""


def kappa_oracle(pairs, classes, *, weighted=False):
    """Pairs of classes; the disagreement of each pair against that of all pairings."""
    place = {each: k for k, each in enumerate(classes)}

    def apart(one, other):
        gap = place[one] - place[other]
        return gap * gap if weighted else int(gap != 0)

    observed = sum(apart(a, b) for a, b in pairs) / len(pairs)
    chance = sum(apart(a, b) for a, _ in pairs for _, b in pairs) / len(pairs) ** 2
    return 1 - observed / chance


def uniqueness_oracle(spans):
    """Mean over the whole instants of each span of 1 / the number of spans there."""
    found = []
    for start, end in spans:
        shares = [
            1 / sum(low <= t < high for low, high in spans) for t in range(start, end)
        ]
        found.append(sum(shares) / len(shares) if shares else 1.0)
    return found


def meets_oracle(spans, others):
    return [
        any(low <= end and start <= high for low, high in others)
        for start, end in spans
    ]


def confident_joint_oracle(given, probabilities):
    """Counts by given and believed class, and the believed class of each row."""
    classes = range(len(probabilities[0]))
    thresholds = []
    for j in classes:
        own = [p[j] for g, p in zip(given, probabilities, strict=True) if g == j]
        thresholds.append(sum(own) / len(own) if own else float("inf"))
    counts = [[0 for _ in classes] for _ in classes]
    believed = []
    for g, p in zip(given, probabilities, strict=True):
        bold = [j for j in classes if p[j] >= thresholds[j]]
        best = max(bold, key=lambda j: p[j]) if bold else -1
        believed.append(best)
        if best >= 0:
            counts[g][best] += 1
    return counts, believed
