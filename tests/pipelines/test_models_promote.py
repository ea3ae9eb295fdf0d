"""Promotion: a verdict, an approver with the role, a reason; back in one step."""

from dataclasses import replace

import pytest

from pipelines.conftest import NOW_NS
from pipelines.models_given import POLICY, Remembering, packed, verdict
from tradeloop.clock import ReplayClock
from tradeloop.errors import ArtefactError, InputError, NotFoundError
from tradeloop.events import Principal
from tradeloop.feedback import Approver, Policy
from tradeloop.pipelines import models_track
from tradeloop.pipelines.archive import archive
from tradeloop.pipelines.keep_verdict import keep_verdict, verdict_on
from tradeloop.pipelines.models_keep import NewModel, keep_model, register_model
from tradeloop.pipelines.models_list import list_models, version_named
from tradeloop.pipelines.models_show import show_model
from tradeloop.pipelines.promote import promote
from tradeloop.pipelines.register import _crown
from tradeloop.pipelines.roll_back import roll_back

WAY = ("testing", "staging", "canary", "production")
BOSS = Approver("tester", frozenset({POLICY.approver_role}))


@pytest.fixture(autouse=True)
def tracked(monkeypatch):
    remembering = Remembering()
    monkeypatch.setattr(models_track, "open_tracking", remembering.open)
    return remembering


def kept(workspace, k=0, *, judged=True):
    version = keep_model(workspace, packed(seed=k + 1), name="boost").version
    if judged:
        keep_verdict(workspace, "boost", version, verdict(f"boost {version}"))
    return version


def step(workspace, version, to, approver=BOSS, policy=POLICY, reason="it is better"):
    return promote(
        workspace,
        "boost",
        version,
        to,
        approver=approver,
        policy=policy,
        reason=reason,
    )


def serving(workspace, k=0):
    version = kept(workspace, k)
    for to in WAY:
        promoted = step(workspace, version, to)
    return version, promoted


def stages(workspace):
    return {m.model.record.version: m.model.stage for m in list_models(workspace)}


def test_the_way_to_production_moves_the_champion_and_is_told(workspace, tracked):
    one, promoted = serving(workspace)
    assert (promoted.before, promoted.replaced, promoted.note) == ("canary", "", "")
    two, promoted = serving(workspace, 1)
    assert promoted.replaced == one
    assert stages(workspace) == {two: "production", one: "archived"}
    assert version_named(workspace, "boost").record.version == two
    assert tracked.aliases == {"champion": 2, "challenger": None}
    assert tracked.stages == {one: "archived", two: "production"}
    events = list(workspace.journal.events(workspace.principal, "model_deployed"))
    champions = [e.body for e in events if e.body["alias"] == "champion"]
    assert [(b.get("from_version"), b["to_version"]) for b in champions] == [
        (None, one),
        (one, two),
    ]
    assert champions[1]["approver_role"] == POLICY.approver_role
    trail = workspace.catalog.audit_trail(workspace.principal)
    assert {"register", "judge", "promote", "track"} <= {e.action for e in trail}
    assert workspace.catalog.verify() == len(trail)


def test_without_a_verdict_nothing_reaches_the_market(workspace):
    version = kept(workspace, judged=False)
    for to in ("testing", "staging"):
        step(workspace, version, to)
    with pytest.raises(InputError, match="no verdict"):
        step(workspace, version, "canary")
    assert stages(workspace) == {version: "staging"}


def test_a_verdict_that_refuses_is_not_overruled(workspace):
    version = kept(workspace, judged=False)
    for to in ("testing", "staging"):
        step(workspace, version, to)
    refused = verdict(f"boost {version}", promoted=False)
    keep_verdict(workspace, "boost", version, refused)
    assert verdict_on(workspace, "boost", version) == refused
    with pytest.raises(InputError, match="Not promoted"):
        step(workspace, version, "canary")


def test_the_newest_verdict_counts(workspace):
    version = kept(workspace)
    for to in WAY[:3]:
        step(workspace, version, to)
    later = replace(workspace, clock=ReplayClock(NOW_NS + 10**9))
    refused = verdict(f"boost {version}", promoted=False)
    keep_verdict(later, "boost", version, refused)
    with pytest.raises(InputError, match="Not promoted"):
        step(workspace, version, "production")
    assert stages(workspace) == {version: "canary"}


@pytest.mark.parametrize(
    ("approver", "said"),
    [
        (Approver("tester", frozenset()), "must have the role"),
        (Approver("tester", frozenset({"trader"})), "must have the role"),
    ],
    ids=["no role", "another role"],
)
def test_the_wrong_role_promotes_nothing(workspace, approver, said):
    version = kept(workspace)
    for to in ("testing", "staging"):
        step(workspace, version, to, approver)
    with pytest.raises(InputError, match=said):
        step(workspace, version, "canary", approver)
    assert stages(workspace) == {version: "staging"}


def test_nobody_approves_his_own_model_unless_the_policy_lets_him(workspace):
    strict = Policy()
    version = kept(workspace, judged=False)
    told = verdict(f"boost {version}", policy=strict)
    keep_verdict(workspace, "boost", version, told)
    for to in ("testing", "staging"):
        step(workspace, version, to)
    with pytest.raises(InputError, match="someone else than its author"):
        step(workspace, version, "canary", policy=strict)
    other = Approver("boss", BOSS.roles)
    assert step(workspace, version, "canary", other, strict).model.stage == "canary"


