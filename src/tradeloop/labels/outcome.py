"""Was the decision good: outperformance of the benchmark, in five classes."""

from typing import NamedTuple

import numpy as np
import polars as pl

from tradeloop.events import DecisionOutcome
from tradeloop.labels.base import MISSING_NS, Floats
from tradeloop.labels.protocol import Labelled, Output
from tradeloop.labels.rules import OutcomeRule
from tradeloop.labels.span import Span

WORDS = (
    DecisionOutcome.BAD.value,
    DecisionOutcome.POOR.value,
    DecisionOutcome.NEUTRAL.value,
    DecisionOutcome.GOOD.value,
    DecisionOutcome.EXCELLENT.value,
)


def outcome_of(
    outperformance_bps: Floats, rule: OutcomeRule, unit_bps: Floats | float = 1.0
) -> Floats:
    """Class of each outperformance: -2 BAD, -1 POOR, 0 NEUTRAL, 1 GOOD, 2 EXCELLENT.

    The number is compared as it is, without rounding or tolerance: 20 bps exactly is
    GOOD and the next float above it is EXCELLENT.

    Parameters
    ----------
    outperformance_bps : ndarray of shape (n,)
        bps; NaN gives NaN.
    rule : OutcomeRule
        Bounds of the classes.
    unit_bps : ndarray of shape (n,), or float
        What one unit of the bounds is worth, bps (`Span.unit_bps`); NaN gives NaN.

    Returns
    -------
    ndarray of shape (n,)
    """
    x, unit = outperformance_bps, unit_bps
    better = (x > rule.good_bps * unit) * 1.0 + (x > rule.excellent_bps * unit)
    worse = (x < rule.poor_bps * unit) * 1.0 + (x < rule.bad_bps * unit)
    return np.where(np.isnan(x) | np.isnan(unit), np.nan, better - worse)


class Outcome(NamedTuple):
    """Outperformance of a decision against the benchmark, before and after costs.

    ``outperformance_bps = 1e4 (side * return - benchmark return)``; ``net_bps`` takes
    off both sides' trade costs and the financing from the decision to the exit price.
    The benchmark is held without costs; cash returns 0. ``outcome`` is the class of the
    first, ``net_outcome`` that of the second, by the same bounds; ``decision_outcome``
    is the one of them that ``rule.graded`` names, at the primary horizon.

    NaN where one of the two returns is not known, where the side is 0, where the
    benchmark is the instrument, and, if the bounds are multiples of the volatility,
    where that is not known.
    """

    name: str = "outcome"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Benchmark return, outperformance, net outperformance, three classes."""
        number, text = pl.Float64(), pl.String()
        gross, net = "outperformance_bps", "net_bps"
        return (
            Output(
                "benchmark_return",
                number,
                "return of the benchmark, as a fraction",
                ("benchmark_return", 1.0),
            ),
            Output(gross, number, "side x return less benchmark, bps", (gross, -1.0)),
            Output(net, number, "the same after costs, bps", (net, -1.0)),
            *(
                Output(stem, text, f"class of outperformance {of}", (stem, -1), WORDS)
                for stem, of in (
                    ("decision_outcome", "that the rule grades, primary horizon"),
                    ("outcome", "before costs"),
                    ("net_outcome", "after costs"),
                )
            ),
        )

    def label(self, span: Span) -> Labelled:
        """Label the decisions of a span."""
        known = span.verdict == 0
        base = np.where(known, span.benchmark_returns, np.nan)
        gross = 1e4 * (span.side * span.leg.returns - base)
        held_ns = np.where(known, span.leg.exit_ns, span.decision_ns) - span.decision_ns
        costs, rule = span.plan.costs, span.plan.rule
        net = gross - (costs.round_trip_bps() + costs.financing_bps(held_ns))
        before = outcome_of(gross, rule, span.unit_bps)
        after = outcome_of(net, rule, span.unit_bps)
        values = {
            "benchmark_return": base,
            "outperformance_bps": gross,
            "net_bps": net,
            "decision_outcome": after if rule.graded == "net" else before,
            "outcome": before,
            "net_outcome": after,
        }
        return Labelled(values, np.where(known, span.end_ns, MISSING_NS))
