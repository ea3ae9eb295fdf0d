"""A version only grows: each way to break that is planted, and named."""

import copy
import json
from pathlib import Path

import pytest

from tradeloop.events import CONTRACTS
from tradeloop.events.evolution import broken_promises
from tradeloop.events.schemas import json_schema

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "schemas"
NAME = "tradeloop.corporate_action.v1"


@pytest.mark.parametrize("path", sorted(COMMITTED.glob("tradeloop.*.json")), ids=str)
def test_todays_contracts_keep_what_was_promised(path):
    before = json.loads(path.read_text("utf-8"))
    assert broken_promises(before, json_schema(CONTRACTS[path.stem])) == ()


def test_no_contract_that_was_published_is_gone():
    published = {path.stem for path in COMMITTED.glob("tradeloop.*.json")}
    assert published <= set(CONTRACTS)
    assert len(published) >= 18


def remove(data):
    del data["properties"]["currency"]


def rename(data):
    data["properties"]["cash"] = data["properties"].pop("amount")


def retype(data):
    data["properties"]["ratio"]["type"] = ["string", "null"]


def forbid_null(data):
    data["properties"]["ratio"]["type"] = "number"


def allow_null(data):
    data["properties"]["ex_ns"]["type"] = ["integer", "null"]


def require(data):
    data["required"] = [*data["required"], "currency"]


def add_required(data):
    data["properties"]["market"] = {"type": "string"}
    data["required"] = [*data["required"], "market"]


def no_longer_require(data):
    data["required"] = [name for name in data["required"] if name != "ex_ns"]


def narrow_values(data):
    data["properties"]["action"]["enum"] = ["split", "cash_dividend"]


def list_values(data):
    data["properties"]["currency"]["enum"] = ["USD", None]


def shorten(data):
    data["properties"]["currency"]["maxLength"] = 3


def lengthen_least(data):
    data["properties"]["currency"]["minLength"] = 3


def raise_bound(data):
    data["properties"]["ratio"]["exclusiveMinimum"] = 1


def lower_bound(data):
    data["properties"]["ex_ns"]["maximum"] -= 1


def add_bound(data):
    data["properties"]["ratio"]["maximum"] = 1000


def change_form(data):
    data["properties"]["currency"]["pattern"] = "^[A-Z]{3}$"


def open_up(data):
    data["additionalProperties"] = True


def add_rule(data):
    rule = {"properties": {"action": {"const": "split"}}, "required": ["action"]}
    then = {"properties": {"currency": {}}, "required": ["currency"]}
    data["allOf"] = [*data["allOf"], {"if": rule, "then": then}]


VIOLATIONS = [
    (remove, "message.data.currency is gone"),
    (rename, "message.data.amount is gone"),
    (retype, "message.data.ratio was null or number and is null or string"),
    (forbid_null, "message.data.ratio was null or number and is number"),
    (allow_null, "message.data.ex_ns was integer and is integer or null"),
    (require, "message.data.currency is required now"),
    (add_required, "message.data.market is required now"),
    (no_longer_require, "message.data.ex_ns may be absent now"),
    (narrow_values, "message.data.action refuses values that it took: 'withdrawn'"),
    (list_values, "message.data.currency refuses values that it took: all but "),
    (shorten, "message.data.currency has a lower maxLength"),
    (lengthen_least, "message.data.currency has a higher minLength"),
    (raise_bound, "message.data.ratio has a higher exclusiveMinimum"),
    (lower_bound, "message.data.ex_ns has a lower maximum"),
    (add_bound, "message.data.ratio has a lower maximum"),
    (change_form, "message.data.currency has another pattern"),
    (open_up, "message.data takes other keys than before"),
    (add_rule, "message.data has a new rule for action = 'split'"),
]


@pytest.mark.parametrize(
    ("violate", "says"), VIOLATIONS, ids=lambda part: getattr(part, "__name__", "")
)
def test_a_violation_is_named(violate, says):
    before = json_schema(CONTRACTS[NAME])
    after = copy.deepcopy(before)
    violate(after["properties"]["data"])
    (told,) = broken_promises(before, after)
    assert told.startswith(says)


def test_a_violation_deep_in_an_object_is_named():
    before = json_schema(CONTRACTS["tradeloop.training_dataset_generated.v1"])
    after = copy.deepcopy(before)
    dataset = after["properties"]["data"]["properties"]["training_dataset"]
    del dataset["properties"]["data_period"]["properties"]["end_date"]
    dataset["properties"]["label_distribution"]["additionalProperties"]["minimum"] = 1
    told = broken_promises(before, after)
    assert told == (
        "message.data.training_dataset.data_period.end_date is gone",
        "message.data.training_dataset.label_distribution.* has a higher minimum",
    )


def test_what_only_grows_breaks_nothing():
    before = json_schema(CONTRACTS[NAME])
    after = copy.deepcopy(before)
    data = after["properties"]["data"]
    data["properties"]["market"] = {"type": ["string", "null"]}
    data["properties"]["action"]["enum"].append("merger")
    data["properties"]["currency"]["maxLength"] = 40
    data["properties"]["currency"]["description"] = "in other words"
    rule = {"properties": {"action": {"const": "merger"}}, "required": ["action"]}
    then = {"properties": {"ratio": {}}, "required": ["ratio"]}
    data["allOf"].append({"if": rule, "then": then})
    assert broken_promises(before, after) == ()
    assert broken_promises(after, before) != ()
