"""The market that a collector has read, cut for one decision after another.

What does not depend on the decision is made once and kept until the market grows:
bars by instrument, features, state of the market, releases of the series. Where a
market has grown, instruments whose bars are as they were keep their features, and
others go on from where they were.

A cut ends with the bar that settles the outcome. Features and state of the market look
back only, so that those of a bar are the same on the cut and on the whole. Where
history is cut at its beginning too (a look-back), they are made anew.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from tradeloop.capture import Market
from tradeloop.datasets import frame_hash, market_state
from tradeloop.errors import NotFoundError
from tradeloop.features import Bank
from tradeloop.pipelines.captured import Captured
from tradeloop.pipelines.collect_quality import BarsQuality
from tradeloop.pipelines.collect_trail import Trail
from tradeloop.pipelines.collected import Seen, Usual
from tradeloop.pipelines.featurize import with_series
from tradeloop.pipelines.label import last_received_ns
from tradeloop.pipelines.rules import Rules

_SUMMED = ("volume", "signed_volume")  # whose sums the state of the market rolls on


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of history one decision needs.

    Parameters
    ----------
    at_ns : int
        When the decision was received.
    horizon_ns, wait_ns : int
        Of its outcome.
    from_ns : int
        Where history begins; 0: with the first bar.
    """

    at_ns: int
    horizon_ns: int
    wait_ns: int
    from_ns: int


class Lane:
    """Everything of one instrument.

    Parameters
    ----------
    bars, joined, quotes : polars.DataFrame
        Its bars, the same with the series, its quotes; sorted by ``event_ns``.
    bank : Bank
        Features.
    interval_ns : int
        Length of a bar.
    earlier : Trail, optional
        Of the instrument before its market grew.
    """

    def __init__(
        self,
        bars: pl.DataFrame,
        joined: pl.DataFrame,
        quotes: pl.DataFrame,
        bank: Bank,
        interval_ns: int,
    ) -> None:
        self.bars, self.joined, self.quotes = bars, joined, quotes
        self.event_ns = bars["event_ns"].to_numpy()
        self.earlier: Trail | None = None
        self._bank, self._interval_ns = bank, interval_ns

    @cached_property
    def trail(self) -> Trail:
        """Features of all bars."""
        trail = Trail(self._bank, self.joined, self.earlier)
        self.earlier = None
        return trail

    @cached_property
    def quality(self) -> BarsQuality | None:
        """Quality of all bars; None where one came late or before its end."""
        trail = self.trail
        if not trail.in_order:
            return None
        return BarsQuality(self.bars, trail.features, self._interval_ns)

    def rows(self, from_ns: int, until_ns: int) -> tuple[int, int]:
        """Return the first row of a span of time, and the first one after it."""
        first = int(np.searchsorted(self.event_ns, from_ns, side="left"))
        stop = int(np.searchsorted(self.event_ns, until_ns, side="right"))
        return first, max(first, stop)

    def until_ns(self, span: Span) -> int:
        """Return the end of the bar that settles an outcome.

        It is one bar beyond the wait: that the market went on is what censors a label.
        """
        last_ns = span.at_ns + span.horizon_ns + span.wait_ns
        last = int(np.searchsorted(self.event_ns, last_ns, side="right"))
        return int(self.event_ns[min(last, self.event_ns.size - 1)])

    def quotes_until(self, until_ns: int) -> pl.DataFrame:
        """Return the quotes up to a time."""
        ends = self.quotes["event_ns"]
        return self.quotes.head(int(ends.search_sorted(until_ns, side="right")))

    @cached_property
    def _first_null(self) -> Mapping[str, int]:
        missing = {n: self.bars[n].is_null() for n in _SUMMED if n in self.bars.columns}
        return {n: int(m.arg_max() or 0) for n, m in missing.items() if m.any()}

    def sums_alike(self, stop: int) -> bool:
        """Whether sums over the bars round alike with and without those from a row on.

        Polars adds up a column with nulls in another order than one without.
        """
        return all(first < stop for first in self._first_null.values())


class _Releases:
    """Newest release of each series at a time."""

    def __init__(self, series: pl.DataFrame) -> None:
        self._series = series
        newest = pl.col("event_ns").cum_max()
        self._of = []
        for (_,), rows in series.with_row_index("fact").group_by("series"):
            known = rows.sort("received_ns", "event_ns", "fact")
            known = known.filter(pl.col("event_ns") >= newest)
            self._of.append((known["received_ns"].to_numpy(), known["fact"].to_numpy()))

    def at(self, at_ns: int) -> pl.DataFrame:
        """One row per series: the newest known, or one that is not known yet."""
        rows = [
            fact[max(0, int(np.searchsorted(known, at_ns, side="right")) - 1)]
            for known, fact in self._of
        ]
        return self._series[sorted(map(int, rows))]


