"""A real server process, senders that resend as clients do, and what they were told."""

import http.client
import json
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from apps import poison
from story.running import ended, start
from tradeloop.apps.init import init
from tradeloop.apps.ports import free_port
from tradeloop.clock import ReplayClock
from tradeloop.events import Principal
from tradeloop.stores import open_journal

LONGEST_S = 60
ME = Principal("default", "me")


class Server:
    """``tradeloop serve`` over a folder, started and ended as often as a test wants."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None
        if not folder.exists():
            init(folder)

    def start(self):
        arguments = ["serve", "--dir", self.folder, "--port", self.port]
        self.process = start(*arguments, cwd=self.folder)
        until = time.monotonic() + LONGEST_S
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if self.get("/readyz")[0] == 200:
                    return self
            except OSError:
                time.sleep(0.03)
        raise AssertionError(ended(self.process))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        return ended(self.process)

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        return ended(self.process)

    def get(self, path):
        return asked(self.port, "GET", path)

    def post(self, path, body, kind="application/json"):
        return asked(self.port, "POST", path, body, {"Content-Type": kind})


def asked(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_S)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@dataclass
class Told:
    """What senders were told: acknowledged ids, and answers that were no answers."""

    acknowledged: dict = field(default_factory=dict)
    odd: list = field(default_factory=list)
    duplicates: int = 0


def messages(sender, first, count):
    return [
        poison.message(f"{sender}-{k}", reasoning=f"{k}") | {"source": f"s{sender}"}
        for k in range(first, first + count)
    ]


class Senders:
    """Threads that post batches, and post again what was not acknowledged."""

    def __init__(self, port, count, batch=20):
        self.port, self.batch, self.told = port, batch, Told()
        self.stop, self.lock = threading.Event(), threading.Lock()
        self.threads = [
            threading.Thread(target=self._run, args=(k,), daemon=True)
            for k in range(count)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def _run(self, sender):
        first = 0
        while not self.stop.is_set():
            body = json.dumps(messages(sender, first, self.batch)).encode()
            if self._sent(body):
                first += self.batch
            else:
                time.sleep(0.01)

    def _sent(self, body):
        head = {"Content-Type": "application/json"}
        try:
            status, data = asked(self.port, "POST", "/api/v1/events", body, head)
        except (OSError, http.client.HTTPException):
            return False  # no answer: the batch is sent again
        try:
            told = json.loads(data)
        except json.JSONDecodeError:
            with self.lock:
                self.told.odd.append((status, data))
            return False
        if status != 200:
            if status not in {429, 503}:
                with self.lock:
                    self.told.odd.append((status, data))
            return False
        with self.lock:
            for one in told["results"]:
                self.told.acknowledged[one["id"]] = one["seq"]
            self.told.duplicates += told["duplicate"]
            if told["conflict"] or told["quarantined"]:
                self.told.odd.append((status, data))
        return True


def stored(folder):
    """Ids and positions in the journal, whose chains and ledger are whole."""
    with open_journal(folder / "journal.db", ReplayClock(1)) as journal:
        events = journal.events(ME, "decision")
        journal.verify()
        assert journal.ledger(ME).balanced
    return {event.event_id: event.seq for event in events}, len(events)


def lost(told, folder):
    """Acknowledged ids that are not stored where the answer said; asserts no twins."""
    there, count = stored(folder)
    assert count == len(there)
    return [k for k, seq in told.acknowledged.items() if there.get(k) != seq]


def open_files(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
