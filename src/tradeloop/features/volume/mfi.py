"""Money flow index."""

from math import nan

from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.structure.typical import typical_price
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, kernel


@kernel("value", state=8, params=1)
def _mfi(
    state: Float, ring: Float, params: tuple[float], tp: float, volume: float
) -> float:
    (n,) = params
    started, prev = state[6], state[7]
    state[6], state[7] = 1.0, tp
    if started == 0.0:
        return nan
    up = tp * volume if tp > prev else 0.0
    down = tp * volume if tp < prev else 0.0
    plus = push_sum(state, ring, 0, 0, n, up)
    total = plus + push_sum(state, ring, 3, n, n, down)
    if total != total:
        return nan
    return 100.0 * (plus / total) if total > 0.0 else 50.0


def mfi(n: int) -> Feature:
    """Share of rising money flow in all flow over n rows, 0 to 100."""
    n = positive_rows(n, "mfi")
    return Feature(
        f"mfi_{n}",
        FAMILY,
        (typical_price(), "volume"),
        (n,),
        ring=2 * n,
        warm_up=(n,),
        look_back=n,
    )


FAMILY = Family(
    name="mfi",
    category="technical",
    kernel=_mfi,
    formula="100 * up / (up + down), sums over n rows of tp * volume as tp moved",
    unit="0 to 100; 50 without flow",
    reference="Quong and Soudack 1989; TA-Lib MFI, which gives 0 for flow below 1",
    build=mfi,
    examples=((14,), (3,)),
)
