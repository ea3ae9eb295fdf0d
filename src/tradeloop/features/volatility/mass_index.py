"""Mass index: whether the range of bars swells."""

from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.trend.ema import ema
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, kernel


@kernel("value", state=3, params=1)
def _mass_index(
    state: Float, ring: Float, params: tuple[float], single: float, double: float
) -> float:
    share = single / double if double > 0.0 else 1.0
    return push_sum(state, ring, 0, 0, params[0], share)  # type: ignore[no-any-return]


def mass_index(n: int = 25, rows: int = 9) -> Feature:
    """Sum over n rows of the mean range over its own mean; n where it is steady."""
    n = positive_rows(n, "mass_index")
    single = ema(difference("high", "low").columns[0], rows)["value"]
    return Feature(
        f"mass_index_{n}_{rows}",
        FAMILY,
        (single, ema(single, rows)["value"]),
        (n,),
        ring=n,
        warm_up=(n - 1,),
        look_back=n - 1,
    )


FAMILY = Family(
    name="mass_index",
    category="technical",
    kernel=_mass_index,
    formula="sum(single / double) over n rows, single = ema(high - low), "
    "double = ema(single)",
    unit="rows; n where bars have no range",
    reference="Dorsey 1992",
    build=mass_index,
    examples=((25, 9), (5, 3)),
)
