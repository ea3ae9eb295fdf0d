"""A dataset is a function of what was captured, and can be made again."""

import json
import os
import random
import subprocess
import sys
from dataclasses import replace

import polars as pl
import pytest

from pipelines.captured_years import (
    RULES,
    bars,
    capture,
    capture_bars,
    capture_decisions,
    decisions,
)
from pipelines.conftest import NOW_NS, places_in
from tradeloop.clock import NS_PER_DAY, ReplayClock
from tradeloop.errors import DamagedError, InputError, NotFoundError
from tradeloop.events import Principal
from tradeloop.labels import OutcomeRule
from tradeloop.pipelines import browse, gather
from tradeloop.pipelines.build import Ask, build
from tradeloop.pipelines.diff import diff
from tradeloop.pipelines.progress import Silent
from tradeloop.pipelines.rebuild import verify
from tradeloop.pipelines.workspace import open_workspace

WEEK = Ask(horizons_ns=(5 * NS_PER_DAY, NS_PER_DAY))
FIRST, MORE = 2_000, 2_300
REBUILDS = int(os.environ.get("TRADELOOP_REBUILDS", "3"))


def make(workspace, ask=WEEK, rules=RULES):
    return build(workspace, ask, rules, Silent())


def test_what_is_built_twice_is_one_version(workspace):
    capture(workspace, FIRST)
    first, second = make(workspace), make(workspace)
    assert first.written.version == second.written.version
    assert (first.written.new, second.written.new) == (True, False)
    assert len(browse.listed(workspace)) == 1
    assert first.certificate.passed


def test_a_dataset_made_again_is_equal_in_every_cell(workspace):
    capture(workspace, FIRST)
    made = make(workspace)
    capture(workspace, MORE)  # what came later changes nothing of it
    found = verify(workspace, made.written.dataset_id, ())
    assert found.same
    assert set(found.frames) == set(made.dataset.frames)
    assert all(found.frames.values())


def test_rows_are_those_of_the_lake(workspace):
    capture(workspace, FIRST)
    made = make(workspace)
    there = browse.stored(workspace, made.written.version[:10])
    for name, frame in made.dataset.frames.items():
        assert there.frames[name].equals(frame), name


