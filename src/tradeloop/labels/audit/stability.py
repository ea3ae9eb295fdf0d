"""Stability: how many classes flip when a price or a clock is off by a step.

Each decision is labelled again, by the very code that labels, with

- all prices after the decision one tick higher, or one tick lower, against the price at
  the decision: what a trade at the other side of a quote would have seen;
- the decision dated one second earlier, or one second later.

A class flips if it is not the one it was. Where it is not known any more it has not
flipped: it is lost. The share of flips is given for all rows, per class, and per
distance of the graded figure from the nearest bound of a class. A class that a tick can
change says less about the decision than about the tick.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_SECOND
from tradeloop.errors import InputError
from tradeloop.labels.apply import label
from tradeloop.labels.audit.windows import (
    COLUMNS,
    RECORDS,
    Windows,
    as_rows,
    lanes_of,
    moved,
    part_of,
    windows_of,
)
from tradeloop.labels.base import Floats
from tradeloop.labels.groups import Group, groups
from tradeloop.labels.outcome import Outcome
from tradeloop.labels.rules import LabelPlan
from tradeloop.labels.span import Span

DISTANCES_BPS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_CLASS = "decision_outcome"
_BOUNDS = ("bad_bps", "poor_bps", "good_bps", "excellent_bps")
_MOST_ROWS = 2_000_000  # price rows that are labelled at once
_STEPS = {"tick_up": 1.0, "tick_down": -1.0}
_SHIFTS = {"second_earlier": -1, "second_later": 1}


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """How many classes flip.

    Parameters
    ----------
    rows : int
        Decisions that were labelled again.
    of : int
        Labelled decisions that they were taken from, evenly in time.
    table : polars.DataFrame of shape (n_groups, 6)
        ``change``: tick_up, tick_down, second_earlier, second_later, or any of them;
        ``group``: all, a class, or a distance in bps such as ``below 5 bps`` (and not
        below the one before it); rows, flipped, lost; ``share`` flipped of the rows
        that were not lost.
    """

    rows: int
    of: int
    table: pl.DataFrame

    def share(self, change: str = "any", group: str = "all") -> float:
        """Share of classes that flip under a change, in a group; NaN without a row."""
        found = self.table.filter(change=change, group=group)["share"]
        known = len(found) and found[0] is not None
        return float(found[0]) if known else float("nan")

    def as_mapping(self) -> dict[str, Any]:
        """Plain values, for a data quality report."""
        return {"rows": self.rows, "of": self.of, "table": self.table.to_dicts()}


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Decisions of one instrument that are labelled again."""

    group: Group
    place: NDArray[np.intp]  # in the spans

    @property
    def row(self) -> NDArray[np.intp]:
        """Return the rows in the frame of decisions."""
        return self.group.rows[self.place]


def tick_sizes(
    bars: pl.DataFrame, quotes: pl.DataFrame | None = None
) -> dict[str, float]:
    """Take the least step between prices that occurred for the tick of an instrument.

    An instrument that traded at few prices may have a smaller tick than this tells.

    Parameters
    ----------
    bars, quotes : polars.DataFrame
        As in `labels.apply.label`.

    Returns
    -------
    dict of str to float
        By instrument; those with a single price are absent.
    """
    columns: list[tuple[pl.DataFrame, tuple[str, ...]]]
    columns = [(bars, ("high", "low", "close"))]
    columns += [] if quotes is None else [(quotes, ("bid", "ask"))]
    found: dict[str, float] = {}
    for frame, names in columns:
        for (name,), part in frame.partition_by("instrument", as_dict=True).items():
            prices = np.unique(np.concatenate([part[c].to_numpy() for c in names]))
            steps = np.diff(prices)
            steps = steps[steps > 1e-9 * prices[1:]]  # less is rounding of the float
            if len(steps):
                found[str(name)] = float(np.format_float_scientific(steps.min(), 4))
    return found


