"""What following forecasts earned, day by day, net of costs.

The signals are those of the back-test: the policy of the workspace chooses the sides,
`tradeloop.backtest` nets and executes them at the next opens, the cost model is paid.
All models are run on the same bars, from the first tested decision to the last end of
a label, so that their days are the same.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.backtest import daily_returns, replay
from tradeloop.costs import CostModel
from tradeloop.datasets import Dataset
from tradeloop.models.base import Floats, Ints
from tradeloop.pipelines.live_open import policy_of
from tradeloop.pipelines.rules import Rules
from tradeloop.signals import Policy
from tradeloop.signals.policy import decide
from tradeloop.signals.rowchecks import unfit


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """The decisions and bars on which models are compared.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, any)
        The BAR record of the instruments decided on, over the judged period.
    decisions : polars.DataFrame of shape (n_rows, 3)
        decision_id, instrument, created_ns.
    horizon_ns : int
        How long a position is held.
    unfit : ndarray of bool of shape (n_rows,)
        Rows that the gate of the signals would not score.
    policy : Policy
        When a forecast is traded.
    costs : CostModel
        What is paid.
    """

    bars: pl.DataFrame
    decisions: pl.DataFrame
    horizon_ns: int
    unfit: NDArray[np.bool_]
    policy: Policy
    costs: CostModel

    @classmethod
    def of(
        cls,
        bars: pl.DataFrame,
        dataset: Dataset,
        rows: Ints,
        inputs: Floats,
        rules: Rules,
        horizon_ns: int,
    ) -> Self:
        """Lay out the tested rows of a dataset.

        Parameters
        ----------
        bars : polars.DataFrame
            All that were captured.
        dataset : Dataset
            Whose rows.
        rows : ndarray of int64 of shape (n_rows,)
            The tested ones, in the order of their decisions.
        inputs : ndarray of shape (n_rows, n_columns)
            What the model sees of them.
        rules : Rules
            Costs, and when a forecast is traded.
        horizon_ns : int
            How long a position is held.
        """
        context = dataset.decision_context
        created_ns = dataset.decision_ns[rows]
        decisions = pl.DataFrame(
            {
                "decision_id": context["decision_id"].gather(rows),
                "instrument": context["instrument"].gather(rows),
                "created_ns": created_ns,
            }
        )
        policy = policy_of(rules)
        judged = bars.filter(
            pl.col("instrument").is_in(decisions["instrument"].unique().implode()),
            pl.col("open_ns") >= int(created_ns.min()),
            pl.col("open_ns") <= int(dataset.end_ns[rows].max()),
        )
        cold = unfit(inputs, inputs, None, policy, None) != 0
        return cls(judged, decisions, horizon_ns, cold, policy, rules.costs)

    def sides(self, chances: Floats, members: int) -> NDArray[np.int8]:
        """Side of each row: +1 buy, -1 sell, 0 none; as the gate of signals chooses."""
        found = decide(chances, self.policy)
        weak = ~(found.confidence >= self.policy.least_confidence(members))
        return np.where(self.unfit | weak, 0, found.side).astype(np.int8)

    def returns(
        self, chances: Floats, members: int, *, cost_factor: float = 1.0
    ) -> Floats:
        """Daily returns of following forecasts, shares of the capital.

        Parameters
        ----------
        chances : ndarray of shape (n_rows, 3)
            Calibrated probabilities of down, flat and up.
        members : int
            Of the vote that made them: a vote must be surer than a single model.
        cost_factor : float
            What every cost is multiplied by.

        Returns
        -------
        ndarray of shape (n_days,)
            One per UTC day with bars.
        """
        side = self.sides(chances, members)
        size = np.where(side == 0, 0.0, self.policy.position_share)
        signals = self.decisions.with_columns(
            side=side, position_size=size, horizon_ns=pl.lit(self.horizon_ns)
        )
        rates = self.costs.as_mapping()
        costs = CostModel(**{name: rate * cost_factor for name, rate in rates.items()})
        return daily_returns(replay(self.bars, signals, costs=costs))[0]
