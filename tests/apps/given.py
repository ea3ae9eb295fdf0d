"""Small real files and the command line over them."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl
from typer.testing import CliRunner

from tradeloop.apps.cli import app
from tradeloop.capture import packaged_market
from tradeloop.clock import LiveClock
from tradeloop.events import Principal
from tradeloop.stores import Lake, open_journal

DAYS, DECISIONS = 120, 40
ME = Principal("default", "me")
_TIME = pl.Datetime("ns", "UTC")


@cache
def bars(instrument="SP500", days=DAYS):
    """The last real bars of an index, as a user would export them."""
    market, _ = packaged_market()
    return (
        market.bars.filter(pl.col("instrument") == instrument)
        .tail(days)
        .select(
            pl.col("open_ns").cast(_TIME).alias("ts"),
            pl.col("instrument").alias("symbol"),
            "open",
            "high",
            "low",
            "close",
            "volume",
        )
    )


@cache
def decisions(count=DECISIONS, symbol="SP500"):
    """Decisions every second day, an hour after the close, buys and sells in turn."""
    times = bars(symbol)["ts"].gather(range(20, 20 + 2 * count, 2))
    return pl.DataFrame(
        {
            "decision_id": [f"d{i:02}" for i in range(count)],
            "ts": times.dt.offset_by("25h"),
            "symbol": symbol,
            "side": ["buy", "sell"] * (count // 2),
            "confidence": 0.6,
        }
    )


def changed(frame, row, **values):
    """The frame with other values in one row."""
    here = pl.int_range(pl.len()) == row
    return frame.with_columns(
        pl.when(here)
        .then(pl.lit(value, dtype=frame.schema[name]))
        .otherwise(pl.col(name))
        .alias(name)
        for name, value in values.items()
    )


def as_text(frame):
    """The frame with its times as text, as a CSV holds them."""
    return frame.with_columns(pl.col("ts").dt.strftime("%Y-%m-%dT%H:%M:%S%:z"))


def written(path, content):
    """Write a frame, text or bytes to ``path`` by its suffix."""
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content, "utf-8")
    elif path.suffix == ".csv":
        content.write_csv(path)
    else:
        content.write_parquet(path)
    return path


@dataclass(frozen=True)
class Answer:
    """What the command line said, and where it was told to write."""

    status: int
    stdout: str
    stderr: str
    out: Path

    @property
    def json(self):
        """The one JSON document on standard output."""
        return json.loads(self.stdout)


def call(*arguments, out=None):
    """Call the command line in this process; an error nobody meant is raised."""
    given = [*arguments, *(() if out is None else ("--out", out))]
    result = CliRunner().invoke(app, list(map(str, given)))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr, out)


def run(folder, market, decided, *more, as_json=True, name="out"):
    """``tradeloop run`` over two files of ``folder``."""
    return call(
        "run",
        *(["--json"] if as_json else []),
        "--market",
        market,
        *([] if decided is None else ["--decisions", decided]),
        *more,
        out=folder / name,
    )


def refused(answer, *said):
    """Assert one clear error on either stream, status 2, and nothing written."""
    told = answer.json
    assert answer.status == 2
    assert set(told) == {"error", "message"}
    assert told["error"] == "InputError"
    for words in said:
        assert words in told["message"]
    plain = " ".join(answer.stderr.split())
    assert plain == " ".join(f"InputError: {told['message']}".split())
    assert answer.out is None or not answer.out.exists()


def balanced(answer):
    """Assert that all that was received stands somewhere; return the summary."""
    assert answer.status == 0, answer.stderr
    told = answer.json
    ledger = told["ledger"]
    parts = ("labelled", "pending", "censored", "quarantined")
    assert ledger["received"] == sum(ledger[part] for part in parts)
    return told


def rejected_decisions(folder):
    """Rows of decisions in quarantine: source, row, key, reason."""
    with open_journal(folder / "journal.db", LiveClock(), read_only=True) as opened:
        return [
            (r.source, r.rejected.row, r.rejected.key, r.rejected.reason)
            for r in opened.rejects(ME)
            if r.kind == "decision"
        ]


def rejected_market(folder):
    """Rows of market data in quarantine, as a frame."""
    lake = Lake(folder / "lake")
    with open_journal(folder / "journal.db", LiveClock(), read_only=True) as opened:
        slices = [e.body for e in opened.events(ME, "slice")]
    frames = [
        lake.read_events(ME, s["kind"], s["sha256"])
        for s in slices
        if s["kind"].startswith("rejected_")
    ]
    return pl.concat(frames)


def labels(answer):
    """The outcome labels of the dataset of a run."""
    files = sorted(Path(answer["dataset"]["path"]).rglob("outcome_labels.parquet"))
    frame = pl.read_parquet(files, hive_partitioning=False, glob=False)
    return frame.sort("decision_id")
