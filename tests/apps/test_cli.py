"""The command line: help, versions, streams and exit status."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from apps.given import bars, call, decisions, run, written
from story.running import MAIN, environment
from tradeloop import __version__
from tradeloop.apps import cli
from tradeloop.errors import BusyError, DamagedError, InputError

COMMANDS = ("demo", "run", "init", "doctor", "bench", "serve")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_takes_json(command):
    answer = call(command, "--help")
    assert answer.status == 0
    assert "--json" in answer.stdout
    assert "Usage" in answer.stdout


def test_help_lists_every_command():
    answer = call("--help")
    assert answer.status == 0
    assert all(command in answer.stdout for command in COMMANDS)


def test_the_version_is_that_of_the_package():
    answer = call("--version")
    assert (answer.status, answer.stdout) == (0, f"tradeloop {__version__}\n")


@pytest.mark.parametrize(
    "given", [["nonsense"], ["run"], ["demo", "--nonsense"], ["init"]]
)
def test_wrong_arguments_are_status_2_and_said_on_standard_error(given):
    answer = call(*given)
    assert answer.status == 2
    assert answer.stdout == ""
    assert "Error" in answer.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["nonsense", "--json"], "nonsense"),
        (["--json"], "--json"),
        (["run", "--json"], "--market"),
        (["demo", "--json", "--nonsense"], "--nonsense"),
        (["features", "compute", "--json"], "paths"),
        (["serve", "--port", "high", "--json"], "--port"),
    ],
)
def test_with_json_wrong_arguments_are_one_document_too(given, said):
    answer = call(*given)
    assert answer.status == 2
    assert answer.json["error"] == "InputError"
    assert said in answer.json["message"]
    assert "Error" in answer.stderr


def test_what_stands_after_two_dashes_is_no_option():
    answer = call("demo", "--", "--json")
    assert (answer.status, answer.stdout) == (2, "")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("It is so.", way_out="Do this."), 2),
        (BusyError("Another process writes."), 1),
        (DamagedError("A file was changed."), 1),
    ],
)
def test_an_error_is_one_message_one_document_and_a_status(monkeypatch, error, status):
    def broken(folder):
        raise error

    monkeypatch.setattr(cli.doctors, "examine", broken)
    answer = call("doctor", "--json")
    assert answer.status == status
    assert answer.json == {"error": type(error).__name__, "message": str(error)}
    assert str(error) in " ".join(answer.stderr.split())


@pytest.mark.parametrize("name", ["a [bold]b[/]", "c [/d]", "[link=x]"])
def test_brackets_in_a_path_are_shown_as_they_are(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir(parents=True)
    market = written(folder / "bars.parquet", bars())
    decided = written(folder / "decided.parquet", decisions())
    answer = run(folder, market, decided, as_json=False)
    assert answer.status == 0
    assert name.replace(" ", "") in "".join(answer.stdout.split())
    broken = run(folder, market, folder / "none.parquet", as_json=False, name="x")
    assert name.replace(" ", "") in "".join(broken.stderr.split())


def test_init_says_what_it_wrote(tmp_path):
    answer = call("init", "--json", tmp_path / "mine")
    assert answer.status == 0
    assert len(answer.json["written"]) == 1 + 7  # settings, rules
    assert all(Path(name).is_file() for name in answer.json["written"])
    again = call("init", "--json", tmp_path / "mine")
    assert (again.status, again.json["error"]) == (2, "InputError")


def test_a_folder_that_init_wrote_can_be_run_in_as_it_is(tmp_path, monkeypatch):
    call("init", tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    market = written(tmp_path / "bars.parquet", bars())
    decided = written(tmp_path / "decided.parquet", decisions())
    with_files = run(tmp_path, market, decided, name="one")
    monkeypatch.chdir(tmp_path)
    without = run(tmp_path, market, decided, name="two")
    one, two = with_files.json["dataset"], without.json["dataset"]
    assert one["version"] == two["version"]


def test_a_tenant_of_the_current_folder_is_found_again_in_the_runs_folder(
    tmp_path, monkeypatch
):
    market = written(tmp_path / "bars.parquet", bars())
    decided = written(tmp_path / "decided.parquet", decisions())
    (tmp_path / "tradeloop.toml").write_text('tenant = "desk"\njournal = "sqlite:///j"')
    answer = run(tmp_path, market, decided)
    assert "/desk/" in answer.json["dataset"]["path"]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    seen = call("doctor", "--json", "--dir", answer.out)
    found = {c["part"]: c["detail"] for c in seen.json["checks"]}
    assert "40 received" in found["ledger"]


def test_the_command_starts_without_the_heavy_libraries(tmp_path):
    heavy = ("mlflow", "xgboost", "sklearn", "onnx", "onnxruntime", "matplotlib")
    code = (
        "import json, sys; from tradeloop.apps.cli import app;"
        f"print(json.dumps([m for m in {heavy!r} if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
        cwd=tmp_path,
    )
    assert json.loads(done.stdout) == []


def test_the_console_script_is_the_same_command(tmp_path):
    script = Path(sys.executable).with_name("tradeloop")
    ways = [[script], [sys.executable, "-c", MAIN]]
    said = [
        subprocess.run(
            [*way, "--version"],
            capture_output=True,
            text=True,
            check=True,
            env=environment(),
            cwd=tmp_path,
        ).stdout
        for way in ways
    ]
    assert said == [f"tradeloop {__version__}\n"] * 2


def test_a_rule_that_was_changed_counts_in_the_next_run(tmp_path):
    market = written(tmp_path / "bars.parquet", bars())
    decided = written(tmp_path / "decided.parquet", decisions())
    (tmp_path / "rules").mkdir()
    rules = written(tmp_path / "rules" / "labels.yaml", "excellent_bps: 20\n")
    before = run(tmp_path, market, decided)
    written(rules, "excellent_bps: 5000\n")
    after = run(tmp_path, market, decided)
    assert after.status == 0, after.stderr
    assert before.json["dataset"]["version"] != after.json["dataset"]["version"]
