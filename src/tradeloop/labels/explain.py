"""Every number that led to the label of one decision, in the order of the reckoning."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_DAY
from tradeloop.costs import CostModel
from tradeloop.labels.base import MISSING_NS
from tradeloop.labels.excursion import extremes_of, windows_of
from tradeloop.labels.groups import groups
from tradeloop.labels.protocol import own_end
from tradeloop.labels.rules import BOUNDS, LabelPlan, OutcomeRule
from tradeloop.labels.span import VERDICTS, Leg, Span
from tradeloop.labels.triple_barrier import touches_of
from tradeloop.labels.units import ALL

_RULE, _COSTS = OutcomeRule(), CostModel()


def explain(  # noqa: PLR0913 - all that a label depends on, by name
    decisions: pl.DataFrame,
    bars: pl.DataFrame,
    quotes: pl.DataFrame | None = None,
    *,
    decision_id: str,
    horizons_ns: Sequence[int],
    benchmark: str | None = None,
    rule: OutcomeRule = _RULE,
    costs: CostModel = _COSTS,
    wait_ns: int = 5 * NS_PER_DAY,
    as_of_ns: int | None = None,
) -> dict[str, object]:
    """Explain the label of one decision.

    The numbers come from the very code that labels, so they are equal to the row that
    `labels.apply.label` makes.

    Parameters
    ----------
    decision_id : str
        Which decision.
    decisions, bars, quotes, horizons_ns, benchmark, rule, costs, wait_ns, as_of_ns
        As in `labels.apply.label`.

    Returns
    -------
    dict
        In the order of the reckoning: the decision; the prices it was made on; the
        rule, the costs and the waits; then under ``horizons`` and the horizon's text
        such as ``5d``: due time, exit, return, benchmark, costs, extremes of the path,
        volatility, bounds in force, barriers and their touch, the outputs of each
        label, state and reason. What is not known is None.

    Raises
    ------
    InputError
        There is no such decision (the nearest id is given), or as in `label`.
    """
    plan = LabelPlan(horizons_ns, benchmark, rule, costs, wait_ns, as_of_ns)
    group = next(groups(decisions, bars, quotes, plan, only_id=decision_id))
    first = group.spans[0]
    own = first.leg
    return {
        "decision_id": decision_id,
        "instrument": group.instrument,
        "side": int(first.side[0]),
        "decision_ns": int(first.decision_ns[0]),
        "prices": own.path.kind,
        "prices_left_out": own.path.left_out,
        "price": _at(own.path.price, own.entry_row),
        "price_ns": _at(own.path.time_ns, own.entry_row),
        "price_known_ns": _at(own.path.known_ns, own.entry_row),
        "benchmark": "cash" if benchmark is None else benchmark,
        "rule": rule.as_mapping(),
        "costs": costs.as_mapping(),
        "wait_ns": wait_ns,
        "as_of_ns": as_of_ns,
        "horizons": {
            suffix: _reckoning(part)
            for suffix, part in zip(plan.suffixes, group.spans, strict=True)
        },
    }


def _at(values: NDArray[np.generic], row: NDArray[np.intp]) -> float | int | None:
    """Return the value at the one row, None where the row is -1."""
    return _known(values[row[0]]) if row[0] >= 0 else None


def _known(value: np.generic) -> float | int | None:
    """Return a plain number, None for what stands for missing."""
    number: float | int = value.item()
    return None if number == MISSING_NS or number != number else number


def _leg(side: Leg) -> dict[str, object]:
    return {
        "price": _at(side.path.price, side.entry_row),
        "exit_price": _at(side.path.price, side.exit_row),
        "exit_ns": _known(side.exit_ns[0]),
        "exit_known_ns": _known(side.end_ns[0]),
        "return": _known(side.returns[0]),
    }


def _reckoning(part: Span) -> dict[str, object]:
    verdict = VERDICTS[part.verdict[0]]
    found: dict[str, object] = {"due_ns": int(part.due_ns[0])}
    found |= _leg(part.leg)
    found["benchmark"] = None if part.benchmark is None else _leg(part.benchmark)
    held_ns = part.leg.exit_ns - part.decision_ns
    known = part.leg.exit_ns[0] != MISSING_NS
    found["trade_cost_bps"] = 2 * part.plan.costs.trade_cost_bps()
    found["held_ns"] = int(held_ns[0]) if known else None
    found["financing_bps"] = (
        part.plan.costs.financing_bps(int(held_ns[0])) if known else None
    )
    first, _, stop = windows_of(part.leg, part.decision_ns)
    extremes = extremes_of(part.leg, part.decision_ns)
    found["path_rows"] = int(stop[0] - first[0]) if known else None
    found["path_high"] = _known(extremes.high[0])
    found["path_low"] = _known(extremes.low[0])
    found |= _bounds(part) | {"barriers": _barriers(part)}
    end = MISSING_NS
    for unit in ALL:
        values, end_ns = unit.label(part)
        end = max(end, int(end_ns[0]))
        if own_end(unit):
            found[own_end(unit)] = _known(end_ns[0])
        for output in unit.outputs:
            value = _known(values[output.stem][0])
            place = 0 if value is None else int(value) + len(output.words) // 2
            worded = output.words and value is not None
            found[output.stem] = output.words[place] if worded else value
    found |= {"state": verdict.state.value, "reason": verdict.reason}
    return found | {"end_ns": None if end == MISSING_NS else end}


def _bounds(part: Span) -> dict[str, object]:
    """Volatility at the decision, and the bounds in bps that came of it."""
    rule, unit_bps = part.plan.rule, part.unit_bps
    bounds = {name: _known(getattr(rule, name) * unit_bps[0]) for name in BOUNDS}
    return {"volatility": _known(part.volatility[0]), "bounds": bounds}


def _barriers(part: Span) -> dict[str, object]:
    """Prices of the two barriers and the row that touched one first."""
    path, touches = part.leg.path, touches_of(part)
    return {
        "upper_price": _known(touches.upper[0]),
        "lower_price": _known(touches.lower[0]),
        "upper_touched": bool(touches.up[0]),
        "lower_touched": bool(touches.down[0]),
        "touch_price": _known(touches.price[0]),
        "touch_row": int(touches.row[0]) if touches.row[0] >= 0 else None,
        "touch_ns": _at(path.time_ns, touches.row),
        "touch_known_ns": _at(path.known_ns, touches.row),
        "touch_high": _at(path.high, touches.row),
        "touch_low": _at(path.low, touches.row),
    }
