"""The label record of a decision: the contract's measures, each with its formula.

All are of the primary horizon h. ``gross = 1e4 side return_h``, bps; ``modelled`` is
the cost of the cost model, ``outperformance_bps_h - net_bps_h``. Where there are fills,
and none of them is suspect, the *entry* is what they truly cost, in bps of the paper
value (`shortfall`), and only what no fill shows yet is modelled: the way out and the
financing, for the share that was filled. A decision whose fills are suspect is measured
as one without fills, and says so.
"""

import polars as pl

_BPS = 1e4
FACTORS = (
    "benchmark_bps",
    "outperformance_bps",
    "delay_bps",
    "execution_bps",
    "opportunity_bps",
    "fees_bps",
    "cost_bps",
)
"""Factors of the attribution, in the order in which they are added up."""

MODELLED = ("benchmark_bps", "outperformance_bps", "cost_bps")
"""Those that are known without fills."""

MEASURES = {
    "execution_quality": "bps; fill against the decision's price, positive is better",
    "cost_efficiency": "0 to 1; share that costs leave of the gross move",
    "timing_quality": "0 to 1; best move over best plus worst move of the path",
    "risk_adjusted_return": "standard deviations of the return over the horizon",
    "benchmark_outperformance": "bps; side x return less the benchmark's return",
    "attribution_factors": "JSON map, bps; the parts add up to the result after costs",
    "attributed_bps": "bps; sum of the attribution, the result after costs",
    "fill_suspect": "whether a fill cannot have happened as told; null without fills",
    "fill_suspect_reason": "rules that the fills break",
}
"""Meaning of each column; the last three stand only where fills were given."""


def gross_bps(h: str) -> pl.Expr:
    """``1e4 side return_h``: what the decision was worth before anything was paid."""
    return _BPS * pl.col("side").cast(pl.Float64) * pl.col(f"return_{h}")


def modelled_cost_bps(h: str) -> pl.Expr:
    """Round trip and financing of the cost model: ``outperformance - net``, at least 0.

    The net of the labels is the *outperformance* less costs. Taken off the gross it
    would count the benchmark as a cost.
    """
    paid = pl.col(f"outperformance_bps_{h}") - pl.col(f"net_bps_{h}")
    return paid.clip(lower_bound=0)


def timing_quality(h: str) -> pl.Expr:
    """``g / (g + l)``, with ``g`` the best and ``l`` the worst move on the path.

    Both are distances from the price at the decision, seen from its side. 1: it never
    stood at a loss; 0: never at a gain. Null where the price did not move.
    """
    gain, loss = pl.col(f"max_gain_{h}").abs(), pl.col(f"max_loss_{h}").abs()
    return pl.when(gain + loss > 0).then(gain / (gain + loss))


def risk_adjusted_return(h: str, interval_ns: int) -> pl.Expr:
    """``gross / (v sqrt(n))``: 1 is one standard deviation to the good.

    ``v`` is the volatility per bar known at the decision, bps; ``n`` the bars of the
    horizon, at least 1. Null where ``v`` is null or 0.
    """
    span = pl.col(f"due_ns_{h}") - pl.col("decision_ns")
    bars = (span.cast(pl.Float64) / interval_ns).clip(lower_bound=1)
    risk = pl.col("volatility_level") * bars.sqrt()
    return pl.when(risk > 0).then(gross_bps(h) / risk)


def believed() -> pl.Expr:
    """Whether the decision has fills that none of the rules doubts, priced in full."""
    whole = pl.all_horizontal(
        pl.col("delay_bps", "execution_bps", "opportunity_bps").is_not_null()
    )
    return (~pl.col("fill_suspect")).fill_null(pl.col("filled_share") == 0) & whole


def execution_quality() -> pl.Expr:
    """``-1e4 side (average fill - price) / price``, bps: positive beat the decision.

    ``price`` is that known at the decision, the average is weighted by quantity: minus
    delay and execution, in bps of what was filled. Null without fills of the decision's
    side, and where one of them is suspect.
    """
    return pl.when(believed()).then(0.0 - pl.col("fill_cost_bps"))


def left_to_pay_bps(h: str, entry_bps: float | None) -> pl.Expr:
    """Cost that no fill shows: ``modelled - entry``, for the share that was filled.

    Parameters
    ----------
    h : str
        Primary horizon.
    entry_bps : float or None
        What the cost model takes for one side; None: half of all that it takes, which
        is right where it finances nothing.
    """
    modelled = modelled_cost_bps(h)
    entry = modelled / 2 if entry_bps is None else pl.lit(entry_bps)
    rest = (modelled - entry).clip(lower_bound=0) * pl.col("filled_share")
    return pl.when(believed()).then(rest).otherwise(modelled)


def attribution(h: str, entry_bps: float | None) -> dict[str, pl.Expr]:
    """Factors of the result, bps, **positive added to it**: costs are negative here.

    ``benchmark_bps``: return of the benchmark; ``outperformance_bps``: what the
    decision added; then what entering took, ``delay_bps``, ``execution_bps``,
    ``opportunity_bps``, ``fees_bps`` (all null without fills that are believed; fees
    also where they are not known); ``cost_bps``: what else is to be paid, by the model.
    They add up to what the position is worth at the horizon: ``gross - shortfall -
    cost``, in bps of the paper value.
    """
    out = pl.col(f"outperformance_bps_{h}")
    entered = {
        name: pl.when(believed()).then(0.0 - pl.col(name))
        for name in ("delay_bps", "execution_bps", "opportunity_bps", "fees_bps")
    }
    return {
        "benchmark_bps": gross_bps(h) - out,
        "outperformance_bps": out,
        **entered,
        "cost_bps": 0.0 - left_to_pay_bps(h, entry_bps),
    }


def attributed_bps() -> pl.Expr:
    """Sum of the factors that are known, in the order of `FACTORS`, to the bit.

    Null where the outcome is not known.
    """
    total = pl.lit(0.0)
    for name in FACTORS:
        total = total + pl.col(name).fill_null(0.0)
    known = pl.all_horizontal(pl.col(name).is_not_null() for name in MODELLED)
    return pl.when(known).then(total)


def cost_efficiency(h: str) -> pl.Expr:
    """Give the share of the move that costs leave: ``a / (a + c)``.

    ``a`` is ``abs(gross)``, ``c`` all costs, at least 0.

    ``c`` is what the attribution takes from the gross: delay, execution, opportunity,
    fees and the modelled rest; all modelled without fills. 1: nothing was paid, or
    entering earned something; null where there is neither move nor cost.
    """
    paid = pl.lit(0.0)
    for name in FACTORS[2:]:
        paid = paid - pl.col(name).fill_null(0.0)
    cost, move = paid.clip(lower_bound=0), gross_bps(h).abs()
    return pl.when(move + cost > 0).then(move / (move + cost))
