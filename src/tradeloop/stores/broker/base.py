"""What goes to a broker and what it holds, and the protocols that brokers follow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from tradeloop.errors import TradeloopError
from tradeloop.stores.base import Position


class UnreachableError(TradeloopError):
    """A broker does not answer; what it has not acknowledged must be sent again."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way to the broker.

    Parameters
    ----------
    subject : str
        Where it goes; see `tradeloop.stores.broker.subjects`.
    message_id : str
        The same for the same event, for ever.
    position : Position
        Place of the event in the outbox: a reader that needs the order sorts by it.
    payload : bytes
        CloudEvents 1.0 as JSON.
    """

    subject: str
    message_id: str
    position: Position
    payload: bytes


@dataclass(frozen=True, slots=True)
class Held:
    """A message that the broker's stream holds."""

    message_id: str
    position: Position


@dataclass(frozen=True, slots=True)
class Published:
    """What became of messages; all of them are acknowledged.

    Parameters
    ----------
    stored : int
        New to the broker.
    known : int
        The broker had them, and left them out.
    renewed : bool
        The stream had never held an event: what was published before, if anything
        was, is lost on the broker.
    """

    stored: int
    known: int = 0
    renewed: bool = False


class Broker(Protocol):
    """Takes events in order. Safe to use from one thread at a time."""

    def prepare(self) -> bool:
        """Make the streams that are not there.

        Returns
        -------
        bool
            Whether the stream of events is new: it has never held one.

        Raises
        ------
        UnreachableError
            The broker does not answer.
        """

    def publish(self, messages: Sequence[Outgoing], *, named: bool = True) -> Published:
        """Publish in this order; all are acknowledged on return.

        Parameters
        ----------
        messages : sequence of Outgoing
            In the order of the outbox.
        named : bool
            Let the broker leave out what it was sent lately. Without it a message is
            stored even if one of its id was deleted from the stream a minute ago.

        Raises
        ------
        UnreachableError
            Some may not be there. Those that are stand in order, without a hole.
        """

    def close(self) -> None:
        """Let go of the connection."""


class Stream(Broker, Protocol):
    """A broker whose events can be read back and compared."""

    def held(self) -> Iterator[Held]:
        """Give every event of the stream, in its order.

        Raises
        ------
        UnreachableError
            The broker does not answer.
        """

    def drops_old(self) -> bool:
        """Whether events leave the stream by their age."""

    def clear(self) -> None:
        """Remove all events from the stream; consumers keep their place in it."""
