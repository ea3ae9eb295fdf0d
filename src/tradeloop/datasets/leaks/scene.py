"""A small simulated market in which leaks are planted; its instruments end in .SIM."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.datasets.assemble import Recipe, Sources, assemble
from tradeloop.datasets.certificate import certify
from tradeloop.datasets.checks import Certificate, Fitted
from tradeloop.datasets.dataset import Dataset
from tradeloop.datasets.evidence import Evidence
from tradeloop.datasets.intervals import Split
from tradeloop.datasets.recompute import Recompute, Sampling
from tradeloop.datasets.splits import PurgedWalkForward
from tradeloop.datasets.version import DatasetInputs
from tradeloop.events import BAR, DECISION, FILL, SERIES, TRADE
from tradeloop.labels import label

STAYS, ALSO_STAYS, LEAVES = NAMES = ("A.SIM", "B.SIM", "C.SIM")
HORIZON = "7h"
HORIZON_NS = 7 * NS_PER_HOUR
BEGIN_NS = 20_000 * NS_PER_DAY
SPLITTER = PurgedWalkForward(folds=3, min_rows=3)
_TICKS, _EVERY, _FIRST = 6, 5, 30
_LEFT_AFTER = 0.6
# Of 24 equal stretches of the rows each is cut once: a leak over a tenth is always hit.
DENSE = Sampling(cuts=24)
_STEP = pl.col("close").log().diff()


@dataclass(frozen=True, eq=False)
class Specimen:
    """A dataset with all that a certificate of it rests on.

    Parameters
    ----------
    dataset : Dataset
        Leaking or clean.
    splits : sequence of (train, test)
        Its folds.
    bars : polars.DataFrame
        Rows of the record BAR.
    recompute : callable
        From bars to features, as the leaking pipeline would compute them.
    fitted : sequence of Fitted
        What was fitted on which rows.
    forward : bool
        Whether training must lie before the test.
    sampling : Sampling
        How many cuts of history.
    evidence : Evidence
        Facts for the checks of the source.
    """

    dataset: Dataset
    splits: Sequence[Split]
    bars: pl.DataFrame
    recompute: Recompute
    fitted: Sequence[Fitted] = ()
    forward: bool = True
    sampling: Sampling = field(default_factory=lambda: Sampling(cuts=3))
    evidence: Evidence = field(default_factory=Evidence)

    def certify(self) -> Certificate:
        """Make the certificate."""
        return certify(
            self.dataset,
            self.splits,
            self.bars,
            self.recompute,
            fitted=self.fitted,
            forward=self.forward,
            sampling=self.sampling,
            evidence=self.evidence,
        )

    def with_rows(self, frame: str, **columns: pl.Expr) -> "Specimen":
        """Change columns of a frame of the dataset."""
        changed = self.dataset.frames[frame].with_columns(**columns)
        changes: dict[str, Any] = {frame: changed}
        return replace(self, dataset=replace(self.dataset, **changes))


def honest(bars: pl.DataFrame) -> pl.DataFrame:
    """Compute three honest features; null until their window is full."""
    return bars.select(
        "instrument",
        "event_ns",
        "received_ns",
        _STEP.over("instrument").alias("step"),
        _STEP.rolling_mean(10).over("instrument").alias("drift"),
        (pl.col("high") / pl.col("low")).log().over("instrument").alias("range"),
    )


def relabel(decisions: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
    """Label decisions on bars, in the columns of a dataset's outcome_labels."""
    made = label(decisions, bars, horizons_ns=[HORIZON_NS])
    return made.filter(pl.col("state") == "labelled")


