"""How long keeping, promoting and listing take: the table of docs/registry.md.

Call it as ``PYTHONPATH=tests python -m pipelines.registry_times``.
"""

import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pipelines.conftest import places_in
from pipelines.models_given import POLICY, packed, verdict
from tradeloop.clock import LiveClock, monotonic_s
from tradeloop.events import Principal
from tradeloop.feedback import Approver
from tradeloop.pipelines.keep_verdict import keep_verdict
from tradeloop.pipelines.models_keep import keep_model
from tradeloop.pipelines.models_list import list_models
from tradeloop.pipelines.promote import promote
from tradeloop.pipelines.roll_back import roll_back
from tradeloop.pipelines.workspace import Workspace, open_workspace

STAGES = ("testing", "staging", "canary", "production")
BOSS = Approver("tester", frozenset({POLICY.approver_role}))
MANY = 500


@contextmanager
def timed(what: str, calls: int = 1) -> Iterator[None]:
    began = monotonic_s()
    yield
    took = (monotonic_s() - began) / calls
    sys.stdout.write(f"{what:40} {took:.3f} s\n")


def measure(workspace: Workspace) -> None:
    for seed in (1, 2):
        with timed("keep a model"):
            version = keep_model(workspace, packed(seed=seed), name="boost").version
        keep_verdict(workspace, "boost", version, verdict(f"boost {version}"))
        with timed("promote, one stage of four", len(STAGES)):
            for to in STAGES:
                promote(
                    workspace,
                    "boost",
                    version,
                    to,
                    approver=BOSS,
                    policy=POLICY,
                    reason="measured",
                )
    with timed("roll back"):
        roll_back(workspace, "boost", approver="tester", reason="measured")
    models, who = workspace.catalog.models, workspace.principal
    record = models.model(who, "boost", "v1.0.0").record
    with timed("register a version in the catalog alone", MANY):
        for k in range(MANY):
            copy = replace(record, version=f"v2.0.{k}", name=f"m{k % 10}")
            models.register(who, copy, workspace.audit("register", copy.name))
    with timed(f"list {len(list_models(workspace))} versions"):
        list_models(workspace)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with (
        tempfile.TemporaryDirectory() as folder,
        open_workspace(
            places_in(Path(folder)), Principal("desk", "tester"), LiveClock()
        ) as workspace,
    ):
        measure(workspace)
