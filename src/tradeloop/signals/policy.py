"""From probabilities to a side: trade only where one direction leads clearly.

edge = p_up - p_down; side = sign(edge) if |edge| >= min_edge, else 0. The edge is the
expected sign of the move, so it needs no guess of its size; what a trade costs is
settled by the back-test, which charges it. Confidence is the calibrated probability of
the chosen direction, that of flat where the side is 0.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Floats

VOTE_CONFIDENCE = 0.6
"""Least confidence of a vote of several members, unless the policy says another."""


@dataclass(frozen=True, slots=True)
class Policy:
    """When a forecast becomes a trade, and how large.

    Parameters
    ----------
    min_edge : float
        Least lead of one direction over the other, from 0 to 1.
    min_finite_share : float
        Least share of the inputs of a row that must be there, from 0 to 1; below it
        the features are not warm.
    position_share : float
        Share of the capital that a trade takes, above 0 and up to 1; the cap where the
        size is worked out per signal.
    min_confidence : float or None
        Least probability of the chosen side, from 0 to 1. None: 0.6 for a vote of
        several members, nothing is asked of a single model.
    min_steps_share : float
        Least share of the steps of a sequence that must be there, from 0 to 1.
    max_age_ns : int or None
        Oldest that the newest input of a row may be; None: any age.
    min_quality : float
        Least quality score of the data behind a row, from 0 to 1.
    max_outside_share : float
        Largest share of the columns that may lie outside the range seen in training,
        from 0 to 1.
    refuse_ambiguous : bool
        Whether a conformal set that is not exactly the chosen side abstains.

    Raises
    ------
    InputError
        A figure is outside its range.
    """

    min_edge: float = 0.05
    min_finite_share: float = 0.5
    position_share: float = 0.1
    min_confidence: float | None = None
    min_steps_share: float = 0.5
    max_age_ns: int | None = None
    min_quality: float = 0.0
    max_outside_share: float = 0.5
    refuse_ambiguous: bool = False

    def __post_init__(self) -> None:
        shares = {
            name: getattr(self, name)
            for name in (
                "min_edge",
                "min_finite_share",
                "position_share",
                "min_steps_share",
                "min_quality",
                "max_outside_share",
            )
        } | {"min_confidence": self.min_confidence or 0.0}
        odd = {name: share for name, share in shares.items() if not 0 <= share <= 1}
        if self.max_age_ns is not None and self.max_age_ns < 0:
            odd["max_age_ns"] = self.max_age_ns
        if odd or self.position_share == 0:
            raise InputError(
                "Policy needs shares from 0 to 1, a position_share above 0 and an age "
                f"of at least 0, was {odd or {'position_share': 0}}.",
                way_out="Correct the figure.",
            )

    def least_confidence(self, members: int) -> float:
        """Return the least confidence asked of a vote of ``members`` members."""
        if self.min_confidence is not None:
            return self.min_confidence
        return VOTE_CONFIDENCE if members > 1 else 0.0

    def as_mapping(self) -> dict[str, Any]:
        """Return the figures by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """What the policy makes of each forecast.

    Parameters
    ----------
    side : ndarray of int8 of shape (n_rows,)
        +1 buy, -1 sell, 0 hold.
    edge : ndarray of shape (n_rows,)
        p_up - p_down; NaN without a forecast.
    confidence : ndarray of shape (n_rows,)
        Probability of the direction ``side``; NaN without a forecast.
    """

    side: NDArray[np.int8]
    edge: Floats
    confidence: Floats


def decide(probabilities: Floats, policy: Policy) -> Choices:
    """Choose a side for each forecast.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, 3)
        Calibrated, in the order down, flat, up. A row with NaN is held.
    policy : Policy
        When to trade.
    """
    edge = probabilities[:, -1] - probabilities[:, 0]
    clear = np.abs(edge) >= policy.min_edge
    side = np.where(clear, np.sign(edge), 0).astype(np.int8)
    return Choices(side, edge, confidence_of(probabilities, side))


def confidence_of(probabilities: Floats, side: NDArray[np.int8]) -> Floats:
    """Return the probability of the direction ``side`` of each row."""
    return np.asarray(probabilities[np.arange(len(side)), side - CLASSES[0]])
