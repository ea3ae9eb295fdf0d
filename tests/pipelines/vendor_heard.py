"""Messages of a vendor's stream, and a run that hears them."""

from capture.polygon_standin import KEY, stream_vendor
from tradeloop.capture.polygon import Key, Limits, Stream
from tradeloop.clock import LiveClock
from tradeloop.pipelines.take import TickIntake
from tradeloop.pipelines.vendor_live import FEED_GAP, Pace, listen

T_MS = 1_767_623_400_000
QUICK = Limits(first_tries=3, first_s=0.01, longest_s=0.05, open_s=5, poll_s=0.02)
PACE = Pace(rows=4, after_s=0.02, retry_s=0.02, tries=50)


def trade(q, **changed):
    return {"ev": "T", "sym": "A", "x": 4, "i": str(q), "p": 1.0 + q, "s": 1,
            "t": T_MS + q, "q": q, **changed}  # fmt: skip


def quote(q, **changed):
    return {"ev": "Q", "sym": "A", "bp": 1.0 + q, "bs": 1, "ap": 2.0 + q, "as": 1,
            "t": T_MS + q, "q": q, **changed}  # fmt: skip


def bar(minute, close=1.0):
    start = T_MS + minute * 60_000
    return {"ev": "AM", "sym": "A", "o": 1, "h": 9, "l": 1, "c": close, "v": 5,
            "s": start, "e": start + 60_000}  # fmt: skip


def hear(workspace, sessions, channels=("T.A", "Q.A", "AM.A"), pace=PACE, wrap=None):
    """Listen to the sessions; gives the account and the stand-in."""
    with (
        stream_vendor(sessions) as (standin, url),
        TickIntake(workspace.lake, workspace.journal, workspace.clock) as intake,
    ):
        live = Stream(
            Key(KEY), channels, LiveClock(), stop=standin.done, url=url, limits=QUICK
        )
        account = listen(workspace, wrap(intake) if wrap else intake, live, pace=pace)
    assert account.messages == (
        sum(account.stored.values())
        + account.duplicates
        + sum(account.quarantined.values())
    )
    return account, standin


def notes(workspace):
    return [e.body for e in workspace.journal.events(workspace.principal, FEED_GAP)]
