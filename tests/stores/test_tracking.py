"""Tracking: runs, versions and champions in MLflow, and no word to anyone."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tradeloop.errors import InputError, NotFoundError
from tradeloop.events import Principal
from tradeloop.stores.tracking import Tracking, open_tracking
from tradeloop.stores.tracking_client import TrackingAwayError

ANN, BOB = Principal("acme", "ann"), Principal("other", "bob")

LOOP = """
import sys
from pathlib import Path

TOUCHED = ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.sendmsg")
def heard(event, arguments):
    if event in TOUCHED:
        print("SOCKET", event, arguments)
sys.addaudithook(heard)

from tradeloop.events import Principal
from tradeloop.stores import tracking as module
assert "mlflow" not in sys.modules

who, root = Principal("acme", "ann"), Path(sys.argv[1])
with module.open_tracking(f"sqlite:///{root}/mlflow.db", root / "runs") as tracking:
    run = tracking.log_run(who, "demo", params={"a": 1}, metrics={"auc": 0.5})
    made = tracking.register(who, "boost", run_id=run, source=root, tags={})
    tracking.crown(who, made)
    print("champion", tracking.champion(who, "boost").version)

from mlflow.telemetry.client import get_telemetry_client
print("telemetry", get_telemetry_client())
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("tracking")


@pytest.fixture(scope="module")
def tracking(root: Path):
    with open_tracking(f"sqlite:///{root}/mlflow.db", root / "runs") as opened:
        yield opened


def run(tracking: Tracking, who: Principal = ANN, files: tuple[Path, ...] = ()) -> str:
    return tracking.log_run(
        who,
        "demo",
        params={"max_depth": 6, "objective": "multi:softprob"},
        metrics={"log_loss": 1.05},
        files=files,
        tags={"dataset": "1f3a"},
    )


def test_a_run_keeps_what_was_chosen_found_and_written(tracking, root: Path):
    card = root / "card.md"
    card.write_text("# Model\n")
    made = tracking._client.get_run(run(tracking, files=(card,)))
    assert made.data.params == {"max_depth": "6", "objective": "multi:softprob"}
    assert made.data.metrics == {"log_loss": 1.05}
    assert made.data.tags["dataset"] == "1f3a"
    assert (made.data.tags["tenant"], made.data.tags["principal"]) == ("acme", "ann")
    assert made.info.status == "FINISHED"
    copies = list((root / "runs" / "acme" / "demo").rglob("card.md"))
    assert [path.read_text() for path in copies] == ["# Model\n"]


def test_the_champion_is_the_version_that_was_crowned_last(tracking, root: Path):
    made = [
        tracking.register(
            ANN,
            "boost",
            run_id=run(tracking),
            source=root / f"v1.0.{k}",
            tags={"artefact": f"v1.0.{k}"},
        )
        for k in range(2)
    ]
    with pytest.raises(NotFoundError, match="boost"):
        tracking.champion(ANN, "boost")
    tracking.crown(ANN, made[0])
    assert tracking.champion(ANN, "boost").version == made[0].version
    tracking.crown(ANN, made[1])
    champion = tracking.champion(ANN, "boost")
    assert champion == made[1]
    assert champion.tags == {"artefact": "v1.0.1", "principal": "ann"}
    assert champion.source == (root / "v1.0.1").as_uri()


def test_the_same_name_of_another_tenant_is_another_model(tracking, root: Path):
    mine, theirs = (
        tracking.register(who, "twin", run_id=run(tracking, who), source=root, tags={})
        for who in (ANN, BOB)
    )
    assert mine.version == theirs.version == 1
    tracking.crown(ANN, mine)
    with pytest.raises(NotFoundError):
        tracking.champion(BOB, "twin")


def test_a_name_that_could_be_another_tenants_is_refused(tracking):
    for name in ("other.twin", "a'b", "", "../x", "a b"):
        with pytest.raises(InputError):
            tracking.champion(ANN, name)


def test_a_version_is_found_again_tagged_and_named_by_its_aliases(tracking, root: Path):
    assert tracking.versions(ANN, "staged") == []
    made = [
        tracking.register(
            ANN, "staged", run_id=run(tracking), source=root, tags={"sha": str(k)}
        )
        for k in range(2)
    ]
    assert tracking.versions(ANN, "staged") == made
    tracking.tag(ANN, made[0], stage="canary")
    assert tracking.versions(ANN, "staged")[0].tags["stage"] == "canary"
    tracking.point(ANN, "staged", {"champion": 1, "challenger": 2})
    tracking.point(ANN, "staged", {"challenger": None})
    found = tracking._client.get_registered_model("acme.staged")
    assert {k: int(v) for k, v in found.aliases.items()} == {"champion": 1}


def test_a_server_that_is_away_is_given_up_in_seconds(tmp_path: Path):
    began = time.monotonic()
    with pytest.raises(TrackingAwayError, match="cannot be used") as told:
        open_tracking("http://me:secret@127.0.0.1:9/", tmp_path)
    assert time.monotonic() - began < 10
    assert "secret" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_of_mlflow_is_away_and_stays(tmp_path: Path):
    place = tmp_path / "mlflow.db"
    place.write_bytes(b"decision_id,side\n" * 500)
    with pytest.raises(TrackingAwayError, match=r"mlflow\.db"):
        open_tracking(f"sqlite:///{place}", tmp_path)
    assert place.read_bytes() == b"decision_id,side\n" * 500


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "./mlruns", "sqlite:///", ""])
def test_a_url_that_is_no_sqlite_file_and_no_server_is_refused(
    url: str, tmp_path: Path
):
    with pytest.raises(InputError, match="sqlite:///"):
        open_tracking(url, tmp_path)


def test_a_fresh_process_speaks_to_nobody_and_keeps_quiet(tmp_path: Path):
    command = [sys.executable, "-W", "error", "-c", LOOP, str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines() == ["champion 1", "telemetry None"]
    assert done.stderr == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mlflow.db"]
