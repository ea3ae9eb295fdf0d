"""Counting: from evidence and findings to the sums that measures are computed from.

Every figure is a quotient of such sums. So the figures of an instrument, of an hour, of
a live stream and of the whole are the same formulas over other rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import polars as pl

from tradeloop.quality.accuracy import compared_with_truth
from tradeloop.quality.anomalies.late_tick import stated_of
from tradeloop.quality.base import Detector, Evidence, Found, Tally
from tradeloop.quality.missing import cells_of

Group: TypeAlias = tuple[object, ...]


def _sources(evidence: Evidence) -> Iterable[tuple[str, pl.DataFrame]]:
    """Rows that are counted one by one: what they count as, and the rows."""
    ticks = evidence.ticks
    frames = {
        "bars": (evidence.bars, ("bars", "stamped")),
        "decisions": (evidence.decisions, ("decisions", "stamped")),
        "fills": (evidence.fills, ("fills", "stamped")),
        "quotes": (ticks.get("quote"), ("quotes",)),
        **{kind: (frame, ("ticks", "stamped")) for kind, frame in ticks.items()},
    }
    for frame, names in frames.values():
        if frame is not None:
            for name in names:
                yield name, frame
    truth = compared_with_truth(evidence)
    yield "compared_with_truth", truth
    yield "near_truth", truth.filter("near")
    if evidence.stated_ns:
        for frame in ticks.values():
            yield "stated", frame.filter(stated_of(evidence).is_not_null())
    yield from _judged_elsewhere(evidence)


def _judged_elsewhere(evidence: Evidence) -> Iterable[tuple[str, pl.DataFrame]]:
    keys = ["instrument", "event_ns"]
    if evidence.regimes is not None:
        known = evidence.regimes.filter(pl.col("regime").is_not_null())
        yield "regimes", evidence.bars.join(known.select(keys), on=keys, how="semi")
    if evidence.scorer is not None and evidence.features is not None:
        names = list(evidence.scorer.columns)
        whole = pl.all_horizontal(pl.col(names).fill_nan(None).is_not_null())
        yield "scored", evidence.features.filter(whole)


def _of_whole(evidence: Evidence) -> dict[str, float]:
    """Count what belongs to no instrument."""
    rows, delivered = evidence.rows, evidence.delivered
    return {
        "read": float(rows.read),
        "quarantined": float(rows.quarantined),
        "stamped": float(rows.read if rows.clock_cut else 0),
        "delivered": 0.0 if delivered is None else float(delivered["received"].sum()),
    }


def _cells(evidence: Evidence) -> list[pl.DataFrame]:
    frames = (evidence.bars, evidence.features)
    return [frame for frame in frames if frame is not None]


def tally_of(evidence: Evidence, found: Found) -> Tally:
    """Count the whole.

    Parameters
    ----------
    evidence : Evidence
        What was looked at.
    found : mapping of str to polars.DataFrame
        What each detector found.
    """
    counts = _of_whole(evidence)
    for name, frame in _sources(evidence):
        counts[name] = counts.get(name, 0.0) + frame.height
    for frame in _cells(evidence):
        cells = cells_of(frame)
        for name in ("cells_present", "cells"):
            counts[name] = counts.get(name, 0.0) + float(cells[name].sum() or 0)
    for name, rows in found.items():
        counts[name] = float(rows.select(_count(rows)).item())
    return Tally(counts, frozenset(found))


def _count(rows: pl.DataFrame) -> pl.Expr:
    """Rows that a finding stands for: the sum of its counts, or else its rows."""
    return pl.col("count").sum() if "count" in rows.columns else pl.len()


def tallies_by(
    evidence: Evidence, found: Found, by: Sequence[pl.Expr]
) -> Mapping[Group, Tally]:
    """Count group by group.

    Parameters
    ----------
    evidence, found
        As in `tally_of`; what has no instrument belongs to no group.
    by : sequence of polars.Expr
        Named expressions of instrument and event_ns.

    Returns
    -------
    mapping of tuple to Tally
        In the order of the groups.
    """
    parts = [
        frame.group_by(by)
        .agg(pl.len().cast(pl.Float64).alias("n"))
        .with_columns(what=pl.lit(name))
        for name, frame in _sources(evidence)
    ]
    for frame in _cells(evidence):
        cells = cells_of(frame, by)
        parts += [
            cells.rename({name: "n"}).with_columns(what=pl.lit(name))
            for name in ("cells_present", "cells")
        ]
    for name, rows in found.items():
        if "instrument" in rows.columns and "event_ns" in rows.columns:
            placed = rows.filter(pl.col("instrument").is_not_null())
            number = _count(rows).cast(pl.Float64).alias("n")
            grouped = placed.group_by(by).agg(number)
            parts.append(grouped.with_columns(what=pl.lit(name)))
    names = [expression.meta.output_name() for expression in by]
    whole = pl.concat(part.select(*names, "what", "n") for part in parts)
    sums = whole.group_by(*names, "what").agg(pl.col("n").sum()).drop_nulls()
    counts: dict[Group, dict[str, float]] = {}
    for *group, what, n in sums.sort(names).iter_rows():
        counts.setdefault(tuple(group), {})[what] = n
    ran = frozenset(found)
    return {group: Tally(each, ran) for group, each in counts.items()}


def learn_usual(
    evidence: Evidence, detectors: Sequence[Detector]
) -> Mapping[str, pl.DataFrame]:
    """Learn what is usual, to judge other rows of the same sources by it.

    Parameters
    ----------
    evidence : Evidence
        Rows that are taken for usual.
    detectors : sequence of Detector
        Those that learn something.

    Returns
    -------
    mapping of str to polars.DataFrame
        For `Evidence.usual`; what the evidence brings in its own is kept.
    """
    return {d.name: evidence.usual_for(d) for d in detectors if d.learn is not None}
