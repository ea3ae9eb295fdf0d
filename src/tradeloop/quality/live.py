"""Quality as rows come: the same figures as over history, without reading it again.

Every figure is a quotient of sums, so a stream only keeps sums, by instrument and
window, and what the next row is judged by. What is usual must have been learned before
(`learn_usual`): then the figures after any rows are those of `judge` over the same rows
with the same ``usual`` and the detectors `LIVE`, however the rows were cut in batches.

Rows wait until a figure is asked for or a thousand of them are there.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from tradeloop.errors import InputError
from tradeloop.quality.base import Evidence, RowCounts, Tally
from tradeloop.quality.clocks import BEHIND
from tradeloop.quality.detectors import LIVE
from tradeloop.quality.grouping import as_frame, check_window, window_of
from tradeloop.quality.live_bars import BarLanes
from tradeloop.quality.live_cells import CellLanes
from tradeloop.quality.live_ticks import TickLanes
from tradeloop.quality.score import QualityReport, anomaly_of, report_of
from tradeloop.quality.tally import Group, tallies_by, tally_of

BATCH = 1_000
_STATEFUL = frozenset({*BarLanes.FINDS, *TickLanes.FINDS})
_BY_ROW = tuple(each for each in LIVE if each.name not in _STATEFUL)
_Sums = defaultdict[str, float]
_CELLS = ("cells", "cells_present")


class LiveQuality:
    """Figures of a stream of bars, ticks and features.

    Parameters
    ----------
    basis : Evidence
        ``interval_ns``, ``usual`` (from `learn_usual` with the detectors `LIVE`) and,
        where they are known, ``stated_ns``, ``holidays`` and ``reference``; its rows
        are not looked at.
    window_ns : int, optional
        Length of the windows of `over_time`.

    Raises
    ------
    InputError
        What is usual by a detector is missing, or the window is not above 0.
    """

    def __init__(self, basis: Evidence, window_ns: int | None = None) -> None:
        check_window(1 if window_ns is None else window_ns)
        usual = basis.usual or {}
        for detector in LIVE:
            if detector.learn is not None and detector.name not in usual:
                raise InputError(
                    f"What is usual by {detector.name} is not known.",
                    way_out="Pass learn_usual(evidence, LIVE) of earlier rows.",
                    source="usual",
                )
        self._basis = replace(
            basis,
            bars=basis.bars.clear(),
            ticks={},
            features=None,
            decisions=None,
            fills=None,
            fills_outside=None,
            rows=RowCounts(),
            delivered=None,
            regimes=None,
            scorer=None,
        )
        self._window_ns = window_ns
        self._counts: dict[Group, _Sums] = {}
        self._whole = _Sums(float)
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        self._bars = BarLanes(self._basis, self._put)
        self._ticks = TickLanes(self._basis, self._put)
        self._cells = {name: CellLanes(self._put) for name in ("bar", "features")}

    def add(
        self,
        *,
        bars: pl.DataFrame | None = None,
        ticks: Mapping[str, pl.DataFrame] | None = None,
        features: pl.DataFrame | None = None,
        rows: RowCounts | None = None,
    ) -> None:
        """Take rows, in the order in which they came.

        Parameters
        ----------
        bars, ticks, features, rows
            As in `Evidence`: the new ones only.
        """
        given = {"bar": bars, "features": features, **(ticks or {})}
        for name, frame in given.items():
            if frame is not None and frame.height:
                self._waiting.setdefault(name, []).append(frame)
        if rows is not None:
            self._count_rows(rows)
        if sum(f.height for frames in self._waiting.values() for f in frames) >= BATCH:
            self._work()

    def report(self) -> QualityReport:
        """Report on all rows so far; anomalies come without examples."""
        tally = self._tally()
        anomalies = [anomaly_of(d, tally) for d in LIVE if tally.of(d.name)]
        return report_of(tally, anomalies)

    def by_instrument(self) -> pl.DataFrame:
        """Figures of each instrument, as `tradeloop.quality.by_instrument` has them."""
        return as_frame(self._grouped(windows=False), {"instrument": pl.String()})

    def over_time(self) -> pl.DataFrame:
        """Figures by instrument and window, as `tradeloop.quality.over_time` has them.

        Raises
        ------
        InputError
            The stream was begun without a window.
        """
        if self._window_ns is None:
            raise InputError(
                "This stream keeps no windows.",
                way_out="Begin it with a window_ns.",
                source="window_ns",
            )
        keys = {"instrument": pl.String(), "window_ns": pl.Int64()}
        return as_frame(self._grouped(windows=True), keys)

    def forget(self, before_ns: int) -> None:
        """Let go of rows that happened before a time, ns UTC; the sums stay.

        A row that comes later and happened before it is judged as if nothing stood
        around it: after that the figures may differ from those over history.
        """
        self._work()
        self._bars.forget(before_ns)
        self._ticks.forget(before_ns)

    def _put(self, instrument: str, event_ns: int, what: str, n: float) -> None:
        window = self._window_ns
        at = 0 if window is None else (event_ns - 1) // window * window
        self._counts.setdefault((instrument, at), _Sums(float))[what] += n

    def _count_rows(self, rows: RowCounts) -> None:
        evidence = replace(self._basis, rows=rows)
        tally = tally_of(evidence, {BEHIND.name: BEHIND.find(evidence)})
        # Where event times were cut, all rows read count: also those read before.
        for name in ("read", "quarantined", BEHIND.name):
            self._whole[name] += tally.of(name)

    def _work(self) -> None:
        frames = {name: pl.concat(parts) for name, parts in self._waiting.items()}
        self._waiting = {}
        if not frames:
            return
        features = frames.pop("features", None)
        bars = frames.pop("bar", self._basis.bars)
        evidence = replace(self._basis, bars=bars, ticks=frames)
        self._count(evidence)
        self._bars.add(bars)
        self._ticks.add(frames)
        for name, frame in (("bar", bars), ("features", features)):
            if frame is not None and frame.height:
                self._cells[name].add(frame)

    def _count(self, evidence: Evidence) -> None:
        """Count what each row tells by itself."""
        found = {each.name: each.find(evidence) for each in _BY_ROW}
        window = pl.lit(0, pl.Int64).alias("window_ns")
        if self._window_ns is not None:
            window = window_of(pl.col("event_ns"), self._window_ns)
        groups = tallies_by(evidence, found, [pl.col("instrument"), window])
        for group, tally in groups.items():
            counts = self._counts.setdefault(group, _Sums(float))
            for what, n in tally.counts.items():
                if what not in _CELLS:
                    counts[what] += n

    def _grouped(self, *, windows: bool) -> Mapping[Group, Tally]:
        self._work()
        sums: dict[Group, _Sums] = {}
        for group, counts in self._counts.items():
            whose = group if windows else group[:1]
            _add(sums.setdefault(whose, _Sums(float)), counts)
        ran = frozenset(each.name for each in LIVE)
        return {group: Tally(sums[group], ran) for group in sorted(sums, key=_in_time)}

    def _tally(self) -> Tally:
        self._work()
        sums = _Sums(float, self._whole)
        for counts in self._counts.values():
            _add(sums, counts)
        if self._whole[BEHIND.name]:
            sums["stamped"] += self._whole["read"]
        return Tally(sums, frozenset(each.name for each in LIVE))


def _add(sums: _Sums, more: Mapping[str, float]) -> None:
    for what, n in more.items():
        sums[what] += n


def _in_time(group: Group) -> tuple[str, ...]:
    """Order of groups: by instrument, then by time."""
    name, *rest = group
    return (str(name), *(f"{at:020d}" for at in rest if isinstance(at, int)))
