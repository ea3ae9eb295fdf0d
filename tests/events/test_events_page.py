"""The page on events says what the code says."""

import json
import re
from pathlib import Path

from tradeloop.events import CONTRACTS, message_of
from tradeloop.events.strict_json import DEPTH, TEXT_BYTES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "events.md").read_text("utf-8")


def names(cell):
    return [name for name in cell.split(", ") if name]


def test_the_table_lists_every_kind_with_its_fields():
    table = re.findall(r"^\| (.*) \|$", PAGE, flags=re.MULTILINE)[1:]
    found = {}
    for line in table:
        kind, way, meaning, required, optional = line.split(" | ")
        assert meaning
        found[kind] = (way, names(required), names(optional))
    expected = {}
    for contract in CONTRACTS.values():
        own = [c for c in contract.fields if c.name != contract.identity]
        required = [c.name for c in own if not c.nullable]
        optional = [c.name for c in own if c.nullable]
        expected[contract.kind] = (contract.direction, required, optional)
    assert found == expected


def test_the_message_on_the_page_is_one():
    (text,) = re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)
    message = message_of(json.loads(text))
    assert (message.source, message.epoch, message.n) == ("my-strategy", 3, 17)


def test_the_bounds_on_the_page_are_those_of_the_code():
    assert f"more than {DEPTH} levels" in PAGE
    assert "texts above 1 MiB" in PAGE
    assert TEXT_BYTES == 1 << 20
