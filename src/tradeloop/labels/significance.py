"""Is a mean outperformance more than luck: per group, and over all groups together.

1. Time is cut into slices that are no shorter than the longest label, so that labels
   of two slices that are not neighbours share no price. Slices without labels are left
   out. Each slice holds the sum and the number of labels of each group.
2. Slices are drawn in blocks (stationary bootstrap, all groups at once, so that what
   groups have in common stays): intervals, p-values and standard errors of the means.
3. The family: Hansen's test (SPA) says whether any group is better than 0; the
   stepwise test of Romano and Wolf (StepM of `arch`) says which are better or worse
   with all tests together right; Holm's p-values are given beside it. Where blocks are
   few, all of them are widened as Student's t is against the normal.

Ten labels of one hour are no ten facts: they fall in one slice and rise or fall there
together, so they add length to no series.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.errors import InputError, MissingExtraError
from tradeloop.labels.audit.overlap import uniqueness
from tradeloop.labels.base import Floats
from tradeloop.labels.slices import (
    LEAST_BLOCK,
    MEASURES,
    Sliced,
    block_of,
    influence_of,
    resampled,
    sliced,
    widening,
)
from tradeloop.statistics import superior_predictive_ability, wilson

_LEAST_SLICES = 20  # fewer are no series that blocks could be drawn from
_LEAST_ACTIVE = 8  # slices with labels of a group, below which no test is made


@dataclass(frozen=True, slots=True)
class Significance:
    """Groups of labels and how sure their means are.

    Parameters
    ----------
    groups : polars.DataFrame of shape (n_groups, n_columns)
        See `significance`.
    family_p_value : float or None
        Of "no group is better than 0" (SPA, consistent); None where no group can be
        tested.
    slices, block_slices : int
        Slices of time with labels, and the mean length of a block in slices.
    slice_ns : int
        Length of a slice.
    """

    groups: pl.DataFrame
    family_p_value: float | None
    slices: int
    block_slices: int
    slice_ns: int


def _checked(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    needed = (*by, "instrument", "decision_ns", "end_ns", *MEASURES)
    for name in needed:
        if name not in rows.columns:
            raise InputError(
                f"Significance needs the column {name!r}; it is absent.",
                way_out="Take it from the labels of one horizon, without its suffix.",
                source="rows",
                column=name,
            )
    known = rows.select(needed).drop_nulls(["decision_ns", "end_ns", *MEASURES])
    return known.filter(
        pl.all_horizontal(pl.col(name).is_finite() for name in MEASURES)
    )


def holm(p_values: Floats) -> Floats:
    """Holm's adjusted p-values: right for all tests together, however they depend.

    Sorted from the smallest, the k-th of m (from 0) becomes the largest of ``(m - j)
    p[j]`` for ``j <= k``, at most 1. NaN is no test, and stays.

    Parameters
    ----------
    p_values : ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (n,)

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2), 65-70.
    """
    found = np.full(p_values.shape, np.nan)
    order = [int(k) for k in np.argsort(p_values) if not np.isnan(p_values[k])]
    reached = 0.0
    for rank, k in enumerate(order):
        reached = max(reached, min((len(order) - rank) * float(p_values[k]), 1.0))
        found[k] = reached
    return found


def _stepwise(
    influence: Floats, *, size: float, block: int, repeats: int, seed: int
) -> Floats:
    """Whether columns are above 0, and whether below, by StepM; shape (2, n_groups).

    Half of the error is spent on each side.
    """
    from arch.bootstrap import StepM  # noqa: PLC0415

    rows, n = influence.shape
    found = np.zeros((2, n))
    scaled = influence / influence.std(axis=0)
    for place, side in enumerate((1.0, -1.0)):
        test = StepM(
            np.zeros(rows),
            -side * scaled,  # a loss is what one would rather not have
            size=size / 2,
            block_size=block,
            reps=repeats,
            seed=np.random.default_rng(seed),
        )
        test.compute()
        found[place, np.array(test.superior_models, dtype=np.intp)] = 1.0
    return found


def _cautious(influence: Floats, level: float, block: int) -> Floats:
    """Move the means towards 0 as few blocks ask for, at the tail of the family."""
    tail = (1 - level) / (2 * influence.shape[1])
    wider = widening(tail, len(influence) / block)
    moved: Floats = influence - (1 - 1 / wider) * influence.mean(axis=0)
    return moved


def _wins(values: Floats, effective: float, level: float) -> dict[str, float]:
    trials = max(1, round(effective))
    share = float((values > 0).mean())
    ends = wilson(round(share * trials), trials, level=level)
    return {"wins": share, "wins_low": ends.low, "wins_high": ends.high}


def _intervals(
    parts: Sliced,
    draws: Floats,
    testable: NDArray[np.bool_],
    *,
    level: float,
    blocks: float,
) -> dict[str, Floats]:
    """Mean, ends and p-value of each measure by group; NaN where there is no test."""
    total = parts.counts.sum(axis=0)
    found: dict[str, Floats] = {}
    wider = widening((1 - level) / 2, blocks)
    tails = [(1 - level) / 2, (1 + level) / 2]
    for place, name in enumerate(MEASURES):
        mean = parts.sums[name].sum(axis=0) / total
        drawn = draws[:, place, :]
        usable = testable & (np.isnan(drawn).mean(axis=0) < 0.01)  # noqa: PLR2004
        away = (np.where(np.isnan(drawn), mean, drawn) - mean) * wider
        low, high = mean + np.quantile(away, tails, axis=0)
        # The draws, moved so that their mean is 0, are what a world without edge shows.
        beyond = (np.abs(away) >= np.abs(mean)).sum(axis=0)
        p_value = (1 + beyond) / (1 + len(away))
        stem = name.removesuffix("_bps")
        found[f"{stem}_bps"] = mean
        for end, values in (("low", low), ("high", high)):
            found[f"{stem}_{end}_bps"] = np.where(usable, values, np.nan)
        found[f"{stem}_p_value"] = np.where(usable, p_value, np.nan)
        found[f"{stem}_error_bps"] = np.where(usable, away.std(axis=0, ddof=1), np.nan)
    return found


def significance(
    rows: pl.DataFrame,
    *,
    by: Sequence[str] = ("rule", "strategy", "regime"),
    tested: Literal["outperformance_bps", "net_bps"] = "net_bps",
    level: float = 0.95,
    power: float = 0.8,
    repeats: int = 1000,
    seed: int,
) -> Significance:
    """Test the mean outperformance of groups of labels against 0.

    Parameters
    ----------
    rows : polars.DataFrame of shape (n_labels, any)
        Labels of one horizon, in any order: the columns of ``by``, instrument,
        decision_ns, end_ns, outperformance_bps, net_bps. Rows in which one of the last
        four is missing are left out.
    by : sequence of str
        Columns that make the groups, such as the label rule, the strategy and the
        regime at the decision.
    tested : {"outperformance_bps", "net_bps"}
        Which mean the tests of the whole family ask about.
    level : float
        Coverage of intervals; the family-wise error is ``1 - level``.
    power : float
        With which the detectable effect would be found.
    repeats : int
        Number of resamples.
    seed : int
        Seed of the generators: the same seed gives the same figures.

    Returns
    -------
    Significance
        ``groups`` has, sorted by the columns of ``by``:

        - labels; effective: sum of their uniqueness, the number of labels without
          overlap that they amount to;
        - outperformance_bps, with _low_bps, _high_bps, _error_bps (standard error) and
          _p_value (two-sided, this group alone); the same for net;
        - p_adjusted: Holm's, of ``tested``, over all groups;
        - better, worse: whether StepM finds the group's mean above or below 0;
        - wins: share of labels above 0 in ``tested``, with its Wilson interval on the
          effective number;
        - detectable_bps: least true mean that one such test would find with ``power``.

        Null where a group has labels in fewer than 8 slices, and everywhere where there
        are fewer than 20 slices in all.

    Raises
    ------
    InputError
        A column is absent, ``by`` is empty, or no row has a label.
    MissingExtraError
        The ``arch`` package is not installed.

    References
    ----------
    Politis and Romano (1994), JASA 89; Politis and White (2004), Econometric Reviews
    23; Romano and Wolf (2005), Econometrica 73; Hansen (2005), JBES 23.
    """
    try:
        import arch.bootstrap  # noqa: F401, PLC0415
    except ImportError as missing:
        raise MissingExtraError("arch", "models") from missing
    known, keys, group = _grouped(rows, by)
    parts = sliced(known, group, keys.height)
    influence = influence_of(parts, tested)
    active = (parts.counts > 0).sum(axis=0) >= _LEAST_ACTIVE
    testable = active & (len(influence) >= _LEAST_SLICES) & (influence.std(axis=0) > 0)
    block = block_of(influence[:, testable]) if testable.any() else LEAST_BLOCK
    draws = resampled(parts, block=block, repeats=repeats, seed=seed)
    made: dict[str, Any] = _intervals(
        parts, draws, testable, level=level, blocks=len(influence) / block
    )
    stem = tested.removesuffix("_bps")
    z = NormalDist()
    reach = z.inv_cdf((1 + level) / 2) + z.inv_cdf(power)
    made["p_adjusted"] = holm(made[f"{stem}_p_value"])
    made["detectable_bps"] = reach * made[f"{stem}_error_bps"]
    family = None
    signs = np.full((2, keys.height), np.nan)
    if testable.any():
        inside = _cautious(influence[:, testable], level, block)
        signs[:, testable] = _stepwise(
            inside, size=1 - level, block=block, repeats=repeats, seed=seed
        )
        family = superior_predictive_ability(
            np.zeros(len(inside)), -inside, block_rows=block, seed=seed, repeats=repeats
        ).consistent
    counted = _counted(known, group, keys.height, tested, level)
    table = pl.concat([keys, counted, pl.DataFrame(made)], how="horizontal")
    verdicts = (
        pl.Series(name, signs[k], nan_to_null=True).cast(pl.Boolean)
        for k, name in enumerate(("better", "worse"))
    )
    table = table.with_columns(pl.col(pl.Float64).fill_nan(None)).with_columns(verdicts)
    return Significance(table, family, len(influence), block, parts.slice_ns)


def _grouped(
    rows: pl.DataFrame, by: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame, NDArray[np.intp]]:
    """Known rows, the groups, and the group of each row."""
    if not by:
        raise InputError(
            "Labels must be grouped by at least one column.",
            way_out="Give by, such as ['strategy'].",
            source="by",
        )
    known = _checked(rows, by)
    if not known.height:
        raise InputError(
            "No row has a label.",
            way_out="Wait until labels are there, or take another horizon.",
            source="rows",
        )
    keys = known.select(by).unique().sort(by)
    numbered = keys.with_row_index("group")
    joined = known.join(numbered, on=list(by), nulls_equal=True, maintain_order="left")
    return known, keys, joined["group"].to_numpy().astype(np.intp)


def _counted(
    known: pl.DataFrame,
    group: NDArray[np.intp],
    n_groups: int,
    tested: str,
    level: float,
) -> pl.DataFrame:
    """Labels, effective number and wins of each group."""
    begin, end = known["decision_ns"].to_numpy(), known["end_ns"].to_numpy()
    names, values = known["instrument"].to_numpy(), known[tested].to_numpy()
    found = []
    for k in range(n_groups):
        rows = np.flatnonzero(group == k)
        effective = float(uniqueness(begin[rows], end[rows], names[rows]).sum())
        counts = {"labels": len(rows), "effective": effective}
        found.append(counts | _wins(values[rows], effective, level))
    return pl.DataFrame(found)