def test_a_verdict_under_another_policy_is_judged_again(workspace):
    version = kept(workspace)
    for to in ("testing", "staging"):
        step(workspace, version, to)
    with pytest.raises(InputError, match="under the policy in force"):
        step(workspace, version, "canary", policy=replace(POLICY, level=0.01))


def test_a_verdict_on_another_model_or_by_another_author_is_refused(workspace):
    version = kept(workspace, judged=False)
    for bad in (verdict("boost v9.9.9"), verdict(f"boost {version}", author="x")):
        with pytest.raises(InputError, match="registered is"):
            keep_verdict(workspace, "boost", version, bad)
    assert verdict_on(workspace, "boost", version) is None


def test_a_step_is_not_taken_twice_skipped_or_left_without_a_reason(workspace):
    version = kept(workspace)
    with pytest.raises(InputError, match="cannot go to production"):
        step(workspace, version, "production")
    with pytest.raises(InputError, match="with a reason"):
        step(workspace, version, "testing", reason=" ")
    step(workspace, version, "testing")
    with pytest.raises(InputError, match="in testing already"):
        step(workspace, version, "testing")
    with pytest.raises(InputError, match="no stage 'live'"):
        step(workspace, version, "live")
    with pytest.raises(NotFoundError):
        step(workspace, "v9.0.0", "testing")


def test_a_damaged_model_is_not_deployed(workspace):
    version = kept(workspace)
    for to in WAY[:3]:
        step(workspace, version, to)
    place = workspace.places.artefacts / "desk/boost" / version / "member-0.onnx"
    place.chmod(0o644)
    place.write_bytes(place.read_bytes()[:-1] + b"x")
    with pytest.raises(ArtefactError, match="member-0"):
        step(workspace, version, "production")
    assert stages(workspace) == {version: "canary"}


def test_another_tenant_cannot_promote_what_it_cannot_see(workspace):
    version = kept(workspace)
    guest = replace(workspace, principal=Principal("guest", "tester"))
    with pytest.raises(NotFoundError):
        step(guest, version, "testing")


def test_a_roll_back_is_one_step_with_a_reason(workspace, tracked):
    one, _ = serving(workspace)
    two, _ = serving(workspace, 1)
    with pytest.raises(InputError, match="with a reason"):
        roll_back(workspace, "boost", approver="tester", reason="")
    done = roll_back(
        workspace, "boost", approver="tester", reason="it loses"
    ).deployment
    assert (done.kind, done.before, done.after) == ("rollback", two, one)
    assert stages(workspace) == {two: "archived", one: "production"}
    assert tracked.aliases["champion"] == 1
    history = show_model(workspace, "boost", one).deployments
    assert history[-1].grounds.reason == "it loses"
    with pytest.raises(NotFoundError, match="no earlier"):
        roll_back(workspace, "boost", approver="tester", reason="again")
    with pytest.raises(NotFoundError, match="no earlier"):
        roll_back(workspace, "none", approver="tester", reason="again")


def test_a_roll_back_to_a_damaged_version_moves_nothing(workspace):
    one, _ = serving(workspace)
    two, _ = serving(workspace, 1)
    place = workspace.places.artefacts / "desk/boost" / one / "model.json"
    place.chmod(0o644)
    place.write_bytes(b"{}")
    with pytest.raises(ArtefactError, match=r"model\.json"):
        roll_back(workspace, "boost", approver="tester", reason="it loses")
    assert stages(workspace) == {two: "production", one: "archived"}


def test_the_archive_is_for_good(workspace, tracked):
    one, _ = serving(workspace)
    done = archive(workspace, "boost", one, approver="tester", reason="leaked")
    assert (done.before, done.model.stage) == ("production", "archived")
    assert tracked.aliases["champion"] is None
    assert version_named(workspace, "boost").record.version == one
    with pytest.raises(InputError, match="archived already"):
        archive(workspace, "boost", one, approver="tester", reason="leaked")
    with pytest.raises(NotFoundError, match="no earlier"):
        roll_back(workspace, "boost", approver="tester", reason="again")


def test_what_a_crash_kept_from_the_journal_comes_with_the_next_move(
    workspace, monkeypatch
):
    version = kept(workspace)
    for to in WAY[:2]:
        step(workspace, version, to)

    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("tradeloop.pipelines.promote.announce_deployments", crash)
    with pytest.raises(KeyboardInterrupt):
        step(workspace, version, "canary")
    monkeypatch.undo()
    monkeypatch.setattr(models_track, "open_tracking", Remembering().open)
    assert stages(workspace) == {version: "canary"}
    step(workspace, version, "production")
    told = list(workspace.journal.events(workspace.principal, "model_deployed"))
    assert sorted(event.body["alias"] for event in told) == [
        "challenger",
        "challenger",
        "champion",
    ]


def test_a_run_serves_its_draft_until_the_gate_let_another_in(workspace, tracked):
    def run(k):
        new = NewModel(files=packed(seed=k + 1), name="boost")
        made = register_model(workspace, new)
        _crown(workspace, made)
        return made.version

    one, two = run(0), run(1)
    (first, second) = list_models(workspace)
    assert (first.model.record.version, first.aliases) == (two, ("champion",))
    assert (second.model.record.version, second.aliases) == (one, ())
    assert {first.model.stage, second.model.stage} == {"draft"}
    three, _ = serving(workspace, 2)
    assert run(3) != three
    assert version_named(workspace, "boost", "champion").record.version == three
