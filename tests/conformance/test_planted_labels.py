"""Bad labels, made on purpose: each breaks the law that was made for it."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tradeloop.labels import (
    Excursion,
    HorizonReturn,
    Labelled,
    Outcome,
    TrendScan,
    TripleBarrier,
)
from tradeloop.labels.base import LABELLED, MISSING_NS
from tradeloop.labels.checks import LAWS, breaches
from tradeloop.labels.scenes import random_scene
from tradeloop.labels.volatility import volatility_at

SCENES = [
    (seed, kind, benchmark)
    for seed in range(4)
    for kind in ("bar", "tick")
    for benchmark in (False, True)
]


def scenes():
    return [
        random_scene(seed, kind, benchmark=benchmark)
        for seed, kind, benchmark in SCENES
    ]


@dataclass(frozen=True)
class PeeksPastItsEnd:
    """Takes the row after the exit where there is one."""

    name: str = "peeks"
    outputs: tuple = HorizonReturn().outputs

    def label(self, span):
        leg, found = span.leg, np.full(span.side.shape, np.nan)
        for k in np.flatnonzero(leg.state == LABELLED):
            row = min(leg.exit_row[k] + 1, len(leg.path) - 1)
            found[k] = leg.path.price[row] / leg.entry_price[k] - 1
        return Labelled({"return": found}, leg.end_ns)


@dataclass(frozen=True)
class TurnsAMissingFutureToZero:
    name: str = "zero"
    outputs: tuple = HorizonReturn().outputs

    def label(self, span):
        values, end_ns = HorizonReturn().label(span)
        return Labelled({"return": np.nan_to_num(values["return"])}, end_ns)


@dataclass(frozen=True)
class UnderDeclaresItsEnd:
    """Knows the exit price at the due time, before the bar was received."""

    name: str = "under"
    outputs: tuple = HorizonReturn().outputs

    def label(self, span):
        values, end_ns = HorizonReturn().label(span)
        early = np.where(end_ns == MISSING_NS, MISSING_NS, span.due_ns)
        return Labelled(values, early)


@dataclass(frozen=True)
class EndsBeforeItsDecision:
    name: str = "ends_before"
    outputs: tuple = HorizonReturn().outputs

    def label(self, span):
        values, end_ns = HorizonReturn().label(span)
        return Labelled(
            values, np.where(end_ns == MISSING_NS, MISSING_NS, span.decision_ns - 1)
        )


@dataclass(frozen=True)
class ForgetsTheSide:
    name: str = "forgets_side"
    outputs: tuple = Excursion().outputs

    def label(self, span):
        values, end_ns = Excursion().label(span)
        sells = span.side < 0
        gain = np.where(sells, -values["max_loss"], values["max_gain"])
        return Labelled({**values, "max_gain": gain}, end_ns)


@dataclass(frozen=True)
class UsesTheBarThatWasOpenAtTheDecision:
    """Counts high and low of a bar that began before the decision."""

    name: str = "open_bar"
    outputs: tuple = Excursion().outputs

    def label(self, span):
        path, leg = span.leg.path, span.leg
        known = (leg.state == LABELLED) & (span.side != 0)
        gain = np.full(span.side.shape, np.nan)
        loss = gain.copy()
        first = np.searchsorted(path.time_ns, span.decision_ns, side="right")
        for k in np.flatnonzero(known):
            rows = slice(first[k], leg.exit_row[k] + 1)
            entry = leg.entry_price[k]
            up = max(0.0, path.high[rows].max(initial=0.0) / entry - 1)
            down = min(0.0, path.low[rows].min(initial=entry) / entry - 1)
            gain[k], loss[k] = (up, down) if span.side[k] > 0 else (-down, -up)
        end = np.where(known, leg.end_ns, MISSING_NS)
        return Labelled({"max_gain": gain, "max_loss": loss}, end)


@dataclass(frozen=True)
class RanksAmongTheOtherDecisions:
    name: str = "ranks"
    outputs: tuple = HorizonReturn().outputs

    def label(self, span):
        values, end_ns = HorizonReturn().label(span)
        mean = np.nanmean(np.append(values["return"], 0.0))
        return Labelled({"return": values["return"] - mean}, end_ns)


@dataclass(frozen=True)
class CountsInCents:
    name: str = "cents"
    outputs: tuple = HorizonReturn().outputs

    def label(self, span):
        leg = span.leg
        return Labelled({"return": leg.exit_price - leg.entry_price}, leg.end_ns)


@dataclass(frozen=True)
class WritesIntoItsInput:
    name: str = "writes"
    outputs: tuple = HorizonReturn().outputs

    def label(self, span):
        found = HorizonReturn().label(span)
        span.side[:] = 0
        return found


@dataclass(frozen=True)
class ForgetsTheBenchmarksEnd:
    name: str = "benchmark_end"
    outputs: tuple = Outcome().outputs

    def label(self, span):
        values, end_ns = Outcome().label(span)
        return Labelled(
            values, np.where(end_ns == MISSING_NS, MISSING_NS, span.leg.end_ns)
        )


@dataclass(frozen=True)
class DatesTheTrendByTheWindowItTook:
    """Takes the end of the clearest window for the time at which it was known."""

    name: str = "window_end"
    outputs: tuple = TrendScan().outputs
    own_end: str = "trend_end_ns"

    def label(self, span):
        values, end_ns = TrendScan().label(span)
        known = end_ns != MISSING_NS
        lasted = np.where(known, values["trend_ns"], 0).astype(np.int64)
        return Labelled(values, np.where(known, span.decision_ns + lasted, MISSING_NS))


@dataclass(frozen=True)
class BarriersOf:
    """Triple barrier that is changed in one point."""

    name: str = "barriers"
    outputs: tuple = TripleBarrier().outputs
    own_end: str = "barrier_end_ns"
    looks_back: bool = True

    def label(self, span):
        return TripleBarrier().label(span)


@dataclass(frozen=True)
class KnowsTheTouchBeforeItsBarIsThere(BarriersOf):
    name: str = "touch_before_bar"

    def label(self, span):
        values, end_ns = TripleBarrier().label(span)
        known = end_ns != MISSING_NS
        early = np.maximum(end_ns - 61_000_000_000, span.decision_ns + 1)
        return Labelled(values, np.where(known, early, MISSING_NS))


@dataclass(frozen=True)
class EndsItsBarriersAtTheDecision(BarriersOf):
    name: str = "touch_at_decision"

    def label(self, span):
        values, end_ns = TripleBarrier().label(span)
        end = np.where(end_ns == MISSING_NS, MISSING_NS, span.decision_ns)
        return Labelled(values, end)


@dataclass(frozen=True)
class EndsItsBarriersTooLate(BarriersOf):
    name: str = "touch_too_late"

    def label(self, span):
        values, end_ns = TripleBarrier().label(span)
        return Labelled(values, np.where(end_ns == MISSING_NS, end_ns, end_ns + 10**15))


@dataclass(frozen=True)
class TakesAVolatilityOfMoreRowsThanTheRule(BarriersOf):
    name: str = "long_volatility"
    factor = 3

    def label(self, span):
        longer = volatility_at(
            span.leg.path,
            span.leg.entry_row,
            span.decision_ns,
            horizon_ns=int(span.due_ns[0] - span.decision_ns[0]),
            rows=self.factor * span.plan.rule.volatility_rows,
        )
        return TripleBarrier().label(replace(span, volatility=longer))


@dataclass(frozen=True)
class TakesTheVolatilityOfTheFuture(BarriersOf):
    name: str = "future_volatility"

    def label(self, span):
        path = span.leg.path
        moves = np.append(np.diff(np.log(path.price)), 0.0)
        whole = np.full(span.side.shape, 3 * moves.std() if len(moves) else np.nan)
        return TripleBarrier().label(replace(span, volatility=whole))


@dataclass(frozen=True)
class DoesNotSayThatItLooksBack(BarriersOf):
    name: str = "hidden_volatility"
    looks_back: bool = False


PLANTED = [
    (PeeksPastItsEnd(), "ignores_what_follows_its_end"),
    (PeeksPastItsEnd(), "grows_into_the_same"),
    (TurnsAMissingFutureToZero(), "misses_where_the_future_is_missing"),
    (TurnsAMissingFutureToZero(), "has_an_end_exactly_where_it_has_values"),
    (UnderDeclaresItsEnd(), "ignores_what_follows_its_end"),
    (UnderDeclaresItsEnd(), "grows_into_the_same"),
    (EndsBeforeItsDecision(), "ends_after_the_due_time"),
    (ForgetsTheSide(), "mirrors_the_side"),
    (UsesTheBarThatWasOpenAtTheDecision(), "ignores_the_past"),
    (RanksAmongTheOtherDecisions(), "is_the_same_one_by_one"),
    (CountsInCents(), "ignores_the_currency"),
    (WritesIntoItsInput(), "leaves_its_input_alone"),
    (ForgetsTheBenchmarksEnd(), "ignores_what_follows_its_end"),
    (DatesTheTrendByTheWindowItTook(), "ignores_what_follows_its_end"),
    (DatesTheTrendByTheWindowItTook(), "grows_into_the_same"),
    (KnowsTheTouchBeforeItsBarIsThere(), "ignores_what_follows_its_end"),
    (EndsItsBarriersAtTheDecision(), "ends_after_the_due_time"),
    (EndsItsBarriersTooLate(), "ends_after_the_due_time"),
    (EndsItsBarriersTooLate(), "grows_into_the_same"),
    (TakesAVolatilityOfMoreRowsThanTheRule(), "ignores_the_past"),
    (TakesTheVolatilityOfTheFuture(), "ignores_what_follows_its_end"),
    (DoesNotSayThatItLooksBack(), "ignores_the_past"),
]


@pytest.mark.parametrize(
    ("unit", "law"), PLANTED, ids=[f"{unit.name}-{law}" for unit, law in PLANTED]
)
def test_a_planted_bad_label_breaks_the_law_made_for_it(unit, law):
    reasons = [reason for scene in scenes() for reason in LAWS[law](unit, scene)]
    assert reasons


def test_every_law_catches_at_least_one_planted_label():
    assert {law for _, law in PLANTED} == set(LAWS)


def test_breaches_name_the_law_and_the_decision():
    found = breaches(TurnsAMissingFutureToZero(), random_scene(0, "bar"))
    assert "misses_where_the_future_is_missing" in {breach.law for breach in found}
    assert all(breach.reason for breach in found)
