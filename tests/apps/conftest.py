"""A clean place for the command line, and the demo of the session."""

import os

import pytest

from story.running import demo_once, session_folder


@pytest.fixture(autouse=True)
def clean_place(tmp_path, monkeypatch):
    """Work in an empty folder, without settings of the user."""
    for name in list(os.environ):
        if name.startswith("TRADELOOP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def demo(tmp_path_factory, request):
    """The demo, run once for all workers of the session."""
    worker = getattr(request.config, "workerinput", {}).get("workerid", "master")
    return demo_once(session_folder(tmp_path_factory, worker))
