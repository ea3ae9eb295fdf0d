"""Messages to a stream of NATS JetStream, in order and without a hole.

Where the stream takes batches (servers from 2.12 on) messages go together: all of them
are stored or none, at the cost of one sync. Elsewhere each names the message that must
stand before it, so that when one is lost on the way all after it are refused, and none
overtakes it. In both forms a second relay that has lost its lease without knowing
cannot mix its messages into the stream.

The driver's own ``publish_async`` is not used: it forgets a message that is refused,
and its future is never done (nats-py 2.16).
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradeloop.stores.broker.streams import EVENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from tradeloop.stores.broker.base import Outgoing

ID, OWN_ID, PLACE = "Nats-Msg-Id", "Tradeloop-Event", "Tradeloop-Position"
WRONG_PLACE = frozenset({10_070, 10_071})  # another id or number was expected last
KNOWN = 10_201  # a message of the batch is there
NO_STREAM = 503
_EXPECTED, _STREAM = "Nats-Expected-Last-Sequence", "Nats-Expected-Stream"
_BEFORE = "Nats-Expected-Last-Msg-Id"
_BATCH, _NUMBER, _COMMIT = (
    "Nats-Batch-Id",
    "Nats-Batch-Sequence",
    "Nats-Batch-Commit",
)
_TYPE = {"content-type": "application/cloudevents+json", _STREAM: EVENTS}
_NOBODY = {"error": {"description": "no stream listens", "err_code": NO_STREAM}}
_ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a stream.

    Parameters
    ----------
    seq : int
        Sequence of the last message there ever was.
    together : bool
        Whether the stream takes messages together.
    """

    seq: int
    together: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of messages that were sent in one go.

    Parameters
    ----------
    stored, known : int
        The first ``stored + known`` of them are there.
    failed : str
        What the broker said of the next one; empty where all are there.
    code : int
        The broker's number for it.
    tail : Tail, optional
        None where the stream has to be asked again.
    """

    stored: int
    known: int = 0
    failed: str = ""
    code: int = 0
    tail: Tail | None = None


async def send(
    client: Client, chunk: Sequence[Outgoing], tail: Tail, *, named: bool
) -> Sent:
    """Send messages that follow each other, at the end of the stream or not at all.

    Parameters
    ----------
    client : Client
        Connected.
    chunk : sequence of Outgoing
        At most 1,000.
    tail : Tail
        Where the stream ends.
    named : bool
        Let the broker leave out what it knows.
    """
    name = ID if named else OWN_ID
    headers = [
        {
            **_TYPE,
            name: message.message_id,
            PLACE: "{}/{}".format(*message.position),
        }
        for message in chunk
    ]
    if tail.together and len(chunk) > 1:
        return await _together(client, chunk, headers, tail)
    for k, header in enumerate(headers):
        header[_EXPECTED] = str(tail.seq + k)
        if named and k:  # the number alone may fit, where another has written meanwhile
            header[_BEFORE] = chunk[k - 1].message_id
    parts = [(message.subject, message.payload) for message in chunk]
    return _read(await tell_each(client, parts, headers), tail)


async def _together(
    client: Client,
    chunk: Sequence[Outgoing],
    headers: Sequence[dict[str, str]],
    tail: Tail,
) -> Sent:
    """Send a batch; its last message commits it."""
    batch, last = client.new_inbox(), len(chunk)
    headers[0][_EXPECTED] = str(tail.seq)
    for k, (message, header) in enumerate(zip(chunk, headers, strict=True), start=1):
        header |= {_BATCH: batch, _NUMBER: str(k)}
        if k < last:
            await client.publish(message.subject, message.payload, headers=header)
    answer = await client.request(
        chunk[-1].subject,
        chunk[-1].payload,
        headers={**headers[-1], _COMMIT: "1"},
        timeout=_ANSWER_S,
    )
    told = json.loads(answer.data)
    if error := told.get("error"):
        return Sent(0, 0, *_told(error))
    return Sent(last, tail=Tail(told["seq"], together=True))


async def tell_each(
    client: Client,
    parts: Sequence[tuple[str, bytes]],
    headers: Sequence[dict[str, str]],
) -> list[dict[str, Any]]:
    """Send messages one after the other, without waiting between them.

    Parameters
    ----------
    client : Client
        Connected.
    parts : sequence of (str, bytes)
        Subject and payload of each.
    headers : sequence of dict
        Headers of each.

    Returns
    -------
    list of dict
        What the broker said of each; ``error`` stands in it where it was refused.
    """
    answers: list[dict[str, Any]] = [{}] * len(parts)
    left, complete = len(parts), asyncio.Event()

    async def heard(message: Msg) -> None:
        nonlocal left
        k = int(message.subject.rpartition(".")[2])
        left -= not answers[k]
        answers[k] = json.loads(message.data) if message.data else _NOBODY
        if not left:
            complete.set()

    inbox = client.new_inbox()
    listening = await client.subscribe(f"{inbox}.*", cb=heard)
    for k, ((subject, payload), header) in enumerate(zip(parts, headers, strict=True)):
        await client.publish(subject, payload, reply=f"{inbox}.{k}", headers=header)
    await complete.wait()
    await listening.unsubscribe()
    return answers


def _read(answers: Sequence[Mapping[str, Any]], tail: Tail) -> Sent:
    """Count what is there; what comes after a failure must be sent again."""
    stored = known = 0
    for answer in answers:
        if error := answer.get("error"):
            return Sent(stored, known, *_told(error))
        known += bool(answer.get("duplicate"))
        stored += not answer.get("duplicate")
    return Sent(stored, known, tail=Tail(tail.seq + stored, tail.together))


def _told(error: Mapping[str, Any]) -> tuple[str, int]:
    return str(error.get("description") or "refused"), int(error.get("err_code", 0))
