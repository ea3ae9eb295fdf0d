"""``signals.yaml`` says what the code does, and refuses what it does not know."""

from importlib.resources import files

import pytest
import yaml

from tradeloop.clock import NS_PER_MINUTE
from tradeloop.errors import InputError
from tradeloop.signals import Policy
from tradeloop.signals.rules import SignalRules


def template():
    folder = files("tradeloop.apps") / "templates" / "rules"
    return yaml.safe_load((folder / "signals.yaml").read_text("utf-8"))


def test_the_template_says_just_what_the_defaults_are():
    assert template() == SignalRules().as_mapping()
    assert SignalRules.from_mapping(template()) == SignalRules()


def test_what_is_absent_has_its_default_and_the_rest_counts():
    given = {
        "gate": {"max_age": "5m", "min_confidence": 0.4},
        "conflicts": {"policy": "priority", "priority": ["a v1.0.0"]},
        "levels": {"stop_multiple": 2},
    }
    found = SignalRules.from_mapping(given, Policy(min_edge=0.2))
    assert found.gate == Policy(
        min_edge=0.2, max_age_ns=5 * NS_PER_MINUTE, min_confidence=0.4
    )
    assert found.conflicts.priority == ("a v1.0.0",)
    assert found.terms.levels.stop_multiple == 2
    assert SignalRules.from_mapping(found.as_mapping(), found.gate) == found


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"gates": {}}, "did you mean 'gate'"),
        ({"gate": {"max_agee": "5m"}}, "did you mean 'max_age'"),
        ({"gate": {"min_edge": 0.1}}, "gate has no 'min_edge'"),
        ({"gate": {"min_quality": 2}}, "shares from 0 to 1"),
        ({"gate": {"min_quality": "high"}}, "wrong kind"),
        ({"gate": 5}, "gate must be a mapping"),
        ({"sizes": {"kelly_fraction": 0}}, "above 0"),
        ({"levels": {"target_multiple": -1}}, "above 0"),
        ({"conflicts": {"policy": "loudest"}}, "no conflict policy 'loudest'"),
        ({"conflicts": {"priority": ["a", "a"]}}, "names"),
    ],
    ids=lambda value: value if isinstance(value, str) else "given",
)
def test_what_it_does_not_know_is_refused_with_the_way_out(given, says):
    with pytest.raises(InputError, match=says):
        SignalRules.from_mapping(given)
