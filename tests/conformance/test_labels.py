"""Laws of labels over all of them, bad labels that must fail, and none left out."""

from collections import Counter
from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path

import pytest

import tradeloop.labels
from tradeloop.labels import (
    ALL,
    HorizonReturn,
    OutcomeRule,
    TripleBarrier,
)
from tradeloop.labels.base import CENSORED, LABELLED, MISSING_NS, PENDING
from tradeloop.labels.checks import LAWS, label_scene
from tradeloop.labels.scenes import random_scene

SCENES = [
    (seed, kind, benchmark)
    for seed in range(4)
    for kind in ("bar", "tick")
    for benchmark in (False, True)
]

# Every label again, with bounds in volatility, graded after costs.
VOLATILITY = OutcomeRule(
    excellent_bps=1.0,
    good_bps=0.5,
    poor_bps=-0.5,
    bad_bps=-1.0,
    neutral_bps=0.3,
    unit="volatility",
    graded="net",
    volatility_rows=5,
)

NOT_A_LABEL = {
    "__init__": "names only",
    "apply": "labels a frame with all of them",
    "base": "prices that labels are made of",
    "checks": "the laws",
    "cusum": "samples decisions, before they are labelled",
    "explain": "tells how a label came about",
    "groups": "cuts frames into spans",
    "label_rule": "one rule as data",
    "live": "labels as the future arrives",
    "live_state": "what a live labeller remembers",
    "live_tape": "prices of one instrument as they come in",
    "live_tapes": "prices of all instruments as they come in",
    "live_waiting": "decisions that have no label yet",
    "protocol": "what a label is",
    "rule_file": "rules as a file holds them",
    "rule_kinds": "the types of rules and their terms",
    "rule_text": "reads a file with the line of each value",
    "rule_values": "checks one value of a rule",
    "rules": "bounds and plans",
    "scenes": "markets for the laws",
    "significance": "how sure one may be of a figure over many labels",
    "slices": "cuts rows into stretches of time",
    "span": "what labels are taken from",
    "units": "the list of labels",
    "volatility": "what bounds and barriers are multiples of",
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


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("unit", ALL, ids=lambda unit: unit.name)
def test_every_label_obeys_every_law_with_bounds_in_volatility(unit, law):
    for seed, kind, benchmark in SCENES[::3]:
        scene = random_scene(seed, kind, benchmark=benchmark, rule=VOLATILITY)
        assert LAWS[law](unit, scene) == []


def test_the_scenes_touch_each_barrier_both_and_none():
    found = Counter()
    for scene in scenes():
        values, end_ns = label_scene(TripleBarrier(), scene)
        known = end_ns != MISSING_NS
        due = scene.decision_ns + scene.horizon_ns
        found.update(values["barrier"][known].tolist())
        found["both"] += int((values["barrier_ambiguous"] == 1).sum())
        found["early"] += int((known & (end_ns < due)).sum())
    assert min(found[name] for name in (-1.0, 0.0, 1.0, "both", "early")) > 10


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
        mirrors = [output.mirror for output in unit.outputs if output.mirror]
        flags = {output.unless for output in unit.outputs if output.unless}
        assert {stem for stem, _ in mirrors} | flags <= set(stems)


def test_only_yes_or_no_has_no_mirror_image():
    stems = [o.stem for unit in ALL for o in unit.outputs if o.mirror is None]
    assert stems == ["meta_label", "barrier_meta"]


def test_states_are_three_different_codes():
    assert len({int(LABELLED), int(PENDING), int(CENSORED)}) == 3
