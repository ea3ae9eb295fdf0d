"""Signals in lists: those that hold, those that are over, or both; newest first."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from tradeloop.errors import InputError
from tradeloop.pipelines.workspace import Workspace
from tradeloop.signals import Signal
from tradeloop.stores import SignalRecord, StoredSignal

State = Literal["active", "past", "all"]
STATES: tuple[State, ...] = get_args(State)
MOST = 10_000
"""Most signals of one answer."""


@dataclass(frozen=True, slots=True)
class ListedSignal:
    """A signal in a list.

    Parameters
    ----------
    key : str
        Unique within the tenant.
    number : int or None
        In the catalog; None for the moment until it is there.
    state : {"active", "expired", "executed"}
        Where it stands.
    symbol, signal_type, confidence, model_version, reasoning, position_size
        As in `tradeloop.stores.SignalRecord`.
    target_price, stop_loss : float or None
        As there.
    created_ns : int
        When it was made, ns UTC.
    expires_ns : int or None
        From when on it no longer holds, ns UTC.
    performance : mapping or None
        What came of it; None until it is settled.
    """

    key: str
    number: int | None
    state: str
    symbol: str
    signal_type: str
    confidence: float
    model_version: str
    created_ns: int
    expires_ns: int | None
    position_size: float | None
    target_price: float | None
    stop_loss: float | None
    reasoning: str
    performance: dict[str, Any] | None = None

    def as_mapping(self) -> dict[str, Any]:
        """Return the fields by name, as JSON can hold them."""
        return asdict(self)


def list_signals(
    workspace: Workspace,
    state: State = "active",
    symbol: str | None = None,
    *,
    limit: int = 100,
) -> list[ListedSignal]:
    """Return signals of the catalog, the newest first.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    state : {"active", "past", "all"}
        ``active`` hold now and were not executed, ``past`` are the others, of the
        archive too.
    symbol : str, optional
        Of this symbol only.
    limit : int
        At most so many, from 1 to `MOST`.

    Raises
    ------
    InputError
        There is no such state, or the limit is out of range.
    """
    require_limit(limit)
    if state not in STATES:
        raise InputError(
            f"There is no state {state!r} of signals.",
            way_out=f"Known: {', '.join(STATES)}.",
            source="state",
        )
    catalog, who = workspace.catalog.trading_signals, workspace.principal
    now_ns = workspace.clock.now_ns()
    most = limit if state == "active" else MOST
    holding = catalog.active(who, now_ns, symbol, limit=most)
    if state == "active":
        return [listed(each, now_ns) for each in holding]
    # Those that expired wait here for the archive, among those that hold.
    here = workspace.catalog.signals(who, symbol, limit=limit + len(holding))
    found = [*here, *catalog.past(who, symbol, limit=limit)]
    told = [listed(each, now_ns) for each in found]
    wanted = [each for each in told if state == "all" or each.state != "active"]
    return newest(wanted, limit)


def newest(found: Iterable[ListedSignal], limit: int) -> list[ListedSignal]:
    """Return the ``limit`` newest, the newest first."""
    ordered = sorted(found, key=lambda each: (each.created_ns, each.number or 0))
    return ordered[::-1][:limit]


def listed(stored: StoredSignal, now_ns: int) -> ListedSignal:
    """Return a signal of the catalog as it stands at ``now_ns``."""
    return listed_record(stored.signal, stored.id, now_ns)


def listed_record(
    record: SignalRecord, number: int | None, now_ns: int
) -> ListedSignal:
    """Return a signal as it stands at ``now_ns``, with its number in the catalog."""
    over = record.expires_ns is not None and record.expires_ns <= now_ns
    waiting = "expired" if over or record.expires_ns is None else "active"
    told = record.performance
    return ListedSignal(
        key=record.key,
        number=number,
        state="executed" if record.executed else waiting,
        symbol=record.symbol,
        signal_type=str(record.signal_type),
        confidence=record.confidence,
        model_version=record.model_version,
        created_ns=record.created_ns,
        expires_ns=record.expires_ns,
        position_size=record.position_size,
        target_price=record.target_price,
        stop_loss=record.stop_loss,
        reasoning=record.reasoning,
        performance=None if told is None else dict(told),
    )


def held(signal: Signal) -> ListedSignal:
    """Return a signal of a book, which holds and was scored."""
    return ListedSignal(
        key=signal.key,
        number=None,
        state="active",
        symbol=signal.symbol,
        signal_type=str(signal.signal_type),
        confidence=float(signal.confidence or 0.0),
        model_version=signal.model_version,
        created_ns=signal.created_ns,
        expires_ns=signal.expires_ns,
        position_size=signal.position_size,
        target_price=signal.target_price,
        stop_loss=signal.stop_loss,
        reasoning=signal.reasoning,
    )


def require_limit(limit: int) -> None:
    """Refuse a limit out of range."""
    if not 1 <= limit <= MOST:
        raise InputError(
            f"The limit must lie between 1 and {MOST:,}, was {limit}.",
            way_out="Ask for fewer at once.",
            source="limit",
        )
