"""Zigzag of confirmed legs: what of the published one could be known at the time."""

from tradeloop.errors import InputError
from tradeloop.features.base import Family, Feature, Source, name_of
from tradeloop.fold import Float, inline, kernel


@inline
def _begin(state: Float, high: float, low: float, least: float) -> None:
    """Look for the first leg: far enough from the lowest or highest of the rows before.

    Until then the pivot is the lowest and the extreme the highest so far.
    """
    bottom, top = state[1], state[3]
    rise, fall = high - bottom, top - low
    if state[5] == 0.0:
        state[5], state[1], state[3] = 1.0, low, high
    elif rise >= least * abs(bottom) and rise >= fall:
        state[0], state[3], state[4] = 1.0, high, 0.0
    elif fall >= least * abs(top):
        state[0], state[1], state[2] = -1.0, top, state[4]
        state[3], state[4] = low, 0.0
    else:
        if high >= top:
            state[3], state[4] = high, 0.0
        if low <= bottom:
            state[1], state[2] = low, 0.0


@inline
def _go_on(state: Float, high: float, low: float, least: float) -> None:
    """Let the leg grow, or end it where the price came back far enough."""
    side, extreme = state[0], state[3]
    ahead, back = (high, low) if side > 0.0 else (low, high)
    if side * ahead >= side * extreme:
        state[3], state[4] = ahead, 0.0
    elif side * (extreme - back) >= least * abs(extreme):
        state[0], state[1], state[2] = -side, extreme, state[4]
        state[3], state[4] = back, 0.0


@kernel("direction", "pivot", "pivot_age", "extreme", "extreme_age", state=6, params=1)
def _zigzag(
    state: Float, params: tuple[float], high: float, low: float
) -> tuple[float, float, float, float, float]:
    # state: direction, pivot and its age, extreme and its age, started
    if state[5] > 0.0:
        state[2] += 1.0
        state[4] += 1.0
    if state[0] == 0.0:
        _begin(state, high, low, params[0])
    else:
        _go_on(state, high, low, params[0])
    return state[0], state[1], state[2], state[3], state[4]


def zigzag(pct: float = 5.0, high: Source = "close", low: Source = "close") -> Feature:
    """Direction of the leg, where it began (confirmed) and how far it has gone.

    A turn is confirmed in the row that comes back by ``pct`` percent of the extreme;
    ``direction`` changes there, ``pivot`` becomes the extreme of the leg that is over,
    ``pivot_age`` the rows since. The published zigzag repaints: it puts the turn into
    the row of the extreme and draws a last leg that the next rows may take back; none
    of that is in these columns.
    """
    if pct <= 0.0:
        raise InputError(
            f"zigzag.pct must be above 0, was {pct}.",
            way_out="Give the percentage that makes a turn.",
            source="zigzag",
        )
    usual = (high, low) == ("close", "close")
    ending = "" if usual else f"_{name_of(high)}_{name_of(low)}"
    size = f"{pct:g}".replace(".", "_")
    return Feature(
        f"zigzag_{size}{ending}",
        FAMILY,
        (high, low),
        (pct / 100,),
        warm_up=(0,) * 5,
        look_back=None,
    )


FAMILY = Family(
    name="zigzag",
    category="technical",
    kernel=_zigzag,
    formula="a leg up grows with its highest high and ends in the row where (extreme - "
    "low) / extreme >= pct / 100; then pivot = extreme; legs down mirrored",
    unit="direction: 1, -1, 0 before the first leg; pivot, extreme: price; ages: rows",
    reference="definition, confirmed legs only",
    build=zigzag,
    examples=((5.0,), (1.5, "high", "low")),
    price_degree=(0, 1, 0, 1, 0),
)
