"""No part of the loop reaches for a foreign host, and the watch would see it."""

import json
import subprocess
import sys

import pytest

from story.running import HERE, LONGEST_S, environment
from story.watched import is_local


def test_the_watch_sees_what_is_planted(tmp_path):
    record = tmp_path / "record.json"
    subprocess.run(
        [sys.executable, HERE / "watched.py", record, "plant"],
        check=True,
        timeout=LONGEST_S,
        env=environment(),
    )
    seen = json.loads(record.read_text())
    assert [event for event, _ in seen["foreign"]] == [
        "socket.connect",
        "socket.sendto",
        "socket.sendmsg",
        "socket.getaddrinfo",
        "socket.gethostbyname",
    ]
    assert "192.0.2.1" in seen["foreign"][0][1]
    assert seen["local"] >= 1


@pytest.mark.parametrize(
    ("address", "local"),
    [
        (("127.0.0.1", 80), True),
        (("127.8.9.1", 80), True),
        (("::1", 80, 0, 0), True),
        ("/run/some.socket", True),
        (b"\0abstract", True),
        ("localhost", True),
        (None, True),
        (("192.0.2.1", 80), False),
        (("0.0.0.1", 80), False),
        (("2001:db8::1", 80, 0, 0), False),
        ("telemetry.invalid", False),
        (b"telemetry.invalid", False),
        (("localhost.invalid", 80), False),
    ],
)
def test_only_this_machine_is_local(address, local):
    assert is_local(address) is local


@pytest.mark.whole
def test_the_demo_reaches_for_no_foreign_host(demo):
    assert demo.record["foreign"] == []


@pytest.mark.whole
def test_the_demo_starts_no_other_program_whose_sockets_nobody_watches(demo):
    harmless = "('uname',)"  # the standard library asks it for the processor
    started = [what for _, what in demo.record["programs"]]
    assert set(started) <= {harmless}


@pytest.mark.whole
def test_telemetry_is_off_before_mlflow_is_imported(demo):
    switches = demo.record["switches"]
    assert switches is not None, "MLflow was never imported: nothing was proved"
    assert all(switches.values()), switches
    assert switches["MLFLOW_DISABLE_TELEMETRY"] == "true"
