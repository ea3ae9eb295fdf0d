"""What a server holds open: the workspace, and the doors for messages and ticks."""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from tradeloop.clock import Clock
from tradeloop.errors import InputError
from tradeloop.events import Principal
from tradeloop.pipelines.accept import Door
from tradeloop.pipelines.broker import Mended, mended, this_process
from tradeloop.pipelines.capture_files import FileCapture, capture_files
from tradeloop.pipelines.collect import Collector
from tradeloop.pipelines.collected import Usual
from tradeloop.pipelines.completeness import gaps_of, status_of
from tradeloop.pipelines.exchange import Exchange, Sides, exchanging
from tradeloop.pipelines.live_open import Live, living, policy_of
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.take import Taken, TickIntake
from tradeloop.pipelines.workspace import Places, Workspace, open_workspace
from tradeloop.signals.rules import SignalRules
from tradeloop.stores import Lake, open_log
from tradeloop.stores.group_commit import GroupCommit

DRAIN_S = 10.0
"""How long a server may take to answer what it has taken, when it is asked to end."""
_ADDRESS = ".server"


@dataclass(frozen=True, slots=True)
class Served:
    """An open workspace and the ways into it.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    collector : Collector
        Answers about single decisions.
    door : Door
        Takes messages.
    ticks : TickIntake
        Takes batches of ticks.
    token : str
        What a command of this machine's user shows, to work through the server.
    broker : str
        URL of the broker; empty: none.
    exchange : Exchange, optional
        What goes on between journal and broker; None without one.
    live : Live
        Answers events by signals.
    rules : Rules
        How outcomes are graded, and what is paid.
    signals : SignalRules
        What turns forecasts into signals.
    """

    workspace: Workspace
    collector: Collector
    door: Door
    ticks: TickIntake
    token: str
    broker: str
    exchange: Exchange | None
    live: Live
    rules: Rules
    signals: SignalRules

    @property
    def principal(self) -> Principal:
        """For whom, and who."""
        return self.workspace.principal

    def take(
        self, kind: str, data: bytes, source: str, *, epoch: int, n: int
    ) -> Future[Taken]:
        """Take a batch of ticks, an Arrow IPC stream; see `TickIntake.submit`."""
        return self.ticks.submit(
            self.principal, kind, data, source=source, epoch=epoch, n=n
        )

    def capture(self, paths: Sequence[Path], columns: Path | None) -> list[FileCapture]:
        """Capture files of this machine; see `capture_files`."""
        return capture_files(self.workspace, paths, columns=columns)

    def status(self) -> Mapping[str, Any]:
        """Account for what came in."""
        told = asdict(status_of(self.workspace.journal, self.principal))
        return {**told, "broker": _shown(self.exchange)}

    def reconcile(self, *, mend: bool) -> Mended:
        """Compare the broker's stream with the journal; see `mended`."""
        if self.exchange is None:
            raise InputError(
                "This server was started without a broker.",
                way_out='Write broker = "nats://HOST:4222" into tradeloop.toml.',
                source="broker",
            )
        upto = self.exchange.position
        return mended(self.workspace.journal, self.broker, upto=upto, mend=mend)

    def gaps(self) -> Mapping[str, Any]:
        """Account for the numbers of each source."""
        return asdict(gaps_of(self.workspace.journal, self.principal))


def _shown(exchange: Exchange | None) -> dict[str, Any] | None:
    if exchange is None:
        return None
    return {
        "position": list(exchange.position),
        "renewed": exchange.renewed,
        "trouble": dict(exchange.trouble),
    }


@contextmanager
def open_served(
    places: Places,
    principal: Principal,
    clock: Clock,
    usual: Usual,
    *,
    broker: str = "",
    signals: SignalRules | None = None,
) -> Iterator[Served]:
    """Open a workspace for a server; what it has taken is stored before this ends.

    Parameters
    ----------
    places : Places
        Where the stores lie.
    principal : Principal
        For whom, and who.
    clock : Clock
        Tells when something was recorded.
    usual : Usual
        How outcomes are graded.
    broker : str
        URL of a broker that hears of events and brings messages and ticks; empty:
        none.
    signals : SignalRules, optional
        What turns forecasts into signals; the usual ones if absent.

    Raises
    ------
    BusyError
        Another process writes the journal.
    InputError
        The URL names no broker that we know.
    """
    chosen = signals or SignalRules(gate=policy_of(usual.rules))
    with open_workspace(places, principal, clock) as workspace:
        group = GroupCommit(workspace.journal)
        ticks = TickIntake(workspace.lake, workspace.journal, clock)
        door = Door(group, clock)
        sides = Sides(workspace.journal, group, door, clock, ticks.submit)
        try:
            with (
                living(workspace, group, usual.rules, chosen) as live,
                _joined(broker, sides) as exchange,
            ):
                door.heard = live.loop.heard
                yield Served(
                    workspace=workspace,
                    collector=Collector(workspace, usual),
                    door=door,
                    ticks=ticks,
                    token=token_urlsafe(),
                    broker=broker,
                    exchange=exchange,
                    live=live,
                    rules=usual.rules,
                    signals=chosen,
                )
        finally:
            group.close(DRAIN_S)
            ticks.close()


@contextmanager
def _joined(broker: str, sides: Sides) -> Iterator[Exchange | None]:
    if not broker:
        yield None
        return
    with exchanging(broker, sides, owner=this_process()) as exchange:
        yield exchange


@dataclass(frozen=True, slots=True)
class Doors:
    """The ways in, without the rest of a workspace: messages, and batches of ticks."""

    door: Door
    ticks: TickIntake


@contextmanager
def open_doors(places: Places, clock: Clock) -> Iterator[Doors]:
    """Open journal and lake for what comes in; all of it is stored before this ends.

    Raises
    ------
    BusyError
        Another process writes the journal.
    """
    with open_log(places.journal, clock) as journal:
        group = GroupCommit(journal)
        ticks = TickIntake(Lake(places.lake), journal, clock)
        try:
            yield Doors(Door(group, clock), ticks)
        finally:
            group.close(DRAIN_S)
            ticks.close()


@dataclass(frozen=True, slots=True)
class Address:
    """Where a workspace is served, and what its commands show to be let in."""

    url: str
    token: str


@contextmanager
def address_shown(places: Places, address: Address) -> Iterator[None]:
    """Write down where a workspace is served, for as long as it is; for this user only.

    Call it only while this process holds the journal: what a server that was killed
    wrote is overwritten.
    """
    file = _address_of(places)
    unfinished = file.with_name(file.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(asdict(address)), encoding="utf-8")
    unfinished.replace(file)  # nobody reads half an address
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink()


def served_at(places: Places) -> Address | None:
    """Read where a workspace is served; None where nobody said so.

    A server that was killed leaves its address behind: ask only when the journal is
    held by another process.

    Raises
    ------
    InputError
        The address is no address.
    """
    file = _address_of(places)
    try:
        return Address(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise InputError(
            f"This is no address of a server: {error}.",
            way_out="Remove the file and start the server again.",
            source=str(file),
        ) from error


def _address_of(places: Places) -> Path:
    """Name the file beside the journal, or beside the catalog of a server's journal."""
    beside = places.files[0]
    return beside.with_name(beside.name + _ADDRESS)
