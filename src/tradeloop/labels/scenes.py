"""Small markets with everything that can go wrong, for the laws of `labels.checks`.

Gaps longer than the wait, rows that come late or twice at one instant, decisions before
the first and after the last price, decisions while a bar is open, every side.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tradeloop.clock import NS_PER_SECOND
from tradeloop.costs import ZERO
from tradeloop.labels.base import PricePath, States, Times
from tradeloop.labels.rules import LabelPlan, OutcomeRule

_STEP = 60 * NS_PER_SECOND
_HORIZON = 7 * _STEP
_WAIT = 5 * _STEP
_RULE = OutcomeRule(volatility_rows=8)  # few enough for a market of some hundred rows


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Decisions on one instrument, with all of its prices.

    Parameters
    ----------
    decision_ns, side : ndarray of shape (n,)
        Decisions, in any order.
    path : PricePath
        Prices of the instrument.
    benchmark : PricePath or None
        Prices of the benchmark; None is cash.
    horizon_ns : int
        From decision to due time.
    plan : LabelPlan
        Bounds, costs and waits.
    """

    decision_ns: Times
    side: States
    path: PricePath
    benchmark: PricePath | None
    horizon_ns: int
    plan: LabelPlan


def random_path(
    generator: np.random.Generator, kind: Literal["bar", "tick"], rows: int
) -> PricePath:
    """Make a path with gaps and latencies.

    Parameters
    ----------
    generator : numpy.random.Generator
        Source of all chance.
    kind : {"bar", "tick"}
        Bars of 60 s with gaps, or ticks some of which share their instant.
    rows : int
        Number of rows, at least 1.
    """
    price = 100 * np.exp(np.cumsum(generator.normal(0, 1e-3, rows)))
    if kind == "tick":
        time = np.cumsum(generator.integers(0, 40, rows) * NS_PER_SECOND)
        time += np.where(np.arange(rows) > rows // 2, 2 * _WAIT, 0)
        return PricePath("tick", time, time, time, price, price, price)
    missing = generator.choice([1, 1, 1, 1, 2, 3, 20], rows)
    end = np.cumsum(missing) * _STEP
    known = np.maximum.accumulate(end + generator.integers(0, 90, rows) * NS_PER_SECOND)
    reach = np.abs(generator.normal(0, 2e-3, (2, rows)))
    high, low = price * (1 + reach[0]), price * (1 - reach[1])
    return PricePath("bar", end - _STEP, end, known, price, high, low)


def random_scene(
    seed: int,
    kind: Literal["bar", "tick"],
    *,
    benchmark: bool = False,
    decisions: int = 24,
    rows: int = 120,
    rule: OutcomeRule = _RULE,
) -> Scene:
    """Make a scene; the same seed makes the same scene.

    Parameters
    ----------
    seed : int
        Seed of the generator.
    kind : {"bar", "tick"}
        Kind of the instrument's prices.
    benchmark : bool
        Whether there is one, on bars.
    decisions, rows : int
        Sizes.
    rule : OutcomeRule
        Bounds and barriers.
    """
    generator = np.random.default_rng(seed)
    path = random_path(generator, kind, rows)
    first, last = int(path.known_ns[0]), int(path.known_ns[-1])
    spread = generator.integers(first - _STEP, last + _STEP, decisions)
    at_rows = generator.choice(path.known_ns, decisions)  # decided on the row itself
    return Scene(
        decision_ns=np.where(generator.integers(0, 2, decisions), spread, at_rows),
        side=generator.choice([-1, 0, 1, 1], decisions).astype(np.int8),
        path=path,
        benchmark=random_path(generator, "bar", rows) if benchmark else None,
        horizon_ns=_HORIZON,
        plan=LabelPlan([_HORIZON], None, rule, ZERO, _WAIT),
    )
