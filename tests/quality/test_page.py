"""The code on the page about quality runs, from top to bottom."""

import re
from pathlib import Path

from tradeloop.quality import ALL, DETECTORS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "quality.md"


def test_the_code_on_the_page_runs_and_prints_what_it_says(capsys):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 5
    names = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102
    clean, spoilt = (
        float(each) for each in capsys.readouterr().out.splitlines()[0].split()
    )
    assert 0.95 < spoilt < clean <= 1.0
    assert names["found"].offset_ns == 3 * 10**9


def test_the_page_names_every_detector_and_measure():

    text = PAGE.read_text("utf-8")
    for each in DETECTORS:
        assert f"`{each.name}`" in text, each.name
    for each in ALL:
        assert f"| {each.name} |" in text, each.name
