"""Heikin-Ashi: bars drawn from averages."""

from tradeloop.features.base import Family, Feature
from tradeloop.fold import Float, kernel


@kernel("open", "high", "low", "close", state=3)
def _heikin_ashi(
    state: Float,
    open: float,  # noqa: A002
    high: float,
    low: float,
    close: float,
) -> tuple[float, float, float, float]:
    shut = (open + high + low + close) / 4.0
    begun = (state[1] + state[2]) / 2.0
    if state[0] == 0.0:
        state[0], begun = 1.0, (open + close) / 2.0
    state[1], state[2] = begun, shut
    return begun, max(high, begun, shut), min(low, begun, shut), shut


def heikin_ashi() -> Feature:
    """Columns ``open``, ``high``, ``low`` and ``close``, in price units."""
    return Feature(
        "heikin_ashi",
        FAMILY,
        ("open", "high", "low", "close"),
        warm_up=(0, 0, 0, 0),
        look_back=None,
    )


FAMILY = Family(
    name="heikin_ashi",
    category="technical",
    kernel=_heikin_ashi,
    formula="close = (open + high + low + close) / 4, open = half way between open and "
    "close of the Heikin-Ashi bar before, high and low = with these two",
    unit="price",
    reference="definition; it starts half way between open and close",
    build=heikin_ashi,
    examples=((),),
    price_degree=(1, 1, 1, 1),
)
