"""CUSUM filter: an event where returns have added up to a threshold."""

from tradeloop.errors import InputError
from tradeloop.features.arithmetic.lag import lag
from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.base import Family, Feature
from tradeloop.features.volatility.realised_volatility import realised_volatility
from tradeloop.fold import Float, kernel


@kernel("up_bps", "down_bps", "event", state=2, params=2)
def _cusum(
    state: Float, params: tuple[float, float], change: float, volatility: float
) -> tuple[float, float, float]:
    limit = params[0] + params[1] * volatility
    up, down = max(state[0] + change, 0.0), min(state[1] + change, 0.0)
    rose, fell = up > limit, down < -limit
    state[0] = 0.0 if rose else up
    state[1] = 0.0 if fell else down
    event = (1.0 if rose else 0.0) - (1.0 if fell else 0.0)
    return up, down, event


def cusum(k: float = 3.0, n: int = 20, h_bps: float = 0.0) -> Feature:
    """Columns ``up_bps``, ``down_bps`` (sums) and ``event`` (+1, -1 or 0).

    The threshold is ``h_bps`` and k volatilities of n rows, as known one row before:
    what moves the sum does not move the threshold. The sum of an event is published in
    its row and starts again at 0 after it.
    """
    if k < 0.0 or h_bps < 0.0 or k + h_bps == 0.0:
        raise InputError(
            "cusum needs k or h_bps above 0 and neither below, was "
            f"k {k}, h_bps {h_bps}.",
            way_out="Give a threshold.",
            source="cusum",
        )
    size = f"{k:g}_h_{h_bps:g}" if h_bps else f"{k:g}"
    known = lag(realised_volatility(n).columns[0], 1)
    return Feature(
        f"cusum_{size}_{n}".replace(".", "_"),
        FAMILY,
        (log_return(1).columns[0], known.columns[0]),
        (h_bps, k),
        warm_up=(0, 0, 0),
        look_back=None,
    )


FAMILY = Family(
    name="cusum",
    category="technical",
    kernel=_cusum,
    formula="up = max(0, up[t-1] + change), down = min(0, down[t-1] + change), event = "
    "(up > h) - (down < -h), h = h_bps + k * volatility[t-1]; the side of an event "
    "starts again at 0",
    unit="sums: bps; event: -1, 0 or 1",
    reference="Page 1954; Lopez de Prado 2018, chapter 2.5",
    build=cusum,
    examples=((3.0, 20), (1.0, 5), (0.0, 5, 150.0)),
)
