"""Durable capture over HTTP: a real server, a real disk, several connections.

Server and senders share the machine's cores, as they do on a laptop. The peer is a
route of the same framework that inserts the same messages into SQLite with one
transaction a request: no contract, no duplicates, no chain, no audit.
"""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event

import numpy as np

from tradeloop.apps import init
from tradeloop.apps.bench.rows import Area, Row, require_equal
from tradeloop.apps.bench.timing import percentile
from tradeloop.apps.ports import free_port
from tradeloop.clock import monotonic_s
from tradeloop.errors import TradeloopError

_ROUNDS, _CONNECTIONS, _BATCH, _BATCHES = 3, 8, 250, 25
_RATE = 10_000.0
_LONGEST_S = 60.0
_SERVE = "import sys; from tradeloop.apps.cli import main; sys.argv[0] = 'x'; main()"
_PEER = """\
import json, sqlite3, sys, threading
import uvicorn
from fastapi import FastAPI, Request
db = sqlite3.connect(sys.argv[1], isolation_level=None, check_same_thread=False)
db.execute("PRAGMA journal_mode = wal")
db.execute("PRAGMA synchronous = FULL")
db.execute("CREATE TABLE event (id TEXT PRIMARY KEY, body TEXT)")
app, lock = FastAPI(), threading.Lock()

def store(rows):
    with lock:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO event VALUES (?, ?)", rows)
        db.execute("COMMIT")

@app.get("/readyz")
def ready():
    return {}

@app.post("/api/v1/events")
async def events(request: Request):
    from fastapi.concurrency import run_in_threadpool
    items = json.loads(await request.body())
    await run_in_threadpool(store, [(i["id"], json.dumps(i["data"])) for i in items])
    return {"stored": len(items)}

uvicorn.run(app, port=int(sys.argv[2]), log_level="warning", access_log=False)
"""


@dataclass(frozen=True, slots=True)
class _Load:
    """What was sent, and how long each request took."""

    events: int
    seconds: float
    took_s: tuple[float, ...]

    @property
    def rate(self) -> float:
        return self.events / self.seconds


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command)  # noqa: S603 - our own text, our interpreter
    try:
        _wait(port, process)
        yield
    finally:
        process.terminate()
        process.wait(_LONGEST_S)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    until_s, pause = monotonic_s() + _LONGEST_S, Event()
    while monotonic_s() < until_s and process.poll() is None:
        try:
            if _get(port, "/readyz") == http.client.OK:
                return
        except OSError:
            pause.wait(0.05)
    raise TradeloopError("The server that was to be measured did not start.")


def _get(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_LONGEST_S)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


def _message(number: int, round_: int) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": f"d{round_}-{number}",
        "source": f"bench-{round_}",
        "type": "tradeloop.decision.v1",
        "data": {
            "strategy": "breakout",
            "instrument": "EURUSD",
            "side": 1 - 2 * (number % 2),
            "event_ns": 1_700_000_000_000_000_000 + number,
            "received_ns": 1_700_000_000_000_001_000 + number,
            "signal_strength": number % 97 / 97,
            "confidence_score": number % 89 / 89,
            "risk_score": number % 83 / 83,
            "position_size": 1000.0 + number % 7,
            "reasoning": "close above the highest high of 20 bars",
        },
    }


