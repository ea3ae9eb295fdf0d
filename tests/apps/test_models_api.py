"""``/api/v1/models``: the registry over HTTP, beside a workspace that is served."""

import warnings
from contextlib import nullcontext

import pytest

from pipelines.models_given import POLICY, Remembering, packed, verdict
from tradeloop.apps.api import create
from tradeloop.apps.settings import load
from tradeloop.clock import LiveClock
from tradeloop.pipelines import models_track
from tradeloop.pipelines.collected import Usual
from tradeloop.pipelines.keep_verdict import keep_verdict
from tradeloop.pipelines.models_keep import Judgement, keep_model
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.serve import open_served

with warnings.catch_warnings():
    # Starlette asks for a successor of httpx that is not locked yet.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

ROOT = "/api/v1/models"
WAY = ("testing", "staging", "canary", "production")


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A served workspace with two versions that the gate let pass, and a client."""
    monkeypatch.setattr(models_track, "open_tracking", Remembering().open)
    settings = load(tmp_path)
    places, who = settings.places(tmp_path), settings.acting()
    with open_served(places, who, LiveClock(), Usual(Rules(), None, None)) as served:
        for k in range(2):
            judged = Judgement(metrics={"log_loss": 1.0})
            version = keep_model(
                served.workspace, packed(seed=k + 1), name="boost", judgement=judged
            ).version
            told = verdict(f"boost {version}", author=who.name, policy=POLICY)
            keep_verdict(served.workspace, "boost", version, told)
        api = create(lambda: nullcontext(served), lambda: POLICY)
        with TestClient(api) as client:
            yield client, served


def asked(desk, verb, status=200, **given):
    client, served = desk
    head = {"Authorization": f"Bearer {served.token}"}
    body = {"name": "boost", "reason": "better", **given}
    answer = client.post(f"{ROOT}/{verb}", json=body, headers=head)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_versions_are_listed_and_shown(desk):
    client, _ = desk
    listed = client.get(ROOT).json()["models"]
    assert [each["version"] for each in listed] == ["v1.0.1", "v1.0.0"]
    assert client.get(ROOT, params={"stage": "production"}).json() == {"models": []}
    shown = client.get(f"{ROOT}/boost/v1.0.0").json()
    assert (shown["verdict"], shown["damage"]) == ("passed", "")
    assert {each["kind"] for each in shown["evaluations"]} == {"gate", "training"}
    assert client.get(f"{ROOT}/boost/v9.0.0").status_code == 404
    assert client.get(ROOT, params={"stage": "live"}).status_code == 422


def test_a_model_is_promoted_put_back_and_archived(desk):
    for version in ("v1.0.0", "v1.0.1"):
        for to in WAY:
            moved = asked(
                desk, "promote", version=version, to=to, roles=["model_owner"]
            )
    assert (moved["stage"], moved["replaced"]) == ("production", "v1.0.0")
    assert desk[0].get(f"{ROOT}/boost/champion").json()["version"] == "v1.0.1"
    assert asked(desk, "rollback")["version"] == "v1.0.0"
    assert asked(desk, "archive", version="champion")["stage"] == "archived"


def test_without_the_token_nothing_is_moved(desk):
    client, _ = desk
    body = {"name": "boost", "reason": "x", "version": "v1.0.0", "to": "testing"}
    for head in ({}, {"Authorization": "Bearer guess"}):
        answer = client.post(f"{ROOT}/promote", json=body, headers=head)
        assert answer.status_code == 403
        assert "own user" in answer.json()["detail"]
    assert client.get(f"{ROOT}/boost/v1.0.0").json()["stage"] == "draft"


def test_a_rule_that_is_broken_is_a_problem_with_its_words(desk):
    told = asked(desk, "promote", 422, version="v1.0.0", to="canary")
    assert "draft" in told["detail"] or "role" in told["detail"]
    assert "no earlier" in asked(desk, "rollback", 404)["detail"]
    assert (
        "too"
        in asked(desk, "promote", 422, version="v1.0.0", to="testing", too=1)["detail"]
    )


def test_the_routes_are_described(desk):
    described = desk[0].get("/openapi.json").json()
    routes = {f"{ROOT}/{verb}" for verb in ("promote", "rollback", "archive")}
    assert {ROOT, f"{ROOT}/{{name}}/{{version}}", *routes} <= set(described["paths"])