@dataclass(frozen=True, eq=False)
class Scene:
    """Ticks, bars made of them, decisions, fills, a series and its releases.

    One instrument leaves before the end. Everything is honest: leaks are planted by
    changing one thing.

    Parameters
    ----------
    ticks, bars, decisions, fills, releases : polars.DataFrame
        Rows of the records TRADE, BAR, DECISION, FILL and SERIES.
    members : polars.DataFrame
        instrument, from_ns, until_ns.
    """

    ticks: pl.DataFrame
    bars: pl.DataFrame
    decisions: pl.DataFrame
    fills: pl.DataFrame
    releases: pl.DataFrame
    members: pl.DataFrame

    @property
    def span_ns(self) -> tuple[int, int]:
        """Begin of the first bar and end of the last."""
        return int(self.bars["open_ns"].min()), int(self.bars["event_ns"].max())  # type: ignore[arg-type]

    @property
    def decided_ns(self) -> tuple[int, int]:
        """Time whose bars the labelled decisions see."""
        first, last = self.decisions["received_ns"][[0, -1]]
        return first - NS_PER_HOUR, last - HORIZON_NS - NS_PER_HOUR

    def specimen(
        self,
        compute: Recompute = honest,
        *,
        bars: pl.DataFrame | None = None,
        features: pl.DataFrame | None = None,
        labels: pl.DataFrame | None = None,
        series: pl.DataFrame | None = None,
        **more: Any,
    ) -> Specimen:
        """Assemble a dataset, from this scene's frames where no others are given.

        Parameters
        ----------
        compute : callable
            From bars to features; also what the certificate recomputes with.
        bars, features, labels, series : polars.DataFrame, optional
            Others than the scene's own, or than those that follow from it.
        **more : object
            Further fields of the `Specimen`.
        """
        bars = self.bars if bars is None else bars
        inputs = DatasetInputs(
            dataset_type="SIGNAL_GENERATION",
            slices={"bars": "simulated"},
            feature_fingerprint="leaks",
            label_rules={"horizons": [HORIZON]},
            split=SPLITTER.as_mapping(),
            as_of_ns=0,
            seed=0,
        )
        present = self.decisions.join(bars, on="instrument", how="semi")
        sources = Sources(
            decisions=present,
            bars=bars,
            features=compute(bars) if features is None else features,
            labels=relabel(present, bars) if labels is None else labels,
            interval_ns=NS_PER_HOUR,
            series=series,
            fills=self.fills,
        )
        dataset = assemble(sources, Recipe(inputs, SPLITTER))
        splits = list(SPLITTER.split(dataset.decision_ns, dataset.end_ns))
        return Specimen(dataset, splits, bars, compute, **more)

    def labels(self, bars: pl.DataFrame | None = None) -> pl.DataFrame:
        """Label the scene's decisions."""
        return relabel(self.decisions, self.bars if bars is None else bars)

    def relabel(self) -> Callable[[pl.DataFrame], pl.DataFrame]:
        """Give the function that labels the scene's decisions on any bars."""
        return partial(relabel, self.decisions)


