"""The row that a model is asked about: features of the newest bar, and of the decision.

The columns are those of `tradeloop.pipelines.train.inputs`: what only a decision has is
missing where there is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.pipelines.live_market import Seen
from tradeloop.signals import Market
from tradeloop.stores import Event

_DECISION, _STRATEGY = "decision_", "strategy_"


@dataclass(frozen=True, slots=True)
class Row:
    """An event that the live loop deals with.

    Parameters
    ----------
    kind : str
        ``bar``, ``series`` or ``decision``.
    event : Event
        What happened.
    came_s : float, optional
        When it came, by a clock for durations; None where it was there before.
    taken : bool
        Whether the market has it already: a bar that was captured before the loop
        began.
    """

    kind: str
    event: Event
    came_s: float | None = None
    taken: bool = False


def own_values(
    names: Sequence[str], bank: Sequence[str], seen: Seen, row: Row
) -> NDArray[np.float64]:
    """Values of the columns of a model, NaN for what is not known.

    Parameters
    ----------
    names : sequence of str
        Columns of the model.
    bank : sequence of str
        Columns of the bank.
    seen : Seen
        The newest bar.
    row : Row
        The decision, or the bar.
    """
    features = dict(zip(bank, seen.values.tolist(), strict=True))
    own = row.event.body if row.kind == "decision" else {}
    return np.array([_value(name, features, own) for name in names])


def _value(name: str, features: dict[str, float], own: Any) -> float:
    if name in features:
        return features[name]
    if not own:
        return np.nan
    if name.startswith(_STRATEGY):
        return float(own["strategy"] == name.removeprefix(_STRATEGY))
    found = own.get(name.removeprefix(_DECISION))
    return np.nan if found is None else float(found)


def market_of(seen: Seen, horizon_ns: int, interval_ns: int) -> Market:
    """Price and forecast volatility over the horizon, by the square root of time."""
    bars = max(horizon_ns / interval_ns, 1.0)
    return Market(seen.price, seen.volatility * sqrt(bars))
