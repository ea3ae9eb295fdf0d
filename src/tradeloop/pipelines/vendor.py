"""A vendor's history, made durable: ticks and bars in the lake, actions in the journal.

Nothing is asked for by default: `download` asks what its caller names, with the key
that the caller has put into the `History`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Literal, get_args

import polars as pl

from tradeloop.capture import Intake
from tradeloop.capture.cleaning import flag_report
from tradeloop.capture.polygon import History, days_between
from tradeloop.errors import InputError
from tradeloop.events import CORPORATE_ACTION
from tradeloop.pipelines.capture_files import FileCapture
from tradeloop.pipelines.record import record_events, record_intake
from tradeloop.pipelines.workspace import Workspace

What = Literal["bars", "dividends", "quotes", "splits", "trades"]
WHAT: tuple[What, ...] = get_args(What)
"""What a history can hold."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to download.

    Parameters
    ----------
    tickers : sequence of str
        In the vendor's spelling, such as ``AAPL``.
    what : sequence of str
        Some of `WHAT`.
    since_ns, until_ns : int
        From, inclusive, to, exclusive, ns UTC.
    bar : str
        Length of the bars, such as ``1d``.

    Raises
    ------
    InputError
        Nothing is named, or something that there is not.
    """

    tickers: Sequence[str]
    what: Sequence[What]
    since_ns: int
    until_ns: int
    bar: str = "1d"

    def __post_init__(self) -> None:
        unknown = sorted(set(self.what) - set(WHAT))
        if unknown or not self.what or not self.tickers:
            raise InputError(
                f"A download needs tickers and what of them, was {unknown!r:.60}.",
                way_out=f"Name tickers, and some of {', '.join(WHAT)}.",
            )
        days_between(self.since_ns, self.until_ns, UTC)  # refuses an empty period


def download(
    workspace: Workspace,
    history: History,
    wanted: Wanted,
    *,
    tell: Callable[[FileCapture], None] | None = None,
) -> list[FileCapture]:
    """Download and make every row durable, kept or in quarantine.

    Ticks come a day (UTC) at a time, and each day is durable before the next is asked
    for: a download that ended is begun again, and what is there already is found by its
    content.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    history : History
        Where to ask, and with which key.
    wanted : Wanted
        What to ask for.
    tell : callable, optional
        Hears of each part once it is durable.

    Returns
    -------
    list of FileCapture
        One for each part, in the order of asking.

    Raises
    ------
    InputError
        The vendor refuses the key or the question; what came before is durable.
    OverloadedError, FeedError
        It does not answer; what came before is durable.
    """
    done = []
    for intake in _parts(history, wanted):
        done.append(_kept(workspace, intake))
        if tell is not None:
            tell(done[-1])
    return done


def _parts(history: History, wanted: Wanted) -> Iterator[Intake]:
    since_ns, until_ns = wanted.since_ns, wanted.until_ns
    whole = {"dividends": history.dividends, "splits": history.splits}
    ticks = {"quotes": history.quotes, "trades": history.trades}
    for ticker in wanted.tickers:
        for what in wanted.what:
            if what == "bars":
                yield history.bars(ticker, wanted.bar, since_ns, until_ns)
            elif what in whole:
                yield whole[what](ticker, since_ns, until_ns)
            else:
                for first_ns, end_ns in days_between(since_ns, until_ns, UTC):
                    yield ticks[what](ticker, first_ns, end_ns)


def _kept(workspace: Workspace, intake: Intake) -> FileCapture:
    if intake.record is CORPORATE_ACTION:
        record, source = intake.record, intake.source
        rows, aside = intake.rows, intake.quarantined
        capture = record_events(workspace, record, source, rows, aside)
    else:
        capture = record_intake(workspace, intake)
    return FileCapture(
        source=intake.source,
        capture=capture,
        reasons=dict(intake.reasons),
        flags=flag_report(intake).filter(pl.col("rows") > 0).to_dicts(),
        clocks=[],
        notes=intake.notes,
    )