class MarketState:
    """A market with what can be made of it before a decision is known.

    Parameters
    ----------
    captured : Captured
        Market and series.
    rules : Rules
        Say which features there are.
    earlier : MarketState, optional
        The same market before it grew.
    """

    def __init__(
        self, captured: Captured, rules: Rules, earlier: "MarketState | None" = None
    ) -> None:
        self.captured = captured
        market, series = captured.market, captured.series
        self._joined = with_series(market.bars, series)
        extra = [n for n in self._joined.columns if n not in market.bars.columns]
        self.bank = rules.features.bank(self._joined, market.interval_ns, extra)
        self.as_of_ns = max(
            last_received_ns(market.bars), last_received_ns(market.quotes)
        )
        self._first_ns = int(market.bars["event_ns"].min())  # type: ignore[arg-type]
        self._releases = None if series is None else _Releases(series)
        self._lanes = self._cut(earlier)

    def _cut(self, earlier: "MarketState | None") -> dict[str, Lane]:
        market = self.captured.market
        quotes = market.quotes.partition_by("instrument", as_dict=True)
        bars = market.bars.partition_by("instrument", as_dict=True, maintain_order=True)
        joined = self._joined.partition_by("instrument", as_dict=True)
        lanes = {}
        for key, own in bars.items():
            ticks = quotes.get(key, market.quotes.clear())
            lane = Lane(own, joined[key], ticks, self.bank, market.interval_ns)
            name = str(key[0])
            before = earlier._lanes.get(name) if earlier else None  # noqa: SLF001
            if before is not None:
                lane.earlier = before.__dict__.get("trail", before.earlier)
            lanes[name] = lane
        return lanes

    @cached_property
    def series_sha(self) -> str | None:
        """Hash of the series; None where there are none."""
        series = self.captured.series
        return None if series is None else frame_hash(series)

    @cached_property
    def catalogue(self) -> list[dict[str, Any]]:
        """What each feature means."""
        return [asdict(entry) for entry in self.bank.catalogue()]

    @cached_property
    def categories(self) -> dict[str, str]:
        """Category of each feature."""
        return {entry.name: entry.category for entry in self.bank.catalogue()}

    @cached_property
    def _states(self) -> dict[str, pl.DataFrame]:
        states = market_state(self.captured.market.bars)
        parts = states.partition_by("instrument", as_dict=True)
        return {str(key[0]): part for key, part in parts.items()}

    def near(self, instrument: str, from_ns: int, until_ns: int) -> Market:
        """Cut the market in time: bars of all instruments, quotes of one."""
        cuts = []
        for lane in self._lanes.values():
            first, stop = lane.rows(from_ns, until_ns)
            cuts.append(lane.bars.slice(first, stop - first))
        quotes = self._lanes[instrument].quotes_until(until_ns)
        return replace(self.captured.market, bars=pl.concat(cuts), quotes=quotes)

    def seen(self, decision: pl.DataFrame, usual: Usual, asked: Span) -> Seen:
        """Cut the market for one decision.

        Parameters
        ----------
        decision : polars.DataFrame of one row
            The DECISION record.
        usual : Usual
            Names the benchmark.
        asked : Span
            What it needs.

        Raises
        ------
        NotFoundError
            There are no bars of its instrument.
        """
        instrument = str(decision["instrument"][0])
        lane = self._lanes.get(instrument)
        if lane is None:
            raise NotFoundError(
                f"No bars of {instrument!r} were captured. Capture some first."
            )
        until_ns = lane.until_ns(asked)
        rows = lane.rows(asked.from_ns, until_ns)
        whole = asked.from_ns <= lane.event_ns[0]
        trail = lane.trail
        if not whole:
            cut = lane.joined.slice(rows[0], rows[1] - rows[0])
            trail = Trail(self.bank, cut)
        return Seen(
            instrument=instrument,
            at_ns=asked.at_ns,
            from_ns=asked.from_ns,
            until_ns=until_ns,
            horizon_ns=asked.horizon_ns,
            as_of_ns=self.as_of_ns,
            rows=rows[1] - rows[0],
            whole=whole,
            trail=trail,
            past=self._past(lane, usual.benchmark, until_ns),
            quotes=lane.quotes_until(until_ns),
            state=self._state_at(instrument, lane, asked, until_ns),
            series=None if self._releases is None else self._releases.at(asked.at_ns),
        )

    def _past(self, own: Lane, benchmark: str | None, until_ns: int) -> pl.DataFrame:
        """Bars that a label may need; all of them where the benchmark has none."""
        lanes = [own]
        if benchmark is not None:
            other = self._lanes.get(benchmark)
            some = other is not None and other.rows(0, until_ns)[1] > 0
            lanes = [own, other] if some and other else list(self._lanes.values())
        cuts = [lane.bars.head(lane.rows(0, until_ns)[1]) for lane in lanes]
        return pl.concat(cuts)

    def _state_at(
        self, instrument: str, lane: Lane, asked: Span, until_ns: int
    ) -> pl.DataFrame:
        """Return the state of the market that was known; no row where there is none."""
        stop = lane.rows(0, until_ns)[1]
        if asked.from_ns <= self._first_ns and lane.sums_alike(stop):
            states = self._states[instrument].head(stop)
        else:
            cut = self.near(instrument, asked.from_ns, until_ns).bars
            states = market_state(cut).filter(pl.col("instrument") == instrument)
        known = states["received_ns"].to_numpy()
        row = int(np.searchsorted(known, asked.at_ns, side="right")) - 1
        return states.slice(row, 1) if row >= 0 else states.clear()

    def lane(self, instrument: str) -> Lane:
        """Everything of one instrument."""
        return self._lanes[instrument]
