"""Rate of change over n rows: in per cent, as a share, or as a ratio."""

from tradeloop.features.base import Family, Feature, Source, positive_rows, suffix
from tradeloop.features.window import push_old
from tradeloop.fold import Float, kernel


@kernel("value", state=2, params=3)
def _rate_of_change(
    state: Float, ring: Float, params: tuple[float, float, float], x: float
) -> float:
    n, scale, base = params
    old = push_old(state, ring, 0, 0, n, x)
    return scale * ((x - old) / old) + base if old != 0.0 else 0.0


def roc(n: int, x: Source = "close") -> Feature:
    """``100 * (x / x[t - n] - 1)``, in per cent; TA-Lib ROC."""
    return _rate(f"roc_{n}{suffix(x, 'close')}_pct", n, x, 100.0, 0.0)


def rocp(n: int, x: Source = "close") -> Feature:
    """``x / x[t - n] - 1``, a share; TA-Lib ROCP."""
    return _rate(f"rocp_{n}{suffix(x, 'close')}", n, x, 1.0, 0.0)


def rocr(n: int, x: Source = "close") -> Feature:
    """``x / x[t - n]``; TA-Lib ROCR."""
    return _rate(f"rocr_{n}{suffix(x, 'close')}", n, x, 1.0, 1.0)


def _rate(name: str, n: int, x: Source, scale: float, base: float) -> Feature:
    n = positive_rows(n, "rate_of_change")
    return Feature(
        name, FAMILY, (x,), (n, scale, base), ring=n, warm_up=(n,), look_back=n
    )


FAMILY = Family(
    name="rate_of_change",
    category="technical",
    kernel=_rate_of_change,
    formula="scale * (x - x[t - n]) / x[t - n] + base; scale and base are 100 and 0 "
    "(per cent), 1 and 0 (share), 1 and 1 (ratio)",
    unit="per cent, share or ratio; 0 where the old value is 0",
    reference="TA-Lib ROC, ROCP, ROCR",
    build=roc,
    examples=((10,), (3, "volume")),
)
