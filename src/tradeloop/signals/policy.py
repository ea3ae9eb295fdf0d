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
        Share of the capital that a trade takes, above 0 and up to 1.

    Raises
    ------
    InputError
        A figure is outside its range.
    """

    min_edge: float = 0.05
    min_finite_share: float = 0.5
    position_share: float = 0.1

    def __post_init__(self) -> None:
        shares = (self.min_edge, self.min_finite_share, self.position_share)
        if not all(0 <= share <= 1 for share in shares) or self.position_share == 0:
            raise InputError(
                "Policy needs min_edge and min_finite_share from 0 to 1 and a "
                f"position_share above 0 and up to 1, was {shares}.",
                way_out="Correct the figure.",
            )

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
    confidence = probabilities[np.arange(len(side)), side - CLASSES[0]]
    return Choices(side, edge, confidence)
