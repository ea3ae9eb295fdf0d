"""One event as a message: CloudEvents 1.0 in JSON, told apart by (source, epoch, n).

The tenant is never in a message: it is that of whoever sends it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradeloop.errors import InputError
from tradeloop.events.contracts import BY_KIND, CONTRACTS, Contract
from tradeloop.events.instant import EARLIEST_NS, LATEST_NS, instant_ns, instant_text
from tradeloop.events.strict_json import shown

_LONGEST = 200
_INT64 = 2**63
_INT32 = 2**31
_DIGITS = 19  # of the largest int64
_TIMESTAMP = "timestamp"  # the public contract's name of event_ns in what is sent


@dataclass(frozen=True, slots=True)
class Message:
    """An event that keeps its contract.

    Parameters
    ----------
    kind : str
        Such as ``decision``.
    source : str
        Who sends it.
    event_id : str
        Unique per tenant and kind; a second sending has the same id.
    event_ns : int
        When it happened, ns UTC.
    received_ns : int, optional
        When it was known, ns UTC; absent: the receiver says.
    epoch : int
        Life of the source: it starts again at n = 1 in a new epoch.
    n : int, optional
        Number of the event in its source and epoch, from 1.
    body : mapping
        Fields of the record without times and nulls; objects are objects.
    """

    kind: str
    source: str
    event_id: str
    event_ns: int
    received_ns: int | None
    epoch: int
    n: int | None
    body: Mapping[str, Any]


def message_of(envelope: Any) -> Message:
    """Check a message against its contract.

    Parameters
    ----------
    envelope : mapping
        A CloudEvent, as `tradeloop.events.strict_json.loads` gives it; values that
        came another way pass `tradeloop.events.strict_json.check` first. Attributes
        that are not known here are passed over; ``time`` counts where ``data`` holds
        no ``event_ns``. Times in ``data`` are int64 ns UTC or RFC 3339 text.

    Raises
    ------
    InputError
        Names the field, the rule, the value and the way out.
    """
    contract = _contract(envelope)
    event_id = _text(envelope, "id")
    data = envelope.get("data")
    if not isinstance(data, Mapping):
        raise _refused("data", "an object", data)
    fields = dict(data)
    event_ns = _event_ns(contract, envelope, fields)
    received = fields.pop("received_ns", None)
    if contract.identity is not None:
        _name(contract.identity, event_id, fields)
    return Message(
        kind=contract.kind,
        source=_text(envelope, "source"),
        event_id=event_id,
        event_ns=event_ns,
        received_ns=None if received is None else _ns("data.received_ns", received),
        epoch=_whole(envelope, "epoch", 0) or 0,
        n=_whole(envelope, "sequence", 1),
        body=contract.checked(fields),
    )


def envelope_of(message: Message) -> dict[str, Any]:
    """Write a message as a CloudEvent; undoes `message_of`.

    Raises
    ------
    InputError
        No contract has the kind.
    """
    contract = BY_KIND.get(message.kind)
    if contract is None:
        raise _refused("kind", f"one of {', '.join(BY_KIND)}", message.kind)
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": message.event_id,
        "source": message.source,
        "type": contract.type,
        "time": instant_text(message.event_ns),
        "datacontenttype": "application/json",
        "dataschema": contract.dataschema,
        "epoch": message.epoch if message.epoch < _INT32 else str(message.epoch),
    }
    if "instrument" in message.body:
        envelope["subject"] = message.body["instrument"]
    if message.n is not None:
        envelope["sequence"] = str(message.n)
    data: dict[str, Any] = {"event_ns": message.event_ns}
    if contract.direction == "out":
        data[_TIMESTAMP] = envelope["time"]
    if message.received_ns is not None:
        data["received_ns"] = message.received_ns
    envelope["data"] = {**data, **message.body}
    return envelope


def _contract(envelope: Any) -> Contract:
    if not isinstance(envelope, Mapping):
        raise _refused("message", "an object, a CloudEvent", envelope)
    if (version := envelope.get("specversion")) != "1.0":
        raise _refused("specversion", "'1.0'", version)
    kind = envelope.get("type")
    contract = CONTRACTS.get(kind) if isinstance(kind, str) else None
    if contract is None:
        raise _refused("type", f"one of {', '.join(CONTRACTS)}", kind)
    content = envelope.get("datacontenttype", "application/json")
    if content != "application/json" and not _is_json(content):
        raise _refused("datacontenttype", "'application/json'", content)
    return contract


def _is_json(content: Any) -> bool:
    if not isinstance(content, str):
        return content is None
    return content.partition(";")[0].rstrip() == "application/json"


def _event_ns(
    contract: Contract, envelope: Mapping[str, Any], fields: dict[str, Any]
) -> int:
    """Take the event time out of the fields, or out of the envelope."""
    told = fields.pop("event_ns", None)
    stamp = fields.pop(_TIMESTAMP, None) if contract.direction == "out" else None
    if told is not None:
        return _ns("data.event_ns", told)
    if stamp is not None:
        return _ns("data.timestamp", stamp)
    if (time := envelope.get("time")) is None:
        raise InputError(
            "A message must say when it happened.",
            way_out="Send data.event_ns (int64 ns UTC or RFC 3339 text), or time.",
            column="data.event_ns",
        )
    if not isinstance(time, str):
        raise _refused("time", "RFC 3339 text", time)
    return _ns("time", time)


def _ns(name: str, value: Any) -> int:
    if type(value) is int and EARLIEST_NS <= value < LATEST_NS:
        return value
    if not isinstance(value, str):
        raise _refused(name, "int64 ns UTC from 1800 to 2200, or RFC 3339 text", value)
    try:
        return instant_ns(value)
    except InputError as error:
        raise InputError(error.message, way_out=error.way_out, column=name) from None


def _text(envelope: Mapping[str, Any], name: str) -> str:
    value = envelope.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise _refused(name, f"text of 1 to {_LONGEST} characters", value)
    return value


def _name(identity: str, event_id: str, fields: dict[str, Any]) -> None:
    """See that the field which repeats the id is there and does so."""
    told = fields.setdefault(identity, event_id)
    if told is None:
        fields[identity] = event_id
    elif told != event_id:
        raise _refused(f"data.{identity}", f"the id, {event_id!r:.80}", told)


def _whole(envelope: Mapping[str, Any], name: str, least: int) -> int | None:
    value = envelope.get(name)
    if value is None:
        return None
    if isinstance(value, str) and len(value) <= _DIGITS and value.isascii():
        value = int(value) if value.isdigit() else value
    if type(value) is not int or not least <= value < _INT64:
        raise _refused(name, f"an integer from {least}, or its digits as text", value)
    return value


def _refused(name: str, rule: str, value: Any) -> InputError:
    return InputError(
        f"It must be {rule}, was {shown(value)}.",
        way_out="See docs/events.md, or run: tradeloop schemas",
        column=name,
    )