def test_another_folder_and_process_give_the_same_version(tmp_path):
    """Other thread counts, hash seeds and folders: same hash, each time."""
    program = """
import sys
from pathlib import Path
from pipelines.captured_years import capture
from pipelines.conftest import NOW_NS, places_in
from pipelines.test_build import FIRST, make
from tradeloop.clock import ReplayClock
from tradeloop.events import Principal
from tradeloop.pipelines.workspace import open_workspace

principal = Principal("desk", "tester")
with open_workspace(places_in(Path(sys.argv[1])), principal, ReplayClock(NOW_NS)) as w:
    capture(w, FIRST)
    made = make(w)
    manifest = w.lake.manifest(w.principal, made.written.path.relative_to(
        w.places.lake / "desk").as_posix())
    rows = {e.path: e.sha256 for e in manifest.files if e.schema}
    print(made.written.version, sorted(rows.items()))
"""
    said = set()
    for k in range(REBUILDS):
        place = tmp_path / f"place {k}"
        place.mkdir()
        odd = {
            "POLARS_MAX_THREADS": str(1 + k % 2),
            "NUMBA_NUM_THREADS": str(1 + k % 2),
            "PYTHONHASHSEED": str(17 * k + 1),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        done = subprocess.run(
            [sys.executable, "-c", program, str(place)],
            env={**os.environ, **odd},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2_000:]
        said.add(done.stdout)
    assert len(said) == 1


def test_a_late_correction_changes_only_what_is_built_after_it(tmp_path):
    clock = ReplayClock(NOW_NS)
    who = Principal("desk", "tester")
    with open_workspace(places_in(tmp_path), who, clock) as workspace:
        capture(workspace, FIRST)
        before = make(workspace)
        clock.advance(NOW_NS + NS_PER_DAY)
        right = bars(FIRST)[1_500:1_501].with_columns(close=pl.col("low"))
        capture_bars(workspace, right)
        as_of = make(workspace, replace(WEEK, as_of_ns=NOW_NS))
        after = make(workspace)
        assert as_of.written.version == before.written.version
        assert after.written.version != before.written.version
        assert verify(workspace, before.written.dataset_id, ()).same
        told = diff(workspace, before.written.version, after.written.version, ())
    assert {change.cause for change in told.changes} == {"correction"}
    assert told.unexplained == 0
    assert not told.added
    assert not told.removed


def test_rows_that_come_are_new_data_and_old_rows_stay(workspace):
    capture(workspace, FIRST)
    before = make(workspace)
    capture(workspace, MORE)
    after = make(workspace)
    told = diff(workspace, before.written.version, after.written.version, ())
    assert told.added == {
        "new data": after.dataset.sample_count - before.dataset.sample_count
    }
    assert {change.cause for change in told.changes} <= {"split"}
    assert told.unexplained == 0


def test_another_rule_is_told_as_a_rule(workspace):
    capture(workspace, FIRST)
    before = make(workspace)
    wider = replace(RULES, outcome=OutcomeRule(good_bps=40, excellent_bps=80))
    after = make(workspace, rules=wider)
    told = diff(workspace, before.written.version, after.written.version, ())
    changed = {(c.cause, c.column) for c in told.changes}
    assert ("rule", "decision_outcome") in changed
    assert {cause for cause, _ in changed} == {"rule"}
    assert told.unexplained == 0


def corrected_entry():
    """The bar that a decision was made on, with another close."""
    known = bars(FIRST).filter(
        pl.col("received_ns") <= decisions(bars(FIRST))["received_ns"][100]
    )
    return known.tail(1).with_columns(close=pl.col("low"))


def test_several_causes_at_once_are_told_apart(workspace):
    capture(workspace, FIRST)
    before = make(workspace)
    capture_bars(workspace, corrected_entry())
    wider = replace(RULES, outcome=OutcomeRule(good_bps=40, excellent_bps=80))
    after = make(workspace, rules=wider)
    told = diff(workspace, before.written.version, after.written.version, ())
    causes = {(c.cause, c.column) for c in told.changes}
    assert ("correction", "return_5d") in causes
    assert ("rule", "decision_outcome") in causes
    assert ("rule", "return_5d") not in causes
    assert told.unexplained == 0


def test_other_code_is_found_by_verify_and_told_by_diff(workspace, monkeypatch):
    capture(workspace, FIRST)
    real = gather.featurize
    with monkeypatch.context() as earlier:
        earlier.setattr(
            gather,
            "featurize",
            lambda bank, frame: real(bank, frame).with_columns(
                pl.col(bank.names[0]) + 1.0
            ),
        )
        old = make(workspace)
    found = verify(workspace, old.written.version, ())
    assert not found.same
    assert not found.frames["feature_vectors"]
    assert found.frames["outcome_labels"]
    new = make(workspace, replace(WEEK, horizons_ns=(5 * NS_PER_DAY,)))
    told = diff(workspace, old.written.version, new.written.version, ())
    assert any(c.cause == "code" for c in told.changes)
    assert told.unexplained == 0


def files_of(workspace, made):
    place = made.written.path.relative_to(workspace.places.lake / "desk").as_posix()
    manifest = workspace.lake.manifest(workspace.principal, place)
    return {e.path: e.sha256 for e in manifest.files if e.schema}


def test_a_grown_dataset_is_byte_for_byte_the_full_one(tmp_path):
    who = Principal("desk", "tester")
    built = {}
    for name in ("grown", "full"):
        (tmp_path / name).mkdir()
        places = places_in(tmp_path / name)
        with open_workspace(places, who, ReplayClock(NOW_NS)) as workspace:
            for days in (FIRST, MORE):
                capture(workspace, days)
                if (name, days) != ("full", FIRST):
                    made = make(workspace)
            built[name] = (made, files_of(workspace, made))
    (grown, its_files), (full, their_files) = built["grown"], built["full"]
    assert grown.grown_from is not None
    assert full.grown_from is None
    assert grown.written.version == full.written.version
    assert its_files == their_files


def test_a_grown_dataset_shares_the_files_that_did_not_change(workspace):
    capture(workspace, FIRST)
    before = make(workspace)
    capture(workspace, MORE)
    after = make(workspace)
    old = sorted(before.written.path.rglob("feature_vectors.parquet"))
    new = sorted(after.written.path.rglob("feature_vectors.parquet"))
    assert len(new) > len(old)
    assert [p.stat().st_ino for p in new[: len(old)]] == [p.stat().st_ino for p in old]
    browse.remove(workspace, before.written.dataset_id)
    assert verify(workspace, after.written.dataset_id, ()).same


def test_after_a_correction_a_dataset_is_built_in_full(workspace):
    capture(workspace, FIRST)
    make(workspace)
    capture(workspace, MORE)
    capture_bars(workspace, corrected_entry())
    assert make(workspace).grown_from is None


def test_a_removed_dataset_is_gone_and_can_be_built_again(workspace):
    capture(workspace, FIRST)
    made = make(workspace)
    browse.remove(workspace, made.written.dataset_id)
    assert browse.listed(workspace) == []
    assert not made.written.path.exists()
    with pytest.raises(NotFoundError):
        browse.shown(workspace, made.written.dataset_id)
    again = make(workspace)
    assert again.written.version == made.written.version
    assert again.written.new
    assert workspace.catalog.verify() > 0
    actions = [
        entry.action for entry in workspace.catalog.audit_trail(workspace.principal)
    ]
    assert "remove" in actions


def test_every_flipped_bit_is_found_and_its_file_named(workspace):
    """200 of 200: one bit of one file at a time, anywhere in the dataset."""
    capture(workspace, 700)
    made = make(workspace, WEEK, replace(RULES, model=replace(RULES.model, folds=1)))
    files = sorted(p for p in made.written.path.rglob("*") if p.is_file())
    draw = random.Random(5)  # noqa: S311 - places of faults
    found = 0
    for _ in range(200):
        file = draw.choice(files)
        right = file.read_bytes()
        at = draw.randrange(len(right))
        wrong = bytearray(right)
        wrong[at] ^= 1 << draw.randrange(8)
        file.chmod(0o644)
        file.write_bytes(wrong)
        with pytest.raises(DamagedError) as told:
            verify(workspace, made.written.dataset_id, (), rebuild=False)
        found += file.name in str(told.value)
        file.write_bytes(right)
    assert found == 200
    assert verify(workspace, made.written.dataset_id, (), rebuild=False).files


def test_a_name_may_be_short_but_must_be_one_dataset(workspace):
    capture(workspace, FIRST)
    make(workspace)
    make(workspace, replace(WEEK, horizons_ns=(NS_PER_DAY,)))
    with pytest.raises(InputError, match="begins 2 datasets"):
        browse.shown(workspace, "signal_generation")
    with pytest.raises(NotFoundError, match="Did you mean"):
        browse.shown(workspace, "signal_generation-zzz")


def test_the_recipe_tells_what_the_version_hashes(workspace):
    capture(workspace, FIRST)
    made = make(workspace)
    recipe = json.loads((made.written.path / "recipe.json").read_text())
    about = browse.shown(workspace, made.written.dataset_id)
    assert recipe["fingerprint"] == about["inputs"]["feature_fingerprint"]
    assert recipe["split"] == about["inputs"]["split"]
    assert recipe["extent"]["until_seq"] > 0


def test_a_workspace_without_decisions_says_what_to_do(workspace):
    capture_bars(workspace, bars(100))
    with pytest.raises(NotFoundError, match="capture file"):
        make(workspace)


def test_decisions_without_a_market_are_counted(workspace):
    frame = bars(FIRST)
    capture_bars(workspace, frame)
    rows = decisions(frame)
    lost = rows.head(3).with_columns(
        instrument=pl.lit("NOWHERE"), decision_id=pl.col("decision_id") + "x"
    )
    capture_decisions(workspace, pl.concat([rows, lost]))
    assert make(workspace).set_aside == {"unknown_symbol": 3}
