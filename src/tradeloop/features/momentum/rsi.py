"""Relative strength index."""

from math import nan

from tradeloop.features.base import Family, Feature, Source, positive_rows, suffix
from tradeloop.fold import Float, kernel


@kernel("value", state=4, params=3)
def _rsi(state: Float, params: tuple[float, float, float], x: float) -> float:
    n, fresh, keep = params
    count, change = state[0], x - state[1]
    state[1] = x
    if count == 0.0:
        state[0] = 1.0
        return nan
    up, down = max(change, 0.0), max(-change, 0.0)
    if count > n:
        gain = state[2] * keep + up * fresh
        loss = state[3] * keep + down * fresh
    else:
        gain, loss = state[2] + up, state[3] + down
        state[0] = count + 1.0
        if count == n:
            gain /= n
            loss /= n
    state[2], state[3] = gain, loss
    if count < n:
        return nan
    total = gain + loss
    return 100.0 * (gain / total) if total > 0.0 else 50.0


def rsi(n: int, x: Source = "close") -> Feature:
    """Share of gains in all moves, Wilder means over n rows, 0 to 100."""
    n = positive_rows(n, "rsi")
    return Feature(
        f"rsi_{n}{suffix(x, 'close')}",
        FAMILY,
        (x,),
        (n, 1 / n, (n - 1) / n),
        warm_up=(n,),
        look_back=None,
    )


FAMILY = Family(
    name="rsi",
    category="technical",
    kernel=_rsi,
    formula="100 * wilder(gain) / (wilder(gain) + wilder(loss))",
    unit="0 to 100; 50 where nothing moved",
    reference="Wilder 1978; TA-Lib RSI, which gives 0 where nothing moved",
    build=rsi,
    examples=((14,), (2,)),
)
