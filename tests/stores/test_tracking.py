"""Tracking: runs, versions and champions in MLflow, and no word to anyone."""

import subprocess
import sys
from pathlib import Path

import pytest

from tradeloop.errors import InputError, NotFoundError
from tradeloop.events import Principal
from tradeloop.stores.tracking import Tracking, open_tracking

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


@pytest.mark.parametrize("url", ["http://127.0.0.1:5000", "./mlruns", ""])
def test_a_url_that_is_no_sqlite_file_is_refused(url: str, tmp_path: Path):
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