def _send(port: int, bodies: Sequence[bytes], due_s: Sequence[float]) -> list[float]:
    """Send at the due times, or as fast as answers come; seconds of each request.

    A request that is late because the one before it was slow counts from when it was
    due: waiting is not left out.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_LONGEST_S)
    took_s, pause = [], Event()
    for body, at_s in zip(bodies, due_s, strict=True):
        pause.wait(max(0.0, at_s - monotonic_s()))
        began_s = at_s or monotonic_s()
        connection.request(
            "POST", "/api/v1/events", body, {"Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        told = json.loads(answer.read())
        took_s.append(monotonic_s() - began_s)
        require_equal(
            same=answer.status == http.client.OK and told["stored"] > 0,
            what="the messages that a request stored",
        )
    connection.close()
    return took_s


def _load(
    port: int,
    round_: int,
    batch: int,
    batches: int,
    senders: int,
    rate: float | None = None,
) -> _Load:
    """Send distinct messages over several connections, at ``rate`` events a second."""
    shares = []
    for sender in range(senders):
        first = sender * batches * batch
        starts = range(first, first + batches * batch, batch)
        messages = [[_message(k, round_) for k in range(s, s + batch)] for s in starts]
        shares.append([json.dumps(group).encode() for group in messages])
    began_s = monotonic_s()
    step_s = batch / rate if rate else 0.0
    due_s = [
        [
            began_s + step_s * (k * senders + sender) if rate else 0.0
            for k in range(batches)
        ]
        for sender in range(senders)
    ]
    with ThreadPoolExecutor(senders) as pool:
        took = list(pool.map(_send, [port] * senders, shares, due_s))
    seconds = monotonic_s() - began_s
    return _Load(
        senders * batches * batch, seconds, tuple(t for each in took for t in each)
    )


def _measured() -> Iterator[tuple[_Load, _Load, _Load, _Load, _Load]]:
    """Ours and the peer flat out, both at the target rate, ours one by one."""
    for round_ in range(_ROUNDS):
        with TemporaryDirectory() as name:
            folder, port = Path(name), free_port()
            init.init(folder / "ours")
            place = ["--dir", str(folder / "ours"), "--port", str(port)]
            with _running([sys.executable, "-c", _SERVE, "serve", *place], port):
                many = _load(port, round_, _BATCH, _BATCHES, _CONNECTIONS)
                even = _load(port, 200 + round_, _BATCH, _BATCHES, _CONNECTIONS, _RATE)
                single = _load(port, 100 + round_, 1, 300, 1)
            peer = [sys.executable, "-c", _PEER, str(folder / "peer.db"), str(port)]
            with _running(peer, port):
                plain = _load(port, round_, _BATCH, _BATCHES, _CONNECTIONS)
                calm = _load(port, 200 + round_, _BATCH, _BATCHES, _CONNECTIONS, _RATE)
        yield many, plain, even, calm, single


def _p99_ms(rounds: Sequence[_Load]) -> float:
    return median(percentile(np.asarray(one.took_s), 99) for one in rounds) * 1e3


def _rows() -> Iterator[Row]:
    found = list(_measured())
    many, plain, even, calm, single = zip(*found, strict=True)
    name = "FastAPI and stdlib sqlite3, plain inserts, WAL, synchronous=FULL"
    load = f"{_CONNECTIONS} connections, {_BATCH} messages a request"
    yield Row(
        what=f"durable events over HTTP, {load}",
        unit="events/s",
        ours=median(one.rate for one in many),
        peer=median(one.rate for one in plain),
        peer_name=name,
        better="more",
        target=_RATE,
        target_is="ours",
        note="Ours checks contracts, finds duplicates, chains hashes, numbers sources "
        "and audits; the peer does none of it. Senders run on the same cores.",
    )
    yield Row(
        what=f"p99 acknowledgement at {_RATE:,.0f} events/s over HTTP, {load}",
        unit="ms",
        ours=_p99_ms(even),
        peer=_p99_ms(calm),
        peer_name=name,
        target=100.0,
        target_is="ours",
        note="From when the request was due to the answer read, so that a slow answer "
        f"delays nobody unseen. Flat out it is {_p99_ms(many):.0f} ms, of the peer "
        f"{_p99_ms(plain):.0f} ms: that many messages are under way at once.",
    )
    yield Row(
        what="p99 acknowledgement of one decision over HTTP, one connection",
        unit="ms",
        ours=_p99_ms(single),
        peer_name="none: the figure is asked for as such",
        target=50.0,
        target_is="ours",
        judged=False,
        note="The 50 ms that are asked for include the decision's features.",
    )


AREA = Area("service", _rows)
