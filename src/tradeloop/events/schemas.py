"""The contracts as JSON Schema (draft 2020-12) and as one AsyncAPI 3.0 document.

Both follow from the columns of the records; the same code gives the same text. The
check at the door (`tradeloop.events.contracts`) takes what the schema takes, but for
what a schema does not say: to it 1.0 is an integer and here only 1 is; the field that
repeats the id must equal it; a time must be a real one from 1800 to 2200.
"""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from tradeloop.events.columns import APART, Column, Shape
from tradeloop.events.contracts import CONTRACTS, Contract
from tradeloop.events.instant import EARLIEST_NS, LATEST_NS

ASYNCAPI = "asyncapi"
"""Name of the document of all messages among `documents`."""
_INT64 = 2**63
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NAME = {"type": "string", "minLength": 1, "maxLength": 200}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_ENVELOPE = "#/components/schemas/cloudevent"
_IGNORED = {**_TEXT_OR_NULL, "description": "not read here"}


def documents() -> dict[str, dict[str, Any]]:
    """Return every JSON Schema by type, and the AsyncAPI document as `ASYNCAPI`."""
    schemas = {name: json_schema(contract) for name, contract in CONTRACTS.items()}
    return {**schemas, ASYNCAPI: asyncapi()}


def written(document: Mapping[str, Any]) -> str:
    """Write a document as the text of its file: the same document, the same bytes."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def json_schema(contract: Contract) -> dict[str, Any]:
    """JSON Schema of the message, CloudEvents attributes and ``data``."""
    return {
        "$schema": _DRAFT,
        "$id": contract.dataschema,
        "title": contract.type,
        **_message(contract),
    }


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI document of all messages, in and out."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for contract in CONTRACTS.values():
        ways = [("published", "send", f"tradeloop.{{tenant}}.{contract.kind}")]
        if contract.direction == "in":
            ways.append(
                ("taken", "receive", f"tradeloop.{{tenant}}.in.{contract.kind}")
            )
        for word, action, address in ways:
            name = f"{contract.kind}_{word}"
            channels[name] = _channel(contract, address)
            operations[name] = {
                "action": action,
                "channel": {"$ref": f"#/channels/{name}"},
                "messages": [{"$ref": f"#/channels/{name}/messages/{contract.kind}"}],
            }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tradeloop events",
            "version": f"{max(c.version for c in CONTRACTS.values())}.0.0",
            "description": "CloudEvents 1.0 in JSON. A version only grows.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {name: _in_channel(c) for name, c in CONTRACTS.items()},
            "schemas": {"cloudevent": _envelope()},
        },
    }


def _channel(contract: Contract, address: str) -> dict[str, Any]:
    return {
        "address": address,
        "parameters": {"tenant": {"description": "whose events these are"}},
        "messages": {contract.kind: {"$ref": f"#/components/messages/{contract.type}"}},
    }


def _in_channel(contract: Contract) -> dict[str, Any]:
    return {
        "name": contract.type,
        "title": contract.kind.replace("_", " "),
        "contentType": "application/cloudevents+json",
        "payload": {"allOf": [{"$ref": _ENVELOPE}, _own(contract)]},
    }


def _message(contract: Contract) -> dict[str, Any]:
    envelope, own = _envelope(), _own(contract)
    properties = envelope["properties"] | own["properties"]
    return {**envelope, **own, "properties": properties}


def _envelope() -> dict[str, Any]:
    """Return what all messages have."""
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {**_NAME, "description": "unique per tenant and kind"},
            "source": {**_NAME, "description": "who sends it"},
            "type": {"type": "string"},
            "time": {
                **_TEXT_OR_NULL,
                "format": "date-time",
                "description": "when it happened, where data does not say it",
            },
            "subject": _IGNORED,
            "datacontenttype": {
                **_TEXT_OR_NULL,
                "pattern": "^application/json\\s*(;.*)?$",
            },
            "dataschema": _IGNORED,
            "epoch": _whole(0, "life of the source; 0 where absent"),
            "sequence": _whole(1, "number within source and epoch, from 1"),
        },
    }


def _own(contract: Contract) -> dict[str, Any]:
    """Return what the messages of one type have."""
    return {
        "properties": {"type": {"const": contract.type}, "data": _data(contract)},
        "anyOf": [
            {"properties": {"time": {"type": "string"}}, "required": ["time"]},
            *({"properties": {"data": _told(name)}} for name in _times(contract)),
        ],
    }


def _times(contract: Contract) -> tuple[str, ...]:
    return ("event_ns",) if contract.direction == "in" else ("event_ns", "timestamp")


def _told(name: str) -> dict[str, Any]:
    said = {"type": ["integer", "string"]}
    return {"properties": {name: said}, "required": [name]}


def _whole(least: int, meaning: str) -> dict[str, Any]:
    return {
        "type": ["integer", "string", "null"],
        "minimum": least,
        "maximum": _INT64 - 1,
        "pattern": "^[0-9]{1,19}$",
        "description": meaning,
    }


def _data(contract: Contract) -> dict[str, Any]:
    meanings = {c.name: c.meaning for c in contract.record.columns}
    properties = {name: _instant(meanings[name]) for name in APART}
    if contract.direction == "out":
        properties["timestamp"] = _instant("event_ns, as RFC 3339 text")
    properties |= {c.name: _column(c) for c in contract.fields}
    if contract.identity is not None:
        repeated = f"the id of the message; {meanings[contract.identity]}"
        properties[contract.identity] = {
            **_NAME,
            "type": ["string", "null"],
            "description": repeated,
        }
    schema = _closed(properties, _required(contract.fields, contract.identity))
    needs = [
        {
            "if": {
                "properties": {need.column: {"const": need.value}},
                "required": [need.column],
            },
            "then": {
                "properties": {need.wants: {"not": {"type": "null"}}},
                "required": [need.wants],
            },
        }
        for need in contract.record.needs
    ]
    return {**schema, "allOf": needs} if needs else schema


def _instant(meaning: str) -> dict[str, Any]:
    return {
        "type": ["integer", "string", "null"],
        "minimum": EARLIEST_NS,
        "maximum": LATEST_NS - 1,
        "format": "date-time",
        "description": meaning,
    }


def _closed(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _required(columns: tuple[Column, ...], identity: str | None = None) -> list[str]:
    return [c.name for c in columns if not c.nullable and c.name != identity]


def _column(column: Column) -> dict[str, Any]:
    schema = _value(column)
    if column.nullable:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return {**schema, "description": column.meaning.removeprefix("JSON: ")}


def _value(column: Column) -> dict[str, Any]:
    if column.shape is not None:
        return _object(column.shape)
    if column.dtype == pl.Boolean:
        return {"type": "boolean"}
    text = column.dtype == pl.String
    if column.allowed:
        return {"type": "string" if text else "integer", "enum": list(column.allowed)}
    return _text(column) if text else _number(column)


def _object(shape: Shape) -> dict[str, Any]:
    if shape.members:
        return _closed(
            {c.name: _column(c) for c in shape.members}, _required(shape.members)
        )
    if shape.values is None:
        return {"type": "object"}
    return {
        "type": "object",
        "propertyNames": {"minLength": 1, "maxLength": 200},
        "additionalProperties": _column(shape.values),
    }


def _text(column: Column) -> dict[str, Any]:
    if column.form == "date":
        return {"type": "string", "format": "date", "minLength": 10, "maxLength": 10}
    return {"type": "string", "minLength": column.shortest, "maxLength": column.longest}


def _number(column: Column) -> dict[str, Any]:
    whole = column.dtype != pl.Float64
    bounds = {
        "minimum": column.least,
        "exclusiveMinimum": column.above,
        "maximum": column.most,
    }
    if whole:
        bounds["minimum"] = -_INT64 if column.least is None else column.least
        bounds["maximum"] = _INT64 - 1 if column.most is None else column.most
    told = {name: bound for name, bound in bounds.items() if bound is not None}
    return {"type": "integer" if whole else "number", **told}
