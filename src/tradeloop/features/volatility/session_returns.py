"""The two parts of a bar's return: over the gap before it, and within it."""

from math import log, nan

from tradeloop.features.base import Family, Feature
from tradeloop.fold import Float, kernel


@kernel("overnight_bps", "intraday_bps", state=1)
def _session_returns(
    state: Float,
    open: float,  # noqa: A002
    close: float,
) -> tuple[float, float]:
    prev = state[0]
    if open <= 0.0 or close <= 0.0:
        return (0.0 if prev > 0.0 else nan), 0.0
    state[0] = close
    within = 1e4 * log(close / open)
    return (1e4 * log(open / prev) if prev > 0.0 else nan), within


def session_returns() -> Feature:
    """Columns ``overnight_bps`` (close before to open) and ``intraday_bps``."""
    return Feature(
        "session_returns",
        FAMILY,
        ("open", "close"),
        warm_up=(1, 0),
        look_back=1,
    )


FAMILY = Family(
    name="session_returns",
    category="technical",
    kernel=_session_returns,
    formula="overnight_bps = 1e4 * ln(open / close[t-1]), "
    "intraday_bps = 1e4 * ln(close / open)",
    unit="bps; 0 where a price is not above 0",
    reference="definition; the parts of Yang and Zhang 2000",
    build=session_returns,
    examples=((),),
)
