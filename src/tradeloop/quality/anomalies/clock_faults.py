"""Clock faults: jumps, drift, and stamps that are wrong by whole half hours.

All look at the delay, received less event, of ticks, instrument by instrument:

- ``clock_shift``: the delay differs from the instrument's median by a whole number of
  half hours, at most 14 h, to within 5 s or 4 times the 99th percentile of its
  distances from the median, if that is larger: a zone or summer time was taken wrong.
- ``clock_jump``: `tradeloop.capture.cleaning.compare_clocks` finds a step of more than
  50 ms, at the level 0.99; it stands for the rows until the next step, or the end.
- ``clock_drift``: the same comparison finds a slope of more than 50 parts in a million
  (4.3 s a day) that its interval separates from 0; it stands for all rows, one finding
  for each instrument.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import polars as pl

from tradeloop.capture.cleaning import ClockComparison, compare_clocks
from tradeloop.clock import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.errors import InputError
from tradeloop.quality.anomalies.streams import EMPTY, over_ticks
from tradeloop.quality.base import Detector, Evidence
from tradeloop.quality.clocks import DELAY

HALF_HOUR_NS, FARTHEST_NS = 30 * NS_PER_MINUTE, 14 * NS_PER_HOUR
NEAR_NS, FACTOR, QUANTILE = 5 * NS_PER_SECOND, 4.0, 0.99
LEAST_STEP_NS, LEAST_PPM, LEVEL = 50_000_000, 50.0, 0.99


def usual_clocks(evidence: Evidence) -> pl.DataFrame:
    """Learn centre and spread of the delay: instrument, kind, centre, near."""
    centre = DELAY.median()
    away = (DELAY - centre).abs().quantile(QUANTILE, interpolation="lower")
    near = pl.max_horizontal(pl.lit(float(NEAR_NS)), FACTOR * away)
    tables = [
        frame.group_by("instrument").agg(centre=centre, near=near, kind=pl.lit(kind))
        for kind, frame in evidence.ticks.items()
    ]
    schema = {
        "instrument": pl.String,
        "centre": pl.Float64,
        "near": pl.Float64,
        "kind": pl.String,
    }
    return pl.concat(tables) if tables else pl.DataFrame(schema=schema)


def find_shifts(evidence: Evidence) -> pl.DataFrame:
    """Ticks stamped wrong by half hours: instrument, event_ns, shift_ns, row, kind."""
    usual = evidence.usual_for(SHIFT)

    def shifted(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
        known = usual.filter(pl.col("kind") == kind).drop("kind")
        away = DELAY - pl.col("centre")
        halves = (away / HALF_HOUR_NS).round()
        return (
            frame.select("instrument", "event_ns", "received_ns", "row")
            .join(known, on="instrument", how="inner", maintain_order="left")
            .with_columns(shift_ns=(halves * HALF_HOUR_NS).cast(pl.Int64))
            .filter(
                pl.col("shift_ns") != 0,
                pl.col("shift_ns").abs() <= FARTHEST_NS,
                (away - pl.col("shift_ns")).abs() <= pl.col("near"),
            )
            .select("instrument", "event_ns", "shift_ns", "row")
        )

    return over_ticks(evidence, shifted)


def _compared(
    frame: pl.DataFrame,
) -> Iterator[tuple[str, pl.DataFrame, ClockComparison]]:
    """Compare the two clocks of each instrument that has enough rows of both."""
    rows = frame.select("instrument", "event_ns", "received_ns").drop_nulls()
    for part in rows.partition_by("instrument", maintain_order=True):
        ordered = part.sort("event_ns", maintain_order=True)
        event, receipt = (ordered[n].to_numpy() for n in ("event_ns", "received_ns"))
        if np.ptp(receipt - event) <= LEAST_STEP_NS:
            continue  # no step of that size, and no drift that adds up to it
        try:
            yield (
                part["instrument"][0],
                ordered,
                compare_clocks(event, receipt, level=LEVEL),
            )
        except InputError:  # too few rows to judge
            continue


def _jumps(frame: pl.DataFrame, kind: str) -> pl.DataFrame:  # noqa: ARG001
    found = []
    for name, rows, compared in _compared(frame):
        steps = compared.steps.filter(pl.col("size_ns").abs() > LEAST_STEP_NS)
        at = rows["event_ns"].search_sorted(steps["at_ns"]).to_list()
        spans = zip(pairwise([*at, rows.height]), steps["size_ns"], strict=True)
        found += [
            (name, rows["event_ns"][first], float(last - first), size)
            for (first, last), size in spans
        ]
    schema = {**EMPTY, "count": pl.Float64, "size_ns": pl.Float64}
    return pl.DataFrame(found, schema=schema, orient="row")


def find_jumps(evidence: Evidence) -> pl.DataFrame:
    """Find steps: instrument, event_ns, count (rows after), size_ns, kind."""
    return over_ticks(evidence, _jumps)


def _drifts(frame: pl.DataFrame, kind: str) -> pl.DataFrame:  # noqa: ARG001
    found = []
    for name, rows, compared in _compared(frame):
        drift = compared.drift_ppm
        sure = drift.low > 0 or drift.high < 0
        if sure and abs(drift.value) > LEAST_PPM:
            found.append((name, rows["event_ns"][0], float(rows.height), drift.value))
    schema = {**EMPTY, "count": pl.Float64, "drift_ppm": pl.Float64}
    return pl.DataFrame(found, schema=schema, orient="row")


def find_drifts(evidence: Evidence) -> pl.DataFrame:
    """Clocks that drift: instrument, event_ns, count (all rows), drift_ppm, kind."""
    return over_ticks(evidence, _drifts)


SHIFT = Detector(
    "clock_shift",
    "delay off its median by whole half hours, at most 14 h",
    find_shifts,
    "ticks",
    usual_clocks,
)
JUMP = Detector(
    "clock_jump",
    f"the clocks part at once by more than {LEAST_STEP_NS / 1e6:g} ms",
    find_jumps,
    "ticks",
)
DRIFT = Detector(
    "clock_drift",
    f"the clocks part steadily by more than {LEAST_PPM:g} in a million",
    find_drifts,
    "ticks",
)
