"""``tradeloop capture vendor polygon``: a vendor's history and live stream.

Nothing here runs unless it is called: it is the only place that gives the user's key to
anything that opens a connection.
"""

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from tradeloop.apps.settings import Settings, load
from tradeloop.apps.terminal import answers
from tradeloop.capture.polygon import (
    ROUND_LOT,
    VENDOR_REST,
    VENDOR_STREAM,
    History,
    Key,
    Stream,
)
from tradeloop.clock import LiveClock
from tradeloop.errors import InputError
from tradeloop.events import duration_ns, instant_ns
from tradeloop.pipelines.take import TickIntake
from tradeloop.pipelines.vendor import Wanted, What, download
from tradeloop.pipelines.vendor_live import listen
from tradeloop.pipelines.workspace import open_workspace

_SHOWN_GAPS = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What history is asked for, as the user writes it.

    Parameters
    ----------
    tickers : sequence of str
        Such as ``AAPL``.
    what : sequence of str
        Some of bars, quotes, trades, dividends, splits.
    since, until : str
        From, inclusive, to, exclusive: dates (UTC) or RFC 3339 times.
    latency : str
        From the latest time that the vendor tells of a row to its use, such as
        ``100ms``; ``0`` claims that it took none.
    bar : str
        Length of the bars.
    round_lot : float
        Shares of a size of 1 of quotes before 2025-11-03.
    """

    tickers: Sequence[str]
    what: Sequence[str]
    since: str
    until: str
    latency: str
    bar: str = "1d"
    round_lot: float = ROUND_LOT

    def wanted(self) -> Wanted:
        """Read what was written."""
        chosen = cast("Sequence[What]", self.what)  # checked by Wanted
        since_ns, until_ns = _moment_ns(self.since), _moment_ns(self.until)
        return Wanted(self.tickers, chosen, since_ns, until_ns, self.bar)

    def latency_ns(self) -> int:
        """Latency, ns."""
        return 0 if self.latency in {"0", "0s"} else duration_ns(self.latency)


def history(folder: Path, asked: Asked, *, url: str = VENDOR_REST) -> Mapping[str, Any]:
    """Download history into the workspace of ``folder``; what is durable stays there.

    Returns
    -------
    mapping
        ``stored`` and ``files``, as `tradeloop.apps.capturing.show_file` shows them.

    Raises
    ------
    InputError
        No key, or something that cannot be asked for.
    OverloadedError, FeedError
        The vendor does not answer.
    BusyError
        A server holds the journal.
    """
    settings, clock = load(folder), LiveClock()
    key, wanted = _key(settings), asked.wanted()
    with _stopping() as stop:
        vendor = History(
            key,
            clock,
            latency_ns=asked.latency_ns(),
            url=url,
            stop=stop,
            round_lot=asked.round_lot,
        )
        places, principal = settings.places(folder), settings.acting()
        with vendor, open_workspace(places, principal, clock) as workspace:
            done = download(workspace, vendor, wanted)
    return {"stored": True, "files": [one.as_mapping() for one in done]}


def live(
    folder: Path,
    channels: Sequence[str],
    *,
    url: str = VENDOR_STREAM,
    for_s: float | None = None,
    stop: threading.Event | None = None,
) -> Mapping[str, Any]:
    """Store the live stream in the workspace of ``folder`` until interrupted.

    Parameters
    ----------
    folder : Path
        Folder of a workspace.
    channels : sequence of str
        Such as ``T.AAPL`` and ``Q.AAPL``.
    url : str
        Where the vendor is.
    for_s : float, optional
        For how long.
    stop : threading.Event, optional
        Ends it as well.

    Returns
    -------
    mapping
        See `tradeloop.pipelines.vendor_live.LiveAccount`.

    Raises
    ------
    InputError
        No key, or the vendor refuses it or a channel.
    FeedError
        There is no first connection.
    BusyError
        A server holds the journal.
    """
    settings, clock = load(folder), LiveClock()
    with _stopping(stop, after_s=for_s) as ended:
        stream = Stream(_key(settings), channels, clock, stop=ended, url=url)
        places, principal = settings.places(folder), settings.acting()
        with (
            open_workspace(places, principal, clock) as workspace,
            TickIntake(workspace.lake, workspace.journal, clock) as intake,
        ):
            return asdict(listen(workspace, intake, stream))


def show(answer: Mapping[str, Any]) -> None:
    """Print what came, where it is, and what never came."""
    stored = ", ".join(f"{n:,} {kind}s" for kind, n in sorted(answer["stored"].items()))
    answers.print(
        f"{answer['messages']:,} messages over {answer['connections']:,} connections: "
        f"{stored or 'none'} stored, {answer['duplicates']:,} came twice, "
        f"{sum(answer['quarantined'].values()):,} quarantined",
        soft_wrap=True,
    )
    for reason, rows in sorted(answer["quarantined"].items()):
        answers.print(f"  quarantined  {reason:<28} {rows:>12,}", markup=False)
    if answer["ahead"]:
        told = "ticks of a time after this machine's clock, cut to it"
        answers.print(f"  clock        {answer['ahead']:,} {told}")
    for channel in answer["unconfirmed"]:
        answers.print(f"  not confirmed by the vendor: {channel}", markup=False)
    for gap in answer["gaps"][:_SHOWN_GAPS]:
        answers.print(f"  gap          {_gap(gap)}", markup=False, soft_wrap=True)
    if len(answer["gaps"]) > _SHOWN_GAPS:
        answers.print(f"  and {len(answer['gaps']) - _SHOWN_GAPS:,} gaps more")


def _gap(gap: Mapping[str, Any]) -> str:
    away_s = (gap["to_ns"] - gap["from_ns"]) / 1e9
    if gap["cause"] == "connection":
        return f"no connection for {away_s:,.1f} s: {gap['reason']}"
    return (
        f"{gap['channel']}.{gap['instrument']}: nothing between the numbers "
        f"{gap['after']:,} and {gap['before']:,}, {away_s:,.1f} s apart"
    )


def _key(settings: Settings) -> Key:
    text = settings.polygon_key.get_secret_value()
    if not text:
        raise InputError(
            "There is no key for the vendor.",
            way_out="Set TRADELOOP_POLYGON_KEY to the key of your own account.",
            column="polygon_key",
        )
    return Key(text)


def _moment_ns(text: str) -> int:
    return instant_ns(text if "T" in text.upper() else f"{text}T00:00:00Z")


@contextmanager
def _stopping(
    stop: threading.Event | None = None, *, after_s: float | None = None
) -> Iterator[threading.Event]:
    """Give an event that an interrupt, or the end of a time, sets."""
    stop = stop or threading.Event()
    main = threading.current_thread() is threading.main_thread()
    signals = (signal.SIGINT, signal.SIGTERM) if main else ()
    before = {one: signal.signal(one, lambda *_: stop.set()) for one in signals}
    timer = threading.Timer(after_s or 0, stop.set)
    if after_s is not None:
        timer.start()
    try:
        yield stop
    finally:
        timer.cancel()
        for one, handler in before.items():
            signal.signal(one, handler)
