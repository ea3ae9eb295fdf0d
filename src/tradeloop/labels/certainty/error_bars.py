"""The error bar of each label: interval, probability of each class, inside the noise.

1. The decisions are cut into spans as for the labels (`labels.groups`).
2. `standing` estimates the efficient price of instrument and benchmark at the decision
   and at the due time, from quotes known when the label was.
3. The four errors, which may go together, make that of the outperformance.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.labels.base import MISSING_NS, Floats, Times
from tradeloop.labels.certainty.classes import (
    Error,
    class_probabilities,
    combined,
    half_width,
)
from tradeloop.labels.certainty.observations import of_bars, of_quotes
from tradeloop.labels.certainty.rule import CertaintyRule
from tradeloop.labels.certainty.standing import Fits, Standing, standing
from tradeloop.labels.groups import groups
from tradeloop.labels.outcome import WORDS, outcome_of
from tradeloop.labels.rules import LabelPlan
from tradeloop.labels.span import Span

_RULE = CertaintyRule()
_FEW = 30  # moves that weigh as much as the guess that there is no correlation
NUMBERS = (
    "best_bps",
    "error_bps",
    "low_bps",
    "high_bps",
    *(f"probability_{word.lower()}" for word in WORDS),
    "class_probability",
)


def certainty_schema(plan: LabelPlan) -> dict[str, pl.DataType]:
    """Columns of the frame that `certainty` returns, in order.

    Parameters
    ----------
    plan : LabelPlan
        Gives the horizons.
    """
    schema: dict[str, pl.DataType] = {"decision_id": pl.String()}
    for suffix in plan.suffixes:
        schema |= {f"{name}_{suffix}": pl.Float64() for name in NUMBERS}
        schema[f"true_class_{suffix}"] = pl.String()
        schema[f"inside_noise_{suffix}"] = pl.Boolean()
        schema[f"certain_ns_{suffix}"] = pl.Int64()
    return schema


class _Seen:
    """Observations of each instrument, made once."""

    def __init__(
        self,
        bars: pl.DataFrame,
        quotes: pl.DataFrame | None,
        plan: LabelPlan,
        rule: CertaintyRule,
    ) -> None:
        self._bars, self._plan, self._rule = bars, plan, rule
        self._quotes = bars.clear() if quotes is None else quotes
        self._made: dict[str, Fits] = {}

    def of(self, instrument: str) -> Fits:
        if instrument not in self._made:
            here = pl.col("instrument") == instrument
            ticks = self._quotes.filter(here)
            if ticks.height:
                made = of_quotes(ticks)
            else:
                half = self._plan.costs.half_spread_bps
                made = of_bars(self._bars.filter(here), half_spread_bps=half)
            self._made[instrument] = Fits(made, self._rule)
        return self._made[instrument]


def correlation_at(first: Fits, second: Fits, known_ns: Times) -> Floats:
    """Correlation of two instruments' moves, from all that was known at each time.

    A move of the first over ``window_rows`` rows is held against that of the second
    from the last row before it to the first one after it; with ``q`` the mean of the
    product of their signs it is ``sin(pi q / 2)``, whatever volatility did meanwhile.
    It is drawn to 0 as if 30 moves without correlation had been there already.

    Parameters
    ----------
    first, second : Fits
        Of the two instruments.
    known_ns : ndarray of shape (n,)
        ns UTC.

    Returns
    -------
    ndarray of shape (n,)
        Between -1 and 1.

    References
    ----------
    Blomqvist (1950), Annals of Mathematical Statistics 21, 593-600; the pairing is that
    of Hayashi and Yoshida (2005), Bernoulli 11(2), 359-379.
    """
    one, two = first.seen, second.seen
    step = first.rule.window_rows
    if not (len(one) and len(two)):
        return np.zeros(len(known_ns))
    rows = np.arange(0, len(one), step)
    low = np.searchsorted(two.stood_ns, one.stood_ns[rows[:-1]], side="right") - 1
    high = np.searchsorted(two.stood_ns, one.stood_ns[rows[1:]], side="left")
    inside = (low >= 0) & (high < len(two))
    rows, high, low = rows[1:][inside], high[inside], low[inside]
    moved = one.level_bps[rows] - one.level_bps[rows - step]
    signs = np.sign(moved) * np.sign(two.level_bps[high] - two.level_bps[low])
    known = np.maximum(one.known_ns[rows], two.known_ns[high])
    place = np.searchsorted(known, known_ns, side="right")
    summed = np.concatenate([[0.0], np.cumsum(signs)])[place]
    found: Floats = np.sin(np.pi / 2 * summed / (place + _FEW))
    return found


def _error(
    part: Span,
    own: Fits,
    other: Fits | None,
    known_ns: Times,
) -> Error:
    """Outperformance between efficient prices, with its error."""
    legs: list[tuple[Standing, Standing]] = []
    for seen in (own,) if other is None else (own, other):
        entry = standing(seen, part.decision_ns, known_ns)
        legs.append((entry, standing(seen, part.due_ns, known_ns)))
    factors: list[Floats] = []
    parts: list[Standing] = []
    best = np.zeros(len(known_ns))
    sides = (part.side.astype(np.float64), np.full(len(known_ns), -1.0))
    for (entry, due), side in zip(legs, sides, strict=False):
        grown = np.exp((due.level_bps - entry.level_bps) * 1e-4)
        best = best + 1e4 * side * (grown - 1)
        factors += [-side * grown, side * grown]
        parts += [entry, due]
    same = np.ones(len(known_ns))
    across = same
    if other is not None:
        across = correlation_at(own, other, known_ns)
    table = [[same if i // 2 == j // 2 else across for j in range(4)] for i in range(4)]
    return Error(best, *combined(factors, parts, table, degrees=own.rule.degrees))


def _paid(part: Span, known: NDArray[np.bool_]) -> Floats | float:
    """Costs that the graded figure takes off."""
    if part.plan.rule.graded == "gross":
        return 0.0
    costs = part.plan.costs
    held = np.where(known, part.leg.exit_ns, part.decision_ns) - part.decision_ns
    return costs.round_trip_bps() + costs.financing_bps(held)


def _columns(
    part: Span, error: Error, known_ns: Times, rule: CertaintyRule
) -> Iterator[tuple[str, NDArray[np.generic]]]:
    known = known_ns != MISSING_NS
    base = np.where(known, part.benchmark_returns, np.nan)
    gross = 1e4 * (part.side * part.leg.returns - base)
    paid = _paid(part, known)
    chances = class_probabilities(
        error, part.plan.rule, unit_bps=part.unit_bps, paid_bps=paid
    )
    stated = outcome_of(gross - paid, part.plan.rule, part.unit_bps)
    given = known & ~np.isnan(chances).any(axis=1) & ~np.isnan(stated)
    row = np.arange(len(given))
    place = np.where(given, stated + 2, 0).astype(np.intp)
    likely = np.where(given, np.nan_to_num(chances).argmax(axis=1) - 2.0, np.nan)
    chance = np.where(given, chances[row, place], np.nan)
    reach = half_width(error, rule.level)
    numbers = {
        "best_bps": error.best_bps,
        "error_bps": np.sqrt(error.variance),
        "low_bps": error.best_bps - reach,
        "high_bps": error.best_bps + reach,
        **{NUMBERS[4 + k]: chances[:, k] for k in range(len(WORDS))},
        "class_probability": chance,
    }
    for name, values in numbers.items():
        yield name, np.where(given, values, np.nan)
    yield "true_class", likely
    yield "inside_noise", np.where(given, chance < rule.level, np.nan)
    yield "certain_ns", np.where(given, known_ns, MISSING_NS)


def _put(
    table: dict[str, NDArray[np.generic]],
    rows: NDArray[np.intp],
    columns: Iterator[tuple[str, NDArray[np.generic]]],
    height: int,
) -> None:
    """Put the columns of one span to the rows of their decisions."""
    for name, values in columns:
        if name not in table:
            missing = MISSING_NS if values.dtype == np.int64 else np.nan
            table[name] = np.full(height, missing, dtype=values.dtype)
        table[name][rows] = values


def _of_span(
    part: Span, own: Fits, other: Fits | None, rule: CertaintyRule
) -> Iterator[tuple[str, NDArray[np.generic]]]:
    ended = np.where(part.verdict == 0, part.end_ns, MISSING_NS)
    ready = np.where(ended == MISSING_NS, MISSING_NS, ended + rule.settle_ns)
    ready = np.where(ready > part.plan.known_until_ns, MISSING_NS, ready)
    error = _error(part, own, other, np.where(ready == MISSING_NS, 0, ready))
    return _columns(part, error, ready, rule)


def certainty(
    decisions: pl.DataFrame,
    bars: pl.DataFrame,
    quotes: pl.DataFrame | None = None,
    *,
    plan: LabelPlan,
    rule: CertaintyRule = _RULE,
) -> pl.DataFrame:
    """Give every label its error bar.

    The truth meant is the outperformance between efficient prices at the decision and
    at the due time; the label's own figure is between prices as they were known.

    Parameters
    ----------
    decisions, bars, quotes
        As in `labels.apply.label`.
    plan : LabelPlan
        As the labels were cut by.
    rule : CertaintyRule
        How the error is estimated.

    Returns
    -------
    polars.DataFrame of shape (n_decisions, n_columns)
        In the order of ``decisions``; decision_id and for each horizon h:

        - ``best_bps_h``: estimate of the true outperformance; ``error_bps_h``: its
          standard error; ``low_bps_h``, ``high_bps_h``: interval of ``rule.level``;
        - ``probability_bad_h`` to ``probability_excellent_h``: of the five classes of
          the graded figure; ``true_class_h``: the most probable one;
        - ``class_probability_h``: of the class that the label states;
          ``inside_noise_h``: whether that is below ``rule.level``;
        - ``certain_ns_h``: when all this was known.

        Null where the label is, where fewer than ``rule.least_rows`` prices were known,
        and where the wait of ``rule.settle_ns`` is not over.

    Raises
    ------
    InputError
        As in `labels.apply.label`.
    MissingExtraError
        The ``scipy`` package is not installed.
    """
    seen = _Seen(bars, quotes, plan, rule)
    table: dict[str, NDArray[np.generic]] = {}
    for group in groups(decisions, bars, quotes, plan):
        own = seen.of(group.instrument)
        other = None
        if plan.benchmark is not None and plan.benchmark != group.instrument:
            other = seen.of(plan.benchmark)
        for part, suffix in zip(group.spans, plan.suffixes, strict=True):
            named = (
                (f"{name}_{suffix}", values)
                for name, values in _of_span(part, own, other, rule)
            )
            _put(table, group.rows, named, decisions.height)
    schema = certainty_schema(plan)
    if not table:
        return pl.DataFrame(schema=schema)
    made = [decisions["decision_id"].cast(pl.String)]
    for name, dtype in schema.items():
        if name in table:
            made.append(_series(name, dtype, table[name]))
    return pl.DataFrame(made).select(list(schema))


def _series(name: str, dtype: pl.DataType, values: NDArray[np.generic]) -> pl.Series:
    series = pl.Series(name, values, nan_to_null=True)
    if dtype == pl.Int64():
        return series.set(series == MISSING_NS, None)
    if dtype == pl.String():
        codes = (series + 2).cast(pl.UInt32)
        return pl.Series(name, WORDS, dtype=pl.String).gather(codes)
    return series.cast(dtype)
