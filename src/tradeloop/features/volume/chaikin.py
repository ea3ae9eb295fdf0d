"""Chaikin oscillator: fast less slow exponential mean of accumulation/distribution."""

from math import nan

from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.volume.money_flow import money_flow
from tradeloop.fold import Float, kernel


@kernel("value", state=3, params=3)
def _chaikin(state: Float, params: tuple[float, float, float], flow: float) -> float:
    # How far the line has run ahead of its means, both of which begin at its first
    # value: so the line itself, which has no bound, is not needed.
    rows, fast, slow = params
    started = 1.0 if state[0] > 0.0 else 0.0
    state[0] = min(state[0] + 1.0, rows)
    state[1] = (state[1] + flow * started) * fast
    state[2] = (state[2] + flow * started) * slow
    return state[2] - state[1] if state[0] == rows else nan


def chaikin(fast: int = 3, slow: int = 10) -> Feature:
    """``ema(fast) - ema(slow)`` of the accumulation/distribution line, volume units."""
    fast, slow = positive_rows(fast, "chaikin.fast"), positive_rows(slow, "chaikin")
    rows = max(fast, slow)
    return Feature(
        f"chaikin_{fast}_{slow}",
        FAMILY,
        (money_flow().columns[0],),
        (rows, 1 - 2 / (fast + 1), 1 - 2 / (slow + 1)),
        warm_up=(rows - 1,),
        look_back=None,
    )


FAMILY = Family(
    name="chaikin",
    category="technical",
    kernel=_chaikin,
    formula="ema(ad, fast) - ema(ad, slow), both from the first value of ad on, ad the "
    "sum of money flow",
    unit="volume",
    reference="Chaikin; TA-Lib ADOSC",
    build=chaikin,
    examples=((), (2, 5)),
)
