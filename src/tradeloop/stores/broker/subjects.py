"""Names on the broker: subjects of NATS, topics of Kafka, ids of messages.

``tradeloop.{tenant}.{kind}``        what the journal holds, from the relay
``tradeloop.{tenant}.in.{kind}``     messages for the journal
``tradeloop.{tenant}.ticks.{kind}``  Arrow batches for the lake
"""

import re
from urllib.parse import quote

from tradeloop.errors import InputError

ROOT = "tradeloop"
IN, TICKS = "in", "ticks"
ALL_EVENTS = f"{ROOT}.*.*"
ALL_IN = f"{ROOT}.*.{IN}.*"
ALL_TICKS = f"{ROOT}.*.{TICKS}.*"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PLAIN = ":@,;=+!()"


def event_subject(tenant: str, kind: str) -> str:
    """Where the relay publishes events of a kind."""
    return f"{ROOT}.{_token(tenant)}.{_token(kind)}"


def in_subject(tenant: str, kind: str) -> str:
    """Where messages of a kind come in for the journal."""
    return f"{ROOT}.{_token(tenant)}.{IN}.{_token(kind)}"


def tick_subject(tenant: str, kind: str) -> str:
    """Where Arrow batches of a kind come in for the lake."""
    return f"{ROOT}.{_token(tenant)}.{TICKS}.{_token(kind)}"


def tenant_and_kind(subject: str) -> tuple[str, str]:
    """Read tenant and kind of any of the three.

    Raises
    ------
    InputError
        It is none of them.
    """
    tokens = subject.split(".")
    sound = len(tokens) > 2 and all(_TOKEN.fullmatch(token) for token in tokens)  # noqa: PLR2004
    if sound and tokens[0] == ROOT and tokens[2:-1] in ([], [IN], [TICKS]):
        return tokens[1], tokens[-1]
    raise InputError(
        f"This is no subject of ours: {subject[:200]!r}.",
        way_out=f"Publish to {ROOT}.TENANT.{IN}.KIND or {ROOT}.TENANT.{TICKS}.KIND.",
    )


def message_id(tenant: str, kind: str, event_id: str) -> str:
    """Id of an event on the broker: the same event has the same id, for ever.

    Characters that a header cannot hold are written as %XX.
    """
    return f"{tenant}/{kind}/{quote(event_id, safe=_PLAIN)}"


def _token(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise InputError(
            f"A tenant or a kind on the broker must match {_TOKEN.pattern}, "
            f"was {name[:80]!r}.",
            way_out="Use letters, digits, '_' and '-'.",
        )
    return name
