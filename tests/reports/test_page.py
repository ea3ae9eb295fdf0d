import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest

from reports.specimen import full
from tradeloop.reports import LeakCheck, Ledger, Measure, Report, render
from tradeloop.reports.report import Form

PARTS = {"decisions", "trust", "dataset", "model", "backtest", "reading"}


class Reader(HTMLParser):
    """Collects elements, ids, links and visible text of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.ids, self.links, self.words = [], [], [], ""
        self.attributes = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name == "id":
                self.ids.append(value)
            if name in ("href", "src", "srcset", "action", "data", "poster"):
                self.links.append(value)

    def handle_data(self, data):
        self.words += data


def test_a_page_asks_no_host_for_anything_and_runs_no_script():
    page = render(full())
    read = Reader(page)
    assert "://" not in page
    assert not {"script", "iframe", "object", "embed", "img", "form"} & set(read.tags)
    assert all(link.startswith("#") or link == "data:," for link in read.links)
    assert "@import" not in page
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)", page))
    assert not [name for _, name, _ in read.attributes if name.startswith("on")]
    policy = [v for _, name, v in read.attributes if name == "content" and "src" in v]
    assert policy == ["default-src 'none';style-src 'unsafe-inline';img-src data:"]


HOSTILE = "<script>alert(1)</script>\"'><b onload=x>&amp;{{ 7*7 }}</style></title>$x_"


def test_foreign_text_stays_text_wherever_it_stands():
    page = render(full(HOSTILE))
    plain, read = Reader(render(full())), Reader(page)
    assert read.tags == plain.tags
    assert [a[:2] for a in read.attributes] == [a[:2] for a in plain.attributes]
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 25
    assert HOSTILE in read.words


@pytest.mark.parametrize(
    "said", ["\x00\x1b[31m", "日本語の銘柄", "a" * 500, "", "a\nb\tc"]
)
def test_any_text_can_be_drawn(said):
    page = render(full(said))
    assert Reader(page).tags.count("figure") == 5


def test_the_same_report_gives_the_same_bytes_also_in_another_process():
    code = (
        "import sys; from reports.specimen import full; from tradeloop.reports import"
        " render; sys.stdout.buffer.write(render(full()).encode())"
    )
    tests = str(Path(__file__).parents[1])
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": tests}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env=environment
    )
    assert done.stdout.decode() == render(full()) == render(full())


def test_every_reference_finds_its_target_and_no_id_stands_twice():
    page = render(full())
    read = Reader(page)
    assert len(read.ids) == len(set(read.ids))
    asked = [link[1:] for link in read.links if link.startswith("#")]
    asked += re.findall(r"url\(#([^)]*)\)", page)
    for _, name, value in read.attributes:
        if name == "aria-labelledby":
            asked += value.split()
    assert set(asked) <= set(read.ids)


def test_every_part_is_shown_when_it_is_there_and_left_out_when_not():
    assert set(Reader(render(full())).ids) >= PARTS
    empty = Reader(render(Report("Nothing ran")))
    assert not PARTS & set(empty.ids)
    assert "figure" not in empty.tags
    one = Reader(
        render(Report("One part", checks=(LeakCheck("a", passed=False, detail="b"),)))
    )
    assert PARTS & set(one.ids) == {"trust"}


def test_the_numbers_of_the_report_stand_on_the_page():
    words = Reader(render(full())).words
    for said in ("100", "80", "0.9500", "95\u00a0%: 0.9300 to 0.9700", "1.0986"):
        assert said in words
    assert "better" in words  # the interval of a loss lies below the baseline
    assert "98.0000" not in words


def test_a_failed_leak_check_is_said_first():
    checks = (
        LeakCheck("a", passed=True, detail=""),
        LeakCheck("b", passed=False, detail="3 rows"),
        LeakCheck("c", passed=None, detail="needs fills"),
    )
    words = Reader(render(Report("x", checks=checks))).words
    assert "1 of 2 leak checks failed" in words
    assert "All 2" not in words
    assert "1 more could not be made" in words


def test_a_check_that_was_not_made_has_not_passed():
    checks = (
        LeakCheck("a", passed=True, detail=""),
        LeakCheck("c", passed=None, detail="needs fills"),
    )
    words = Reader(render(Report("x", checks=checks))).words
    assert "All 1 leak checks passed" in words
    assert "absent" in words
    assert "needs fills" in words


def test_a_ledger_that_does_not_add_up_is_called_out():
    short = Reader(render(Report("x", ledger=Ledger(100, 80, 10, 7, 2)))).words
    assert "1 decisions are not accounted for" in short
    assert "exactly one place" not in short
    assert "exactly one place" in Reader(render(full())).words


def test_a_page_prints_and_follows_light_and_dark():
    page = render(full())
    assert "prefers-color-scheme:dark" in page
    assert "@media print" in page
    assert '<html lang="en">' in page


def test_every_form_of_number_can_be_written():
    for form in get_args(Form):
        measure = Measure("x", 0.5, 0.4, 0.6, 0.9, 0.3, form=form)
        assert "90\u00a0%:" in Reader(render(Report("t", measures=(measure,)))).words
