"""Streak: rows in a row that rose or fell, a node of the Connors RSI."""

from tradeloop.features.base import Family, Feature, Source, suffix
from tradeloop.fold import Float, kernel


@kernel("value", state=3)
def _streak(state: Float, x: float) -> float:
    prev, run = state[1], state[2]
    up, down = max(run, 0.0) + 1.0, min(run, 0.0) - 1.0
    run = up if x > prev else 0.0
    run = down if x < prev else run
    run = run if state[0] == 1.0 else 0.0
    state[0], state[1], state[2] = 1.0, x, run
    return run


def streak(x: Source = "close") -> Feature:
    """Count of rises in a row, or of falls below 0; 0 where ``x`` did not move."""
    name = f"streak{suffix(x, 'close')}"
    return Feature(name, FAMILY, (x,), warm_up=(0,), look_back=None)


FAMILY = Family(
    name="streak",
    category="technical",
    kernel=_streak,
    formula="max(s[t-1], 0) + 1 if x rose, min(s[t-1], 0) - 1 if it fell, else 0; the "
    "first row is 0",
    unit="rows",
    reference="Connors and Alvarez 2009",
    build=streak,
    examples=((), ("volume",)),
)
