"""The demo of the session, and two more runs of it."""

import pytest

from story.running import demo_once, ended, session_folder, start


@pytest.fixture(scope="session")
def demo(tmp_path_factory, request):
    """The demo, run once for all workers of the session."""
    worker = getattr(request.config, "workerinput", {}).get("workerid", "master")
    return demo_once(session_folder(tmp_path_factory, worker))


@pytest.fixture(scope="session")
def later_runs(demo, tmp_path_factory):
    """The demo elsewhere, under another hash seed, zone and thread count; and again.

    Returns the other folder and what the two runs said: elsewhere, and in place.
    """
    place = tmp_path_factory.mktemp("elsewhere")
    other = start(
        "demo",
        "--json",
        "--out",
        "out",
        cwd=place,
        PYTHONHASHSEED="4711",
        TZ="Asia/Kathmandu",
        LC_ALL="C",
        POLARS_MAX_THREADS="1",
    )
    again = start("demo", "--json", "--out", demo.folder, cwd=place)
    return place / "out", ended(other), ended(again)
