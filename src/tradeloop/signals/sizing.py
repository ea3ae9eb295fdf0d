"""How large a position is: by volatility, by Kelly, never above the cap.

1. Volatility: share = target / forecast, both as the standard deviation of the yearly
   log return. A forecast over the horizon h becomes yearly by sqrt(year / h): variance
   grows with time, so a horizon of a quarter of a year has half the yearly volatility.
2. Kelly: a signal wins ``gain``, loses ``loss`` or stays flat, each less the cost of
   the round trip, with its calibrated probabilities. The share that makes the expected
   log growth largest solves a quadratic (see `kelly_share`); a fraction of it is taken,
   because probabilities are estimates.
3. The size is the least of both and the cap. What cannot be worked out is 0, with the
   reason.

References: Kelly (1956), Bell System Technical Journal 35, 917-926; Moreira and Muir
(2017), Journal of Finance 72, 1611-1644 (volatility scaling).
"""

from dataclasses import dataclass
from math import isfinite, sqrt

from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError

NS_PER_YEAR = 365 * NS_PER_DAY + NS_PER_DAY // 4
"""A year of 365.25 days: horizons are measured in calendar time."""
_BPS = 1e-4
Chances = tuple[float, float, float]
"""Probabilities of losing, staying flat and winning."""


@dataclass(frozen=True, slots=True)
class SizeRule:
    """How sizes are worked out.

    Parameters
    ----------
    target_volatility : float
        Yearly standard deviation that one position may have, as a share: 0.1 is 10 %.
    kelly_fraction : float
        Part of the Kelly share that is taken, above 0 and up to 1.
    max_share : float
        Largest share of the capital, above 0 and up to 1.
    year_ns : int
        Length of a year in the time that horizons are measured in.

    Raises
    ------
    InputError
        A figure is outside its range.
    """

    target_volatility: float = 0.1
    kelly_fraction: float = 0.25
    max_share: float = 0.1
    year_ns: int = NS_PER_YEAR

    def __post_init__(self) -> None:
        shares = (self.kelly_fraction, self.max_share)
        known = self.target_volatility > 0 and isfinite(self.target_volatility)
        if not (known and self.year_ns > 0 and all(0 < share <= 1 for share in shares)):
            raise InputError(
                "SizeRule needs a target volatility and a year above 0, and shares "
                f"above 0 and up to 1, was {self}.",
                way_out="Correct the figure.",
            )


@dataclass(frozen=True, slots=True)
class Size:
    """The size of one position.

    Parameters
    ----------
    share : float
        Share of the capital, from 0 to the cap.
    reason : str
        What set it.
    volatility_share, kelly_share : float or None
        What each rule asked for, before the cap; None where it could not say.
    """

    share: float
    reason: str
    volatility_share: float | None = None
    kelly_share: float | None = None


@dataclass(frozen=True, slots=True)
class Payoff:
    """What a position wins and loses over its horizon, before costs.

    Parameters
    ----------
    gain_bps, loss_bps : float
        Size of the move when right and when wrong, both positive.
    cost_bps : float
        Cost of entry and exit together.
    """

    gain_bps: float
    loss_bps: float
    cost_bps: float = 0.0


def size_of(
    chances: Chances,
    payoff: Payoff,
    volatility: float,
    horizon_ns: int,
    rule: SizeRule,
) -> Size:
    """Size a position; never raises.

    Parameters
    ----------
    chances : tuple of float
        Calibrated probabilities of losing, staying flat and winning.
    payoff : Payoff
        Gain, loss and cost.
    volatility : float
        Forecast standard deviation of the log return over the horizon, as a share.
    horizon_ns : int
        The horizon.
    rule : SizeRule
        The rule.

    Returns
    -------
    Size
        0 where a figure is missing or there is no edge after costs.
    """
    scaled = volatility_share(volatility, horizon_ns, rule)
    if scaled is None:
        return Size(0.0, f"no size: the volatility is {volatility}")
    full = kelly_share(chances, payoff)
    if full is None:
        return Size(0.0, "no size: a probability or payoff is missing", scaled)
    part = full * rule.kelly_fraction
    if part <= 0:
        return Size(0.0, "no size: no edge after costs", scaled, part)
    named = ((scaled, "volatility"), (part, "Kelly"), (rule.max_share, "the cap"))
    share, by = min(named)
    return Size(share, f"{share:.2%} of the capital, set by {by}", scaled, part)


def volatility_share(
    volatility: float, horizon_ns: int, rule: SizeRule
) -> float | None:
    """Target volatility over the yearly forecast; None without a forecast above 0."""
    if not (isfinite(volatility) and volatility > 0 and horizon_ns > 0):
        return None
    share = rule.target_volatility / (volatility * sqrt(rule.year_ns / horizon_ns))
    return share if isfinite(share) else None


def kelly_share(chances: Chances, payoff: Payoff) -> float | None:
    """Share of the capital that makes the expected log growth largest.

    With outcomes r_k (net, as shares) and probabilities p_k it solves
    sum p_k r_k / (1 + f r_k) = 0. For three outcomes, multiplied out:
    A f^2 + B f + C = 0 with A = r1 r2 r3, B = sum p_k r_k (r_i + r_j), C = sum p_k r_k.
    Its first positive root is at most the share at which one loss takes everything.

    Returns
    -------
    float or None
        At least 0; 0 without an expected gain. None where a figure is missing, the
        probabilities are none, or nothing can be lost.
    """
    lost, flat, won = chances
    figures = (*chances, payoff.gain_bps, payoff.loss_bps, payoff.cost_bps)
    if not all(isfinite(figure) and figure >= 0 for figure in figures):
        return None
    down = -(payoff.loss_bps + payoff.cost_bps) * _BPS
    still = -payoff.cost_bps * _BPS
    up = (payoff.gain_bps - payoff.cost_bps) * _BPS
    mean = lost * down + flat * still + won * up
    if down == 0 or lost + flat + won == 0:
        return None
    if mean <= 0:
        return 0.0
    square = down * still * up * (lost + flat + won)
    linear = lost * down * (still + up) + flat * still * (down + up)
    return _root(square, linear + won * up * (down + still), mean)


def _root(square: float, linear: float, constant: float) -> float | None:
    """Return the positive root that is reached first from 0; the constant is above 0.

    The stable form: the growth's slope starts at ``constant`` and first crosses 0 at
    2 C / (-B + sqrt(B^2 - 4 A C)), for A of either sign and for A = 0.
    """
    inside = linear * linear - 4 * square * constant
    below = -linear + sqrt(max(inside, 0.0))
    if below <= 0:
        return None
    share = 2 * constant / below
    return share if isfinite(share) else None
