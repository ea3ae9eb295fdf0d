"""From decision to due time: what every label of one instrument is cut from.

1. `leg` looks up the price at the decision and the price at the due time in a path.
2. `span` puts the leg of the instrument and that of the benchmark together with the
   sides, and says for each decision how it stands (`Span.verdict`).
3. A label (`labels.protocol.Label`) turns a span into values and the time at which
   they were known.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradeloop.events import DecisionState
from tradeloop.labels.base import (
    CENSORED,
    LABELLED,
    MISSING_NS,
    PENDING,
    Floats,
    PricePath,
    States,
    Times,
    prices_of,
    rows_at,
)
from tradeloop.labels.rules import LabelPlan
from tradeloop.labels.volatility import volatility_at

Rows = NDArray[np.intp]


class Verdict(NamedTuple):
    """How a decision stands at one horizon, and why."""

    state: DecisionState
    reason: str | None


VERDICTS = (
    Verdict(DecisionState.LABELLED, None),
    Verdict(DecisionState.PENDING, "the price at the due time is not there yet"),
    Verdict(DecisionState.CENSORED, "decided not to trade"),
    Verdict(DecisionState.CENSORED, "benchmark is the instrument itself"),
    Verdict(DecisionState.CENSORED, "no price was known at the decision"),
    Verdict(DecisionState.CENSORED, "no price within the wait around the due time"),
    Verdict(DecisionState.CENSORED, "no benchmark price was known at the decision"),
    Verdict(
        DecisionState.CENSORED, "no benchmark price within the wait around the due time"
    ),
    Verdict(DecisionState.CENSORED, "too few prices before it for a volatility"),
)
_PENDING, _NO_TRADE, _SAME, _NO_ENTRY, _GAP, _NO_BENCHMARK, _BENCHMARK_GAP = range(1, 8)
_NO_VOLATILITY = 8


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """Entry and exit of some decisions in one path.

    Parameters
    ----------
    path : PricePath
        Rows known as of the plan's time.
    entry_row, exit_row : ndarray of shape (n,)
        Rows of the prices, -1 where there is none.
    exit_ns : ndarray of shape (n,)
        When the exit price stood: end of the bar, or the due time on ticks;
        `MISSING_NS` where there is none.
    end_ns : ndarray of shape (n,)
        When the exit price was known, `MISSING_NS` where it is not.
    state : ndarray of shape (n,)
        Of the return between the two prices.
    """

    path: PricePath
    entry_row: Rows
    exit_row: Rows
    exit_ns: Times
    end_ns: Times
    state: States

    @property
    def entry_price(self) -> Floats:
        """Price known at the decision, NaN where there was none."""
        return prices_of(self.path.price, self.entry_row)

    @property
    def exit_price(self) -> Floats:
        """Price at the due time, NaN where it is not known."""
        return prices_of(self.path.price, self.exit_row)

    @property
    def returns(self) -> Floats:
        """``(exit - entry) / entry``, NaN where one of the two is not known.

        The difference comes first: near 1 it is exact, and ``exit / entry - 1`` is not.
        """
        entry = self.entry_price
        return (self.exit_price - entry) / entry


def leg(path: PricePath, decision_ns: Times, due_ns: Times, plan: LabelPlan) -> Leg:
    """Look up entry and exit of decisions in a path.

    Parameters
    ----------
    path : PricePath
        All rows; only those known as of the plan's time are looked at.
    decision_ns, due_ns : ndarray of shape (n,)
        ns UTC, in any order.
    plan : LabelPlan
        Gives the wait and the as-of time.
    """
    known = path.known_by(plan.known_until_ns)
    entry = np.searchsorted(known.known_ns, decision_ns, side="right") - 1
    due = rows_at(known, due_ns, wait_ns=plan.wait_ns)
    ahead = decision_ns > plan.known_until_ns
    state = np.where(ahead, PENDING, np.where(entry < 0, CENSORED, due.state))
    labelled = state == LABELLED
    row = np.where(labelled, due.row, -1)
    stood = due_ns if path.kind == "tick" else _times_of(known.time_ns, row)
    return Leg(
        path=known,
        entry_row=np.where(ahead, -1, entry),
        exit_row=row,
        exit_ns=np.where(labelled, stood, MISSING_NS),
        end_ns=np.where(labelled, due.end_ns, MISSING_NS),
        state=state.astype(np.int8),
    )


def _times_of(times: Times, row: Rows) -> Times:
    found = np.full(row.shape, MISSING_NS)
    found[row >= 0] = times[row[row >= 0]]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """Decisions on one instrument over one horizon.

    Parameters
    ----------
    decision_ns, due_ns : ndarray of shape (n,)
        ns UTC.
    side : ndarray of shape (n,)
        +1 buy, -1 sell, 0 decided not to trade.
    leg : Leg
        Of the instrument.
    benchmark : Leg or None
        Of the benchmark; None is cash.
    own_benchmark : bool
        Whether the benchmark is the instrument itself.
    plan : LabelPlan
        Bounds, costs and waits.
    volatility : ndarray of shape (n,)
        Of the instrument over the horizon, as known at the decision
        (`labels.volatility`), a fraction; NaN where it is not known.
    """

    decision_ns: Times
    due_ns: Times
    side: States
    leg: Leg
    benchmark: Leg | None
    own_benchmark: bool
    plan: LabelPlan
    volatility: Floats

    @property
    def unit_bps(self) -> Floats:
        """What one unit of the rule's bounds is worth, bps."""
        if self.plan.rule.unit == "bps":
            return np.ones(self.side.shape)
        return 1e4 * self.volatility

    @property
    def verdict(self) -> States:
        """Index into `VERDICTS` per decision; the first rule that applies counts."""
        own, nothing = self.leg, np.zeros(self.side.shape, dtype=np.bool_)
        other = self.benchmark
        found = np.select(
            [
                self.side == 0,
                nothing | self.own_benchmark,
                _lacks_entry(own),
                (own.entry_row >= 0) & np.isnan(self.unit_bps),
                own.state == CENSORED,
                nothing if other is None else _lacks_entry(other),
                nothing if other is None else other.state == CENSORED,
                own.state == PENDING,
                nothing if other is None else other.state == PENDING,
            ],
            [
                _NO_TRADE,
                _SAME,
                _NO_ENTRY,
                _NO_VOLATILITY,
                _GAP,
                _NO_BENCHMARK,
                _BENCHMARK_GAP,
                _PENDING,
                _PENDING,
            ],
        )
        return found.astype(np.int8)

    @property
    def benchmark_returns(self) -> Floats:
        """Return of the benchmark; 0 for cash where the instrument's is known."""
        if self.benchmark is not None:
            return self.benchmark.returns
        return np.where(self.leg.state == LABELLED, 0.0, np.nan)

    @property
    def end_ns(self) -> Times:
        """When instrument and benchmark were both known, else `MISSING_NS`."""
        if self.benchmark is None:
            return self.leg.end_ns
        both = (self.leg.state == LABELLED) & (self.benchmark.state == LABELLED)
        later = np.maximum(self.leg.end_ns, self.benchmark.end_ns)
        return np.where(both, later, MISSING_NS)