def stability(
    decisions: pl.DataFrame,
    bars: pl.DataFrame,
    quotes: pl.DataFrame | None = None,
    *,
    plan: LabelPlan,
    ticks: Mapping[str, float] | None = None,
    step_ns: int = NS_PER_SECOND,
    at_most: int = 2000,
) -> Stability:
    """Label decisions again with prices and times moved by the least there is.

    Parameters
    ----------
    decisions, bars, quotes : polars.DataFrame
        As in `labels.apply.label`.
    plan : LabelPlan
        How they are labelled; the class is that of the first horizon.
    ticks : mapping of str to float, optional
        Least step of the price of each instrument; `tick_sizes` where absent.
    step_ns : int
        By how much the time of a decision is moved, ns.
    at_most : int
        Decisions that are labelled again, taken evenly from the labelled ones.

    Raises
    ------
    InputError
        An instrument has no tick, or as in `labels.apply.label`.
    """
    sizes = tick_sizes(bars, quotes) if ticks is None else ticks
    plan = replace(plan, horizons_ns=plan.horizons_ns[:1])
    cut = list(groups(decisions, bars, quotes, plan))
    chosen, of = _chosen(cut, decisions.height, at_most)
    samples = [s for s in (_sample(group, chosen) for group in cut) if len(s.place)]
    before, distance = _graded(samples)
    after: dict[str, pl.Series] = {}
    for change, sign in _STEPS.items():
        parts = [_with_prices_moved(s, sizes, sign, plan) for s in samples]
        after[change] = pl.concat([pl.Series(dtype=pl.String), *parts])
    rows = np.concatenate([np.zeros(0, np.intp), *(s.row for s in samples)])
    asked = decisions[rows]
    for change, sign in _SHIFTS.items():
        later = asked.with_columns(
            pl.col("received_ns").cast(pl.Int64) + sign * step_ns
        )
        after[change] = _classes(later, bars, quotes, plan)
    return Stability(len(before), of, _table(before, distance, after))


def _chosen(
    cut: list[Group], height: int, at_most: int
) -> tuple[NDArray[np.bool_], int]:
    """Which labelled decisions to take, evenly in time, and how many there are."""
    when = np.zeros(height, dtype=np.int64)
    known = np.zeros(height, dtype=np.bool_)
    for group in cut:
        known[group.rows] = group.spans[0].verdict == 0
        known[group.rows] &= ~np.isnan(_class_codes(group.spans[0]))
        when[group.rows] = group.spans[0].decision_ns
    labelled = np.flatnonzero(known)
    labelled = labelled[np.argsort(when[labelled], kind="stable")]
    take = np.linspace(0, len(labelled) - 1, min(at_most, len(labelled)))
    chosen = np.zeros(height, dtype=np.bool_)
    chosen[labelled[np.unique(np.round(take).astype(np.intp))]] = True
    return chosen, len(labelled)


def _class_codes(span: Span) -> Floats:
    return np.asarray(Outcome().label(span).values[_CLASS], dtype=np.float64)


def _sample(group: Group, chosen: NDArray[np.bool_]) -> _Sample:
    return _Sample(group, np.flatnonzero(chosen[group.rows]))


