"""Laws of labels over all of them, bad labels that must fail, and none left out."""

from collections import Counter
from dataclasses import dataclass
from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path

import numpy as np
import pytest

import tradeloop.labels
from tradeloop.labels import ALL, Excursion, HorizonReturn, Labelled, Outcome
from tradeloop.labels.base import CENSORED, LABELLED, MISSING_NS, PENDING
from tradeloop.labels.checks import LAWS, breaches, label_scene
from tradeloop.labels.scenes import random_scene

SCENES = [
    (seed, kind, benchmark)
    for seed in range(4)
    for kind in ("bar", "tick")
    for benchmark in (False, True)
]

NOT_A_LABEL = {
    "__init__": "names only",
    "apply": "labels a frame with all of them",
    "base": "prices that labels are made of",
    "checks": "the laws",
    "explain": "tells how a label came about",
    "groups": "cuts frames into spans",
    "protocol": "what a label is",
    "rules": "bounds and plans",
    "scenes": "markets for the laws",
    "span": "what labels are taken from",
    "units": "the list of labels",
}


def scenes():
    return [
        random_scene(seed, kind, benchmark=benchmark)
        for seed, kind, benchmark in SCENES
    ]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("unit", ALL, ids=lambda unit: unit.name)
def test_every_label_obeys_every_law(unit, law):
    for scene in scenes():
        assert LAWS[law](unit, scene) == []


def test_the_scenes_hold_known_pending_and_censored_labels_on_bars_and_ticks():
    for kind in ("bar", "tick"):
        found = Counter()
        for scene in scenes():
            if scene.path.kind == kind:
                end = label_scene(HorizonReturn(), scene).end_ns
                found["known"] += int((end != MISSING_NS).sum())
                found["missing"] += int((end == MISSING_NS).sum())
        assert found["known"] > 30
        assert found["missing"] > 30


def test_each_label_file_is_in_all_or_is_named_here_with_its_reason():
    folder = Path(tradeloop.labels.__file__).parent
    files = {path.stem for path in folder.glob("*.py")}
    names = [unit.name for unit in ALL]
    assert len(names) == len(set(names))
    assert files == set(names) | set(NOT_A_LABEL)
    assert not set(names) & set(NOT_A_LABEL)


def test_each_file_that_defines_a_label_gives_it_to_all():
    folder = Path(tradeloop.labels.__file__).parent
    listed = {type(unit) for unit in ALL}
    for path in sorted(folder.glob("*.py")):
        module = import_module(f"tradeloop.labels.{path.stem}")
        for name, found in getmembers(module, isclass):
            is_label = callable(getattr(found, "label", None)) and name != "Label"
            if is_label and found.__module__ == module.__name__:
                assert found in listed, f"{path.name}: {name} is not in ALL"


def test_each_label_has_a_slow_oracle_of_its_name():
    oracles = import_module("reference.labels")
    for unit in ALL:
        assert callable(getattr(oracles, f"{unit.name}_oracle"))


def test_no_two_labels_make_a_column_of_one_name():
    stems = [output.stem for unit in ALL for output in unit.outputs]
    assert len(stems) == len(set(stems))
    for unit in ALL:
        assert {output.mirror[0] for output in unit.outputs} <= set(stems)


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


def test_states_are_three_different_codes():
    assert len({int(LABELLED), int(PENDING), int(CENSORED)}) == 3
