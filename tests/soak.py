"""A long run of the server under load: what grows, per hour. Run it by ``make soak``.

Senders post at a steady rate; every few seconds the process is looked at. The first
third of the run is warm-up; the slopes are least squares over the rest, with their
standard errors, so that a short run says how little it knows.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil

from apps.live_server import Server, asked, lost, messages, open_files
from apps.live_server import Told as Answers

HOUR_S = 3600.0
HEAD = {"Content-Type": "application/json"}


class Steady:
    """Threads that post batches at a rate, and remember only what they must."""

    def __init__(self, port, rate, senders=4, batch=100):
        self.port, self.batch, self.gap_s = port, batch, batch * senders / rate
        self.told, self.stop, self.failed = Answers(), threading.Event(), 0
        self.took_s = []
        self.threads = [
            threading.Thread(target=self._run, args=(k,)) for k in range(senders)
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
        first, due = 0, time.monotonic()
        while not self.stop.is_set():
            body = json.dumps(messages(sender, first, self.batch)).encode()
            began = time.monotonic()
            status, data = asked(self.port, "POST", "/api/v1/events", body, HEAD)
            self.took_s.append(time.monotonic() - began)
            if status == 200:
                for one in json.loads(data)["results"]:
                    self.told.acknowledged[one["id"]] = one["seq"]
                first += self.batch
            else:
                self.failed += 1
            due += self.gap_s
            self.stop.wait(max(0.0, due - time.monotonic()))


def sample(process, folder):
    wal = folder / "journal.db-wal"
    return {
        "at_s": time.monotonic(),
        "memory_mb": process.memory_info().rss / 2**20,
        "open files": open_files(process.pid),
        "threads": process.num_threads(),
        "journal_mb": (folder / "journal.db").stat().st_size / 2**20,
        "wal_mb": wal.stat().st_size / 2**20 if wal.exists() else 0.0,
    }


def slope(at_s, values):
    """Growth per hour and its standard error."""
    hours = (np.asarray(at_s) - at_s[0]) / HOUR_S
    fit, covariance = np.polyfit(hours, values, 1, cov=True)
    return fit[0], covariance[0, 0] ** 0.5


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=2_000.0, help="events a second")
    asked_for = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        server = Server(Path(name) / "w").start()
        process = psutil.Process(server.process.pid)
        samples, until = [], time.monotonic() + 60 * asked_for.minutes
        with Steady(server.port, asked_for.rate) as steady:
            while time.monotonic() < until:
                time.sleep(min(5.0, 60 * asked_for.minutes / 60))
                samples.append(sample(process, server.folder))
        said = server.terminate()
        gone = lost(steady.told, server.folder)
    count, took = len(steady.told.acknowledged), np.asarray(steady.took_s) * 1e3
    out = sys.stdout.write
    out(f"{asked_for.minutes:g} minutes, {count:,} events acknowledged, ")
    out(f"{len(gone)} lost, {steady.failed} requests not taken, exit {said.status}\n")
    out(f"acknowledgement p50 {np.percentile(took, 50):.1f} ms, ")
    out(f"p99 {np.percentile(took, 99):.1f} ms\n")
    rest = samples[len(samples) // 3 :]
    at_s = [one["at_s"] for one in rest]
    for what in ("memory_mb", "open files", "threads", "wal_mb", "journal_mb"):
        values = [one[what] for one in rest]
        grows, error = slope(at_s, values)
        out(f"{what:<11} last {values[-1]:9.1f}  most {max(values):9.1f}  ")
        out(f"grows {grows:+9.2f} +- {error:.2f} an hour\n")
    return 1 if gone or said.status else 0


if __name__ == "__main__":
    sys.exit(main())