def _graded(samples: list[_Sample]) -> tuple[pl.Series, Floats]:
    """Return class and distance from the nearest bound, bps, of each sample."""
    codes, distance = [np.zeros(0)], [np.zeros(0)]
    for sample in samples:
        span, rule = sample.group.spans[0], sample.group.spans[0].plan.rule
        values = Outcome().label(span).values
        figure = values["net_bps" if rule.graded == "net" else "outperformance_bps"]
        bounds = np.array([getattr(rule, name) for name in _BOUNDS])
        gap = np.abs(figure[:, None] - bounds * span.unit_bps[:, None]).min(axis=1)
        codes.append(values[_CLASS][sample.place])
        distance.append(gap[sample.place])
    words = next(o.words for o in Outcome().outputs if o.stem == _CLASS)
    place = pl.Series(np.concatenate(codes) + len(words) // 2).cast(pl.UInt32)
    return pl.Series(words).gather(place), np.concatenate(distance)


def _with_prices_moved(
    sample: _Sample, sizes: Mapping[str, float], sign: float, plan: LabelPlan
) -> pl.Series:
    """Return classes with the prices after each decision moved by a tick."""
    group = sample.group
    if group.instrument not in sizes:
        raise InputError(
            f"There is no tick of {group.instrument!r}.",
            way_out="Give ticks={instrument: least step of its price}.",
            source="ticks",
        )
    by = sign * sizes[group.instrument]
    windows = windows_of(group.spans[0], sample.place)
    found = [
        _moved_classes(sample, part, part_of(windows, part), by, plan)
        for part in _portions(windows)
    ]
    return pl.concat([pl.Series(dtype=pl.String), *found])


def _portions(windows: Windows) -> Iterator[NDArray[np.intp]]:
    """Cut the windows into portions that are not too many rows."""
    total = np.cumsum(windows.stop - windows.first)
    portion = (total - 1) // _MOST_ROWS
    for number in np.unique(portion):
        yield np.flatnonzero(portion == number)


def _moved_classes(
    sample: _Sample,
    part: NDArray[np.intp],
    windows: Windows,
    by: float,
    plan: LabelPlan,
) -> pl.Series:
    span, lane = sample.group.spans[0], lanes_of(windows)
    names = [f"{sample.group.instrument}\x1f{k}" for k in range(int(lane.max()) + 1)]
    place = sample.place[part]
    asked = pl.DataFrame(
        {
            "decision_id": [str(k) for k in place],
            "instrument": np.array(names)[lane],
            "side": span.side[place],
            "received_ns": span.decision_ns[place],
        }
    )
    frames = {kind: [RECORDS[kind].empty().select(COLUMNS[kind])] for kind in COLUMNS}
    frames[windows.path.kind].append(moved(windows, lane, names, by))
    if span.benchmark is not None:
        path = span.benchmark.path
        name = np.full(len(path), plan.benchmark)
        frames[path.kind].append(as_rows(path, np.arange(len(path)), name))
    return _classes(asked, pl.concat(frames["bar"]), pl.concat(frames["tick"]), plan)


def _classes(
    decisions: pl.DataFrame,
    bars: pl.DataFrame,
    quotes: pl.DataFrame | None,
    plan: LabelPlan,
) -> pl.Series:
    if not decisions.height:
        return pl.Series(dtype=pl.String)
    return label(
        decisions,
        bars,
        quotes,
        horizons_ns=plan.horizons_ns,
        benchmark=plan.benchmark,
        rule=plan.rule,
        costs=plan.costs,
        wait_ns=plan.wait_ns,
        as_of_ns=plan.as_of_ns,
    )[_CLASS]


def _groups_of(before: pl.Series, distance: Floats) -> dict[str, NDArray[np.bool_]]:
    """Rows of each group: all, per class, per distance."""
    found = {"all": np.ones(len(before), dtype=np.bool_)}
    words = next(o.words for o in Outcome().outputs if o.stem == _CLASS)
    found |= {word: (before == word).to_numpy() for word in words}
    least = 0.0
    for most in DISTANCES_BPS:
        found[f"below {most:g} bps"] = (distance >= least) & (distance < most)
        least = most
    return found | {f"from {least:g} bps": distance >= least}


def _table(
    before: pl.Series, distance: Floats, after: Mapping[str, pl.Series]
) -> pl.DataFrame:
    lost = {name: found.is_null().to_numpy() for name, found in after.items()}
    flipped = {
        name: (found != before).fill_null(value=False).to_numpy()
        for name, found in after.items()
    }
    none = np.zeros(len(before), dtype=np.bool_)
    flipped["any"] = np.logical_or.reduce([none, *flipped.values()])
    lost["any"] = np.logical_and.reduce(list(lost.values()))
    rows = []
    for change, flips in flipped.items():
        for name, here in _groups_of(before, distance).items():
            kept = int((here & ~lost[change]).sum())
            rows.append(
                {
                    "change": change,
                    "group": name,
                    "rows": int(here.sum()),
                    "flipped": int((flips & here).sum()),
                    "lost": int((lost[change] & here).sum()),
                    "share": float((flips & here).sum() / kept) if kept else None,
                }
            )
    return pl.DataFrame(rows, schema_overrides={"share": pl.Float64()})
