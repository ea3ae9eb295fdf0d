"""Side of the taker: told, by the quote, by the last other price."""

import numpy as np

from reference.streams import of


def expected(columns, stream="trade", quotes="quote"):
    price, size, side = of(columns, stream, "price", "size", "side")
    mid = sum(of(columns, quotes, "bid", "ask")) / 2 if quotes else price
    signs = []
    for row in range(len(price)):
        before = [price[k] for k in range(row) if size[k] > 0]
        others = [other for other in before if other != price[row]]
        # The last price that was another one; equal prices before it do not count.
        ticks = np.sign(price[row] - others[-1]) if others else 0
        told, quoted = side[row], np.sign(round(price[row] - mid[row], 9))
        signs.append((told or quoted or ticks) if size[row] > 0 else 0)
    sign = np.array(signs, float)
    return {"sign": sign, "volume": sign * size, "buy": np.where(sign > 0, size, 0)}