def _lacks_entry(side: Leg) -> NDArray[np.bool_]:
    lacks: NDArray[np.bool_] = (side.state == CENSORED) & (side.entry_row < 0)
    return lacks


def span(
    decision_ns: Times,
    side: States,
    path: PricePath,
    *,
    horizon_ns: int,
    plan: LabelPlan,
    benchmark: PricePath | None = None,
    own_benchmark: bool = False,
) -> Span:
    """Prepare decisions on one instrument for labelling at one horizon.

    Parameters
    ----------
    decision_ns : ndarray of shape (n,)
        When the decision was known, ns UTC.
    side : ndarray of shape (n,)
        +1, -1 or 0.
    path : PricePath
        Prices of the instrument.
    horizon_ns : int
        From decision to due time.
    plan : LabelPlan
        Bounds, costs and waits; its horizons and benchmark name are not looked at.
    benchmark : PricePath, optional
        Prices of the benchmark; None is cash.
    own_benchmark : bool
        Whether the benchmark is the instrument itself.
    """
    due = decision_ns + np.int64(horizon_ns)
    other = None if benchmark is None else leg(benchmark, decision_ns, due, plan)
    own = leg(path, decision_ns, due, plan)
    volatility = volatility_at(
        own.path,
        own.entry_row,
        decision_ns,
        horizon_ns=horizon_ns,
        rows=plan.rule.volatility_rows,
    )
    return Span(decision_ns, due, side, own, other, own_benchmark, plan, volatility)
