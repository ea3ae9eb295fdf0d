"""A dataset is a function of its inputs; the same run twice is the same run once."""

import json

import pytest

from story.running import ME, catalog, journal
from tradeloop.stores import Artefacts

pytestmark = pytest.mark.whole


def files_of(folder, pattern="*.parquet"):
    return {p.relative_to(folder).as_posix(): p for p in folder.rglob(pattern)}


def differing(one, two):
    assert set(one) == set(two)
    return [name for name in one if one[name].read_bytes() != two[name].read_bytes()]


def without(answer, *names):
    return {name: value for name, value in answer.items() if name not in names}


@pytest.fixture(scope="module")
def elsewhere(later_runs):
    folder, run, _ = later_runs
    assert run.status == 0, run.stderr[-2000:]
    return folder, run.answer


@pytest.fixture(scope="module")
def again(later_runs):
    _, _, run = later_runs
    assert run.status == 0, run.stderr[-2000:]
    return run.answer


def test_another_folder_hash_seed_zone_and_thread_count_give_the_same_version(
    demo, elsewhere
):
    _, answer = elsewhere
    assert answer["dataset"]["version"] == demo.answer["dataset"]["version"]


def test_another_folder_hash_seed_and_zone_give_the_same_bytes(demo, elsewhere):
    folder, answer = elsewhere
    there = folder.parent / answer["dataset"]["path"]
    one, two = files_of(demo.dataset), files_of(there)
    assert len(one) > 5_000
    assert differing(one, two) == []


def test_metadata_differs_in_the_time_of_making_only(demo, elsewhere):
    folder, answer = elsewhere
    there = folder.parent / answer["dataset"]["path"]
    one, two = (
        json.loads((place / "metadata.json").read_text("utf-8"))
        for place in (demo.dataset, there)
    )
    assert one.pop("creation_timestamp") != two.pop("creation_timestamp")
    assert one == two


def test_another_folder_hash_seed_and_zone_give_the_same_model(demo, elsewhere):
    folder, answer = elsewhere
    name, version = answer["model"]["name"], answer["model"]["version"]
    assert version == demo.answer["model"]["version"]
    one, two = (
        files_of(place / "artefacts" / "default" / name / version, "*")
        for place in (demo.folder, folder)
    )
    assert {"member-0.ubj", "member-0.onnx", "calibration.json"} <= set(one)
    assert differing(one, two) == []


def test_another_folder_hash_seed_and_zone_give_the_same_figures(demo, elsewhere):
    _, answer = elsewhere
    for part in ("ledger", "quality", "metrics", "backtest", "leaks", "findings"):
        assert answer[part] == demo.answer[part], part


def test_running_again_into_the_same_folder_gives_the_same_summary(demo, again):
    apart = ("seconds", "capture")
    assert without(again, *apart) == without(demo.answer, *apart)
    received = demo.answer["ledger"]["received"]
    assert again["capture"]["decision"]["duplicates"] == received


def test_running_again_adds_nothing_to_the_journal(demo, again):
    with journal(demo.pristine) as before, journal(demo.folder) as after:
        assert after.counts(ME) == before.counts(ME)
        assert after.ledger(ME) == before.ledger(ME)
        assert after.states(ME) == before.states(ME)
        assert after.rejects(ME) == []
        assert after.verify() == before.verify()


def test_running_again_is_written_into_the_audit_log(demo, again):
    with journal(demo.pristine) as before, journal(demo.folder) as after:
        assert len(after.audit_trail(ME)) > len(before.audit_trail(ME))


def test_running_again_adds_no_version_of_the_model(demo, again):
    name = demo.answer["model"]["name"]
    versions = Artefacts(demo.folder / "artefacts").versions(ME, name)
    assert versions == [demo.answer["model"]["version"]]
    assert again["model"] == demo.answer["model"]


def test_running_again_adds_no_file_to_the_lake(demo, again):
    before, after = (
        set(files_of(place / "lake", "*")) for place in (demo.pristine, demo.folder)
    )
    assert after == before


def test_running_again_adds_no_signal_and_no_dataset(demo, again):
    with catalog(demo.pristine) as before, catalog(demo.folder) as after:
        assert after.datasets(ME) == before.datasets(ME)
        assert after.importance(ME) == before.importance(ME)
        assert after.signals(ME, limit=100_000) == before.signals(ME, limit=100_000)
