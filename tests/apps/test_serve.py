"""``tradeloop serve``: a real process on a free port of this machine."""

import json
import signal
import socket
import time

import httpx
import pytest

from apps.given import bars, call, decisions, run, written
from story.running import ended, start

LONGEST_S = 60


@pytest.fixture
def workspace(tmp_path):
    market = written(tmp_path / "bars.parquet", bars())
    decided = written(tmp_path / "decided.parquet", decisions())
    answer = run(tmp_path, market, decided)
    assert answer.status == 0
    return answer.out


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def waited_for(url, process):
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until and process.poll() is None:
        try:
            return httpx.get(url, timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(ended(process))


def test_it_serves_on_loopback_until_interrupted_and_asks_no_foreign_host(
    tmp_path, workspace
):
    port, record = free_port(), tmp_path / "record.json"
    process = start(
        *["serve", "--json", "--dir", workspace, "--port", port],
        cwd=tmp_path,
        record=record,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        assert waited_for(f"{url}/healthz", process).json() == {"status": "ok"}
        with httpx.Client(base_url=url, timeout=30) as client:
            assert client.get("/readyz").status_code == 200
            assert client.get("/docs").status_code == 200
            row = client.post(
                "/api/v1/training-data/collect", json={"decision_id": "d10"}
            ).json()
            assert row["dataset_id"]
        second = call(
            "run",
            "--json",
            "--market",
            tmp_path / "bars.parquet",
            "--strategy",
            "breakout",
            out=workspace,
        )
        taken = call("serve", "--json", "--dir", workspace, "--port", port)
    finally:
        process.send_signal(signal.SIGINT)
        said = ended(process)
    assert said.status in {0, 130, -signal.SIGINT}
    assert said.answer == {"url": url, "folder": str(workspace)}
    assert "Traceback" not in said.stderr
    assert (second.status, second.json["error"]) == (1, "BusyError")
    assert (taken.status, taken.json["error"]) == (1, "BusyError")
    assert str(port) in taken.json["message"]
    seen = json.loads(record.read_text())
    assert seen["foreign"] == []


def test_a_folder_without_a_workspace_is_refused(tmp_path):
    answer = call("serve", "--json", "--dir", tmp_path)
    assert (answer.status, answer.json["error"]) == (2, "InputError")
    assert "tradeloop demo" in answer.json["message"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.invalid"])  # noqa: S104 - what is refused
def test_an_address_that_others_reach_is_refused(workspace, host):
    answer = call("serve", "--json", "--dir", workspace, "--host", host)
    assert (answer.status, answer.json["error"]) == (2, "InputError")
    assert "loopback" in answer.json["message"]
