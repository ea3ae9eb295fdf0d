"""Where a position is left: at a target, or at a stop, by the volatility at decision.

level = price * exp(+-multiple * volatility), the volatility being the forecast standard
deviation of the log return over the horizon. So a level is never negative, and a target
and a stop of equal multiples are equally far in log price.
"""

from dataclasses import dataclass
from math import exp, expm1, isfinite

from tradeloop.errors import InputError
from tradeloop.signals.sizing import Payoff

_BPS_PER_ONE = 1e4


@dataclass(frozen=True, slots=True)
class LevelRule:
    """How far target and stop are.

    Parameters
    ----------
    target_multiple, stop_multiple : float
        Multiples of the volatility over the horizon, above 0.

    Raises
    ------
    InputError
        A multiple is not above 0.
    """

    target_multiple: float = 1.0
    stop_multiple: float = 1.0

    def __post_init__(self) -> None:
        multiples = (self.target_multiple, self.stop_multiple)
        if not all(isfinite(each) and each > 0 for each in multiples):
            raise InputError(
                f"LevelRule needs multiples above 0, was {multiples}.",
                way_out="Correct the multiple.",
            )


@dataclass(frozen=True, slots=True)
class Levels:
    """Target and stop of one position.

    Parameters
    ----------
    target, stop : float or None
        In the quote currency; None where there is no such level.
    """

    target: float | None = None
    stop: float | None = None


def levels_of(side: int, price: float, volatility: float, rule: LevelRule) -> Levels:
    """Target and stop; never on the wrong side of the price, and never raises.

    Parameters
    ----------
    side : int
        +1, -1; 0 has no levels.
    price : float
        Price at the decision, above 0.
    volatility : float
        Forecast standard deviation of the log return over the horizon, as a share.
    rule : LevelRule
        The multiples.

    Returns
    -------
    Levels
        None where a figure is missing, the move is too small for a float to tell, or
        too large for one to hold.
    """
    if side not in (-1, 1) or not (isfinite(price) and price > 0):
        return Levels()
    if not (isfinite(volatility) and volatility > 0):
        return Levels()
    return Levels(
        target=_level(side, price, rule.target_multiple * volatility),
        stop=_level(-side, price, rule.stop_multiple * volatility),
    )


def _level(direction: int, price: float, far: float) -> float | None:
    try:
        found = price * exp(direction * far)
    except OverflowError:
        return None
    apart = found > price if direction > 0 else 0 < found < price
    return found if apart and isfinite(found) else None


def payoff_of(
    side: int, volatility: float, rule: LevelRule, cost_bps: float = 0.0
) -> Payoff:
    """Return what the target gains and the stop loses, as simple returns in bps.

    Parameters
    ----------
    side : int
        +1 or -1.
    volatility : float
        Forecast standard deviation of the log return over the horizon, as a share.
    rule : LevelRule
        The multiples.
    cost_bps : float
        Cost of entry and exit together.

    Returns
    -------
    Payoff
        Infinite where the move is too large for a float: such a payoff sizes to 0.
    """
    try:
        gain = side * expm1(side * rule.target_multiple * volatility)
        loss = -side * expm1(-side * rule.stop_multiple * volatility)
    except OverflowError:
        gain = loss = float("inf")
    return Payoff(gain * _BPS_PER_ONE, loss * _BPS_PER_ONE, cost_bps)
