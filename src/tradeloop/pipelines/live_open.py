"""The live loop beside a server: begun from what was captured, ended with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tradeloop.pipelines.captured import captured_market
from tradeloop.pipelines.deployed import Champions
from tradeloop.pipelines.live import LiveLoop
from tradeloop.pipelines.live_market import LiveMarket
from tradeloop.pipelines.live_rows import Row
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.shelf import Shelf
from tradeloop.pipelines.workspace import Workspace
from tradeloop.signals import Policy
from tradeloop.signals.rules import SignalRules
from tradeloop.stores import Event
from tradeloop.stores.group_commit import GroupCommit

_UNANSWERED = 10_000
"""Newest events that may have been stored and not answered when a server ended."""


@dataclass(frozen=True, slots=True)
class Live:
    """The loop and the shelf behind it.

    Parameters
    ----------
    loop : LiveLoop
        Answers events.
    shelf : Shelf
        Copies signals to the catalog.
    """

    loop: LiveLoop
    shelf: Shelf


def policy_of(rules: Rules) -> Policy:
    """Take the policy of the signals from the rules of the model."""
    rule = rules.model
    return Policy(min_edge=rule.min_edge, position_share=rule.position_share)


@contextmanager
def living(
    workspace: Workspace,
    group: GroupCommit,
    rules: Rules,
    signals: SignalRules,
) -> Iterator[Live]:
    """Run the live loop until the block is left.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    group : GroupCommit
        Writes to the journal; is closed after this.
    rules : Rules
        Say which features, and when a forecast is worth a signal.
    signals : SignalRules
        What turns forecasts into signals.
    """

    def begun() -> LiveMarket:
        return LiveMarket.of(captured_market(workspace), rules)

    loop = LiveLoop(workspace, group, begun, Champions(workspace), signals)
    shelf = Shelf(workspace)
    loop.start(_unanswered(workspace))
    shelf.start()
    try:
        yield Live(loop, shelf)
    finally:
        loop.close()
        shelf.close()


def _unanswered(workspace: Workspace) -> list[Row]:
    """Find events that were stored when a server ended, whose signals would still hold.

    Whether they were answered the journal knows: a second answer is not stored. The
    market has them already, so only the newest bar of each instrument can be answered.
    """
    who, journal = workspace.principal, workspace.journal
    rows = []
    for kind in ("bar", "decision"):
        last = journal.last_seq(who, kind)
        events = journal.events(who, kind, max(last - _UNANSWERED, 0))
        if kind == "bar":
            events = list({str(e.body["instrument"]): e for e in events}.values())
        rows += [
            Row(kind, Event(e.event_id, e.event_ns, e.received_ns, e.body), taken=True)
            for e in events
        ]
    return rows
