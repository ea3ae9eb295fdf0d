"""What a file's account says of its flags; the page that lists them keeps up."""

import re
from pathlib import Path

import polars as pl
import pytest

from tradeloop.capture import read_events
from tradeloop.capture.cleaning import ALL, QUALITY_FLAGS, flag_names, flag_report
from tradeloop.capture.intake import merge_intakes

PAGE = Path(__file__).resolve().parents[3] / "docs" / "cleaning.md"
ROWS = [
    # event, received, bid, ask
    (9, 12, 1.0, 2.0),
    (7, 12, 3.0, 2.0),
    (5, 13, 2.0, 2.0),
    (14, 13, 1.0, 2.0),
    (14, 13, 1.0, 2.0),
    (15, 16, 1.0, None),
]


@pytest.fixture
def intake(tmp_path):
    names = ["event_ns", "received_ns", "bid", "ask"]
    frame = pl.DataFrame(ROWS, schema=names, orient="row")
    frame = frame.with_columns(symbol=pl.lit("A"), venue=pl.lit("XNAS"))
    frame.write_parquet(tmp_path / "q.parquet")
    (found,) = read_events(tmp_path / "q.parquet")
    return found


def test_flags_count_the_rows_as_they_came_copies_included(intake):
    assert dict(intake.flags) == {
        "crossed": 1,
        "locked": 1,
        "duplicate": 2,
        "negative_latency": 2,
        "out_of_order": 2,
    }
    assert intake.reasons == {"ask_missing": 1, "duplicate_row": 1}
    assert intake.read == intake.rows.height + intake.quarantined.height == 6


def test_every_kept_row_has_its_flags_beside_it(intake):
    flagged = intake.flagged
    assert flagged.columns == [*intake.rows.columns, QUALITY_FLAGS]
    assert flagged[QUALITY_FLAGS].dtype == pl.Int64
    names = [flag_names(bits) for bits in flagged[QUALITY_FLAGS]]
    assert dict(zip(flagged["event_ns"], names, strict=True)) == {
        9: (),
        7: ("crossed", "out_of_order"),
        5: ("locked", "out_of_order"),
        13: ("duplicate", "negative_latency"),
    }


def test_the_report_has_one_row_for_each_flag_that_judges_the_kind(intake):
    report = flag_report(intake)
    assert report["flag"].to_list() == [f.name for f in ALL if f.judges("quote")]
    crossed = report.row(0, named=True)
    assert (crossed["flag"], crossed["rows"], crossed["share"]) == ("crossed", 1, 0.2)


def test_the_clocks_are_measured_before_anything_is_cut(intake):
    assert intake.clocks.to_dicts() == [
        {
            "venue": "XNAS",
            "rows": 5,
            "behind": 2,
            "least_ns": -1,
            "median_ns": 3,
            "most_ns": 8,
        }
    ]
    assert any(
        note.startswith("XNAS: received -0.0 to 0.0 ms") for note in intake.notes
    )


def test_flags_of_several_files_are_added_up(tmp_path):
    parts = []
    for name, bid in (("a", 3.0), ("b", 1.0)):
        frame = pl.DataFrame(
            {"event_ns": [ord(name)], "symbol": "A", "bid": bid, "ask": 2.0}
        )
        frame.write_parquet(tmp_path / f"{name}.parquet")
        parts += read_events(tmp_path / f"{name}.parquet")
    whole = merge_intakes(parts[::-1], source="both")
    assert dict(whole.flags) == {"crossed": 1}
    assert whole.quality.to_list() == [1, 0]


def test_the_page_lists_every_flag_with_its_bit():
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == [(str(flag.bit), flag.name) for flag in ALL]
