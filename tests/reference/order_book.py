"""The order book as two dictionaries of prices, message by message."""


def book_oracle(messages):
    """Tops after each message that the book can take, and its two sides at the end.

    Messages are dicts with ``previous``, ``last``, ``is_snapshot`` and ``rows`` of
    (side, price, size). Nothing waits here: the list must start with a snapshot. After
    a gap nothing is known until the next snapshot.
    """
    sides, sequence, whole, tops = {1: {}, -1: {}}, None, False, []
    for message in messages:
        last, previous = message["last"], message["previous"]
        if message["is_snapshot"]:
            sides, sequence, whole = {1: {}, -1: {}}, last, True
        else:
            if whole and last <= sequence:
                continue
            whole = whole and previous <= sequence
            sequence = last if whole else sequence
        if not whole:
            continue
        for side, price, size in message["rows"]:
            sides[side].pop(price, None)
            if size:
                sides[side][price] = size
        tops.append((last, *_best(sides[1], max), *_best(sides[-1], min)))
    return tops, sides


def _best(levels, pick):
    price = pick(levels, default=None)
    return price, levels.get(price)