def _ticks(name: str, n_bars: int, draw: np.random.Generator) -> pl.DataFrame:
    """Trades of one instrument, six in each hour, the last a minute before its end."""
    place = np.arange(n_bars * _TICKS)
    wait = draw.integers(0, 8, place.size) * NS_PER_MINUTE
    inside = (place % _TICKS) * 10 * NS_PER_MINUTE + NS_PER_MINUTE + wait
    at = BEGIN_NS + (place // _TICKS) * NS_PER_HOUR + inside
    price = 100 * np.exp(np.cumsum(draw.normal(0, 1e-3, place.size)))
    frame = pl.DataFrame(
        {
            "instrument": [name] * place.size,
            "event_ns": at,
            "received_ns": at + NS_PER_SECOND,
            "price": price,
            "size": draw.uniform(1, 2, place.size),
            "side": draw.choice([-1, 1], place.size),
        }
    )
    return TRADE.conform(frame)


def _bars(ticks: pl.DataFrame) -> pl.DataFrame:
    """Hourly bars of the ticks, known a second after their end."""
    open_ns = (pl.col("event_ns") // NS_PER_HOUR) * NS_PER_HOUR
    made = ticks.group_by("instrument", open_ns.alias("open_ns")).agg(
        open=pl.col("price").first(),
        high=pl.col("price").max(),
        low=pl.col("price").min(),
        close=pl.col("price").last(),
        volume=pl.col("size").sum(),
        signed_volume=(pl.col("size") * pl.col("side")).sum(),
    )
    end = pl.col("open_ns") + NS_PER_HOUR
    return BAR.conform(
        made.with_columns(
            event_ns=end,
            received_ns=end + NS_PER_SECOND,
            bid=pl.col("close") * 0.9999,
            ask=pl.col("close") * 1.0001,
            bid_size=pl.col("volume") / 3,
            ask_size=pl.col("volume") / 2,
        ).sort("instrument", "open_ns")
    )


def _decisions(bars: pl.DataFrame) -> pl.DataFrame:
    """One decision every few bars, at a time of its own between two bars."""
    number = pl.int_range(pl.len()).over("instrument")
    wait = (pl.int_range(pl.len()) * 37 % 3_000 + 1) * NS_PER_SECOND
    chosen = bars.with_columns(number=number, at=pl.col("received_ns") + wait).filter(
        (pl.col("number") >= _FIRST) & (pl.col("number") % _EVERY == 0)
    )
    return DECISION.conform(
        chosen.select(
            "instrument",
            pl.format("{}-{}", "instrument", "number").alias("decision_id"),
            pl.lit("simulated").alias("strategy"),
            pl.when(pl.col("number") // _EVERY % 2 == 0)
            .then(1)
            .otherwise(-1)
            .alias("side"),
            pl.col("at").alias("event_ns"),
            pl.col("at").alias("received_ns"),
        )
    ).sort("received_ns", "decision_id")


def _fills(decisions: pl.DataFrame, ticks: pl.DataFrame) -> pl.DataFrame:
    """Each decision is filled at the next trade after it."""
    joined = decisions.select(
        "decision_id", "instrument", "side", "event_ns"
    ).join_asof(
        ticks.select("instrument", "price", tick_ns="event_ns").sort("tick_ns"),
        left_on="event_ns",
        right_on="tick_ns",
        by="instrument",
        strategy="forward",
        check_sortedness=False,
    )
    return FILL.conform(
        joined.drop_nulls("price").select(
            "decision_id",
            "instrument",
            "side",
            "price",
            pl.format("fill-{}", "decision_id").alias("fill_id"),
            pl.col("tick_ns").alias("event_ns"),
            (pl.col("tick_ns") + NS_PER_SECOND).alias("received_ns"),
            pl.lit(1.0).alias("quantity"),
        )
    )


def _releases(n_bars: int, draw: np.random.Generator) -> pl.DataFrame:
    """One value per day, released 20 hours after its date, revised two days later."""
    days = max(n_bars // 24, 1)
    date = BEGIN_NS + NS_PER_DAY * np.arange(days)
    value = 2 + np.cumsum(draw.normal(0, 0.1, days))
    revised = value + draw.normal(0, 0.05, days)
    return SERIES.conform(
        pl.DataFrame(
            {
                "series": ["prices_yoy.SIM"] * 2 * days,
                "event_ns": np.concatenate([date, date]),
                "received_ns": np.concatenate(
                    [date + 20 * NS_PER_HOUR, date + 3 * NS_PER_DAY]
                ),
                "value": np.concatenate([value, revised]),
            }
        )
    ).sort("received_ns", "event_ns")


def scene(seed: int = 0, n_bars: int = 220) -> Scene:
    """Simulate a small honest market.

    Parameters
    ----------
    seed : int
        Seed of everything.
    n_bars : int
        Hours; one instrument leaves after six tenths of them.
    """
    draw = np.random.default_rng(seed)
    left = int(_LEFT_AFTER * n_bars)
    lengths: dict[str, int] = dict.fromkeys(NAMES, n_bars) | {LEAVES: left}
    ticks = pl.concat([_ticks(name, n, draw) for name, n in lengths.items()])
    bars = _bars(ticks)
    decisions = _decisions(bars)
    until: list[int | None] = [None, None, BEGIN_NS + left * NS_PER_HOUR + NS_PER_HOUR]
    members = pl.DataFrame(
        {"instrument": NAMES, "from_ns": [BEGIN_NS] * len(NAMES), "until_ns": until}
    )
    releases = _releases(n_bars, draw)
    return Scene(ticks, bars, decisions, _fills(decisions, ticks), releases, members)


def gap_rows(n_rows: int, first: int, last: int) -> NDArray[np.bool_]:
    """Mark the rows of a stretch."""
    inside = np.zeros(n_rows, dtype=np.bool_)
    inside[first:last] = True
    return inside
