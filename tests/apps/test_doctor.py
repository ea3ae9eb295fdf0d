"""``tradeloop doctor``: what is there, what is not, and what is wrong."""

from importlib.metadata import PackageNotFoundError

import apsw
import pytest

from apps.given import bars, call, decisions, run, written
from tradeloop.apps import doctor


def examined(folder):
    answer = call("doctor", "--json", "--dir", folder)
    assert answer.status == 0
    assert answer.stderr == ""
    return {c["part"]: (c["state"], c["detail"]) for c in answer.json["checks"]}


@pytest.fixture
def workspace(tmp_path):
    market = written(tmp_path / "bars.parquet", bars())
    decided = written(tmp_path / "decided.parquet", decisions())
    answer = run(tmp_path, market, decided)
    assert answer.status == 0
    return answer.out


def test_an_empty_folder_has_the_parts_and_no_stores(tmp_path):
    found = examined(tmp_path)
    assert {state for state, _ in found.values()} == {"ok", "absent"}
    for part in ("tradeloop", "python", "numba", "polars", "apsw", "mlflow-skinny"):
        assert found[part][0] == "ok", part
    for part in ("journal", "catalog", "tracking", "lake", "artefacts"):
        assert found[part][0] == "absent", part
    assert "ledger" not in found


def test_looking_makes_nothing(tmp_path):
    examined(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_a_workspace_shows_its_ledger_and_that_its_chain_is_intact(workspace):
    found = examined(workspace)
    for part in ("journal", "catalog", "lake"):
        assert found[part][0] == "ok", part
    state, detail = found["ledger"]
    assert state == "ok"
    assert "40 received = 40 labelled + 0 pending" in detail
    assert "chain intact" in detail


def test_a_journal_that_was_changed_behind_its_back_is_wrong(workspace):
    with apsw.Connection(str(workspace / "journal.db")) as journal:
        triggers = journal.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall()
        for (name,) in triggers:
            journal.execute(f"DROP TRIGGER {name}")
        journal.execute("UPDATE event SET body = '{}' WHERE seq = 3")
    journal.close()
    state, detail = examined(workspace)["ledger"]
    assert state == "wrong"
    assert "3" in detail


def test_a_broken_settings_file_is_wrong_and_named(tmp_path):
    (tmp_path / "tradeloop.toml").write_text("tenant = ")
    state, detail = examined(tmp_path)["settings"]
    assert state == "wrong"
    assert "tradeloop.toml" in detail


def test_an_absent_part_says_how_to_get_it(tmp_path, monkeypatch):
    def version(name):
        if name == "onnxruntime":
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(doctor, "version", version)
    state, detail = examined(tmp_path)["onnxruntime"]
    assert state == "absent"
    assert "pip install 'tradeloop[models]'" in detail
    shown = call("doctor", "--dir", tmp_path)
    assert "tradeloop[models]" in "".join(shown.stdout.split())


def test_a_tracking_server_is_named_and_not_asked(tmp_path):
    (tmp_path / "tradeloop.toml").write_text('tracking = "http://127.0.0.1:9"\n')
    assert examined(tmp_path)["tracking"] == ("ok", "http://127.0.0.1:9")
