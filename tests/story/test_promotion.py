"""From training to production and back, as a person types it."""

import time
import warnings
from contextlib import nullcontext

import pytest

from story.desks import desk, typed
from tradeloop.apps.api import create
from tradeloop.apps.choosing import rules_of
from tradeloop.apps.registering import policy_of
from tradeloop.apps.settings import load
from tradeloop.clock import LiveClock
from tradeloop.pipelines.collected import Usual
from tradeloop.pipelines.serve import open_served

with warnings.catch_warnings():
    # Starlette asks for a successor of httpx that is not locked yet.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

pytestmark = pytest.mark.whole

WAY = ("testing", "staging", "canary", "production")
ANNA = ("--approver", "anna", "--role", "model_owner")


def train(folder, *more):
    words = ("models", "train", "--model", "boosting", "--name", "m", *more)
    return typed(*words, "--dir", folder)["version"]


def judge(folder, version, status=0):
    return typed("models", "judge", "m", version, "--dir", folder, status=status)


def promote(folder, version, to, *by, status=0):
    words = ("models", "promote", "m", version, "--to", to, "--reason", "it is better")
    return typed(*words, *by, "--dir", folder, status=status)


def outcome(told, name):
    (found,) = [each for each in told["checks"] if each["name"] == name]
    return found["outcome"]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A market whose days follow one another: half of a day's return comes again."""
    return desk(tmp_path_factory.mktemp("planted"), seed=3, momentum=0.5)


def test_a_planted_edge_goes_to_production_and_back(planted):
    first = train(planted)
    assert "no verdict" in _refused(planted, first)
    told = judge(planted, first)
    assert told["promoted"]
    assert (told["trials"], told["compared_with"]) == (1, "")
    assert outcome(told, "champion") == "absent"
    for name in ("permutation", "doubled_costs"):
        assert outcome(told, name) == "passed", name
    for name in ("calibration", "drift"):  # reported: their size is not what is tested
        assert outcome(told, name) != "absent", name
    assert promote(planted, first, "canary", *ANNA)["stage"] == "canary"
    assert promote(planted, first, "production", *ANNA)["replaced"] == ""

    second = train(planted, "--seed", "7")
    assert second == "v1.0.1"
    told = judge(planted, second)
    assert (told["trials"], told["compared_with"]) == (2, first)
    assert outcome(told, "champion") != "absent"
    assert outcome(told, "overfitting") != "absent"
    assert judge(planted, second) == told
    for to in WAY[:-1]:
        assert promote(planted, second, to, *ANNA)["stage"] == to
    _serve_it(planted, second, first)

    back = typed("models", "rollback", "m", "--reason", "it loses", "--dir", planted)
    assert (back["version"], back["replaced"]) == (first, second)
    assert typed("models", "show", "m", "--dir", planted)["version"] == first


def _refused(folder, version):
    """Move a version to staging; return why it goes no further without a verdict."""
    for to in WAY[:2]:
        promote(folder, version, to)
    return promote(folder, version, "canary", *ANNA, status=2)["message"]


def _serve_it(folder, version, before):
    """Promote over HTTP: the server answers with the new champion within seconds."""
    settings = load(folder)
    usual = Usual(rules_of(settings, folder), None, None)
    places, who = settings.places(folder), settings.acting()
    with open_served(places, who, LiveClock(), usual) as served:
        api = create(lambda: nullcontext(served), lambda: policy_of(folder))
        _wait_for(served, before)
        with TestClient(api) as client:
            asked = {"name": "m", "version": version, "to": "production"}
            who_says = {"approver": "anna", "roles": ["model_owner"]}
            answer = client.post(
                "/api/v1/models/promote",
                json={**asked, **who_says, "reason": "it is better"},
                headers={"Authorization": f"Bearer {served.token}"},
            )
            assert answer.status_code == 200, answer.text
            assert answer.json()["replaced"] == before
            _wait_for(served, version)


def _wait_for(served, version):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        lines = served.live.loop.lines.get("m", {})
        if any(line.version == version for line in lines.values()):
            return
        time.sleep(0.05)
    raise AssertionError(served.live.loop.lines)


def test_noise_is_not_promoted_and_goes_no_further_than_staging(tmp_path):
    """A test of 5 % lets noise pass now and then.

    Of the seeds 0 to 11 of this very desk it promotes one, seed 7 (p = 0.039); the rate
    is tested in tests/pipelines/test_judge_model.py.
    """
    folder = desk(tmp_path, seed=0, momentum=0.0)
    version = train(folder)
    told = judge(folder, version, status=1)
    assert not told["promoted"]
    assert outcome(told, "maximum") == "failed"
    for to in WAY[:2]:
        promote(folder, version, to)
    refused = promote(folder, version, "canary", *ANNA, status=2)
    assert "may not be promoted" in refused["message"]
    assert typed("models", "show", "m", "--dir", folder)["stage"] == "staging"
