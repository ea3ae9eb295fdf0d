"""Millions of decisions built part by part: how long, how much memory. `make scale`.

Everything is simulated with a fixed seed: random walks of minute bars, and decisions at
random times, 100,000 a day. One process captures, another one builds, so that the peak
of the second (VmHWM of Linux) is that of building alone. Nothing is asserted but that
each decision is accounted for; the figures are for people to judge.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from tradeloop.apps.bench import simulated
from tradeloop.capture import Market
from tradeloop.clock import NS_PER_DAY, NS_PER_MINUTE, LiveClock
from tradeloop.events import DECISION, QUOTE, TRADE, Principal
from tradeloop.pipelines import build_large
from tradeloop.pipelines.build import Ask
from tradeloop.pipelines.record import record_events, record_market
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Places, open_workspace

WHO = Principal("desk", "scale")
A_DAY, CHUNK = 100_000, 50_000
DAY_BARS = 1_440
WARM_UP, AFTER = 2, 1  # days of bars without decisions, before and after
HORIZONS_NS = tuple(minutes * NS_PER_MINUTE for minutes in (15, 5, 60))


def places_in(folder):
    return Places(
        journal=folder / "journal.db",
        catalog=folder / "catalog.db",
        tracking=folder / "mlflow.db",
        lake=folder / "lake",
        artefacts=folder / "artefacts",
    )


def peak_gb():
    """Peak of this process's resident memory, GB."""
    status = Path("/proc/self/status").read_text()
    line = next(each for each in status.splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e9


def decisions(first, count, names, total):
    """One chunk of decisions, at random times of its stretch of the days."""
    draw = np.random.default_rng(first)
    begin = simulated.START_NS + WARM_UP * NS_PER_DAY
    span = max(1, total // A_DAY) * NS_PER_DAY
    low, high = (begin + span * at // total for at in (first, first + count))
    at = np.sort(draw.integers(low, high, count))
    columns = {
        "decision_id": [f"d{k:09}" for k in range(first, first + count)],
        "strategy": "simulated",
        "instrument": names.gather(draw.integers(0, names.len(), count)),
        "side": draw.choice([-1, 1], count),
        "event_ns": at,
        "received_ns": at,
        "signal_strength": draw.random(count),
        "confidence_score": draw.random(count),
        "risk_score": draw.random(count),
        "position_size": 0.1,
        "reasoning": "simulated decision of the scale program",
    }
    return DECISION.conform(pl.DataFrame(columns))


def capture(folder, rows, symbols):
    days = max(1, rows // A_DAY) + WARM_UP + AFTER
    bars = simulated.bars(symbols, days * DAY_BARS)
    names = bars["instrument"].unique(maintain_order=True)
    nothing = DECISION.empty().select("decision_id")
    with open_workspace(places_in(folder), WHO, LiveClock()) as workspace:
        market = Market(bars, QUOTE.empty(), TRADE.empty(), NS_PER_MINUTE, ())
        record_market(workspace, market, None)
        for first in range(0, rows, CHUNK):
            count = min(CHUNK, rows - first)
            chunk = decisions(first, count, names, rows)
            record_events(workspace, DECISION, f"chunk {first}", chunk, nothing)


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Told:
    """Says each stage with its time and the peak so far."""

    def begin(self, _):
        self.began_s = time.monotonic()

    def end(self, stage, figure):
        took_s = time.monotonic() - self.began_s
        say(f"{stage}: {took_s:.1f} s, peak {peak_gb():.2f} GB; {figure}")


def build(folder, size):
    began_s = time.monotonic()
    with open_workspace(places_in(folder), WHO, LiveClock()) as workspace:
        ask = Ask(horizons_ns=HORIZONS_NS)
        made = build_large.build_large(workspace, ask, Rules(), Told(), size=size)
        counts = workspace.journal.counts(WHO)
    dataset, certificate = made["dataset"], made["certificate"]
    kept = dataset.sample_count + sum(dataset.left_out.values())
    if kept + sum(made["set_aside"].values()) != counts["decision"]:
        sys.exit(f"{counts['decision']} decisions came, {kept} are accounted for")
    say(
        f"built {dataset.sample_count:,} rows x {dataset.feature_count} features in "
        f"{time.monotonic() - began_s:.1f} s, peak {peak_gb():.2f} GB, "
        f"{len(certificate.failed)} of {len(certificate.checks)} checks failed, "
        f"load {os.getloadavg()[0]:.1f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--symbols", type=int, default=10)
    parser.add_argument("--part", type=int, default=build_large.PART)
    parser.add_argument("--folder", type=Path, help="keep the workspace there")
    parser.add_argument("--only", choices=("capture", "build"))
    asked = parser.parse_args()
    if asked.only == "capture":
        capture(asked.folder, asked.rows, asked.symbols)
        return
    if asked.only == "build":
        build(asked.folder, asked.part)
        return
    say(f"SIMULATED data; load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as made:
        folder = asked.folder or Path(made)
        for stage in ("capture", "build"):
            began_s = time.monotonic()
            again = [sys.executable, __file__, "--only", stage, "--folder", str(folder)]
            again += ["--rows", str(asked.rows), "--symbols", str(asked.symbols)]
            subprocess.run([*again, "--part", str(asked.part)], check=True)
            say(f"{stage} of {asked.rows:,}: {time.monotonic() - began_s:.1f} s")


if __name__ == "__main__":
    main()
