"""Do the error bars hold: labels of a simulated market against its known truth."""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import polars as pl

from tradeloop.clock import NS_PER_DAY, NS_PER_MINUTE
from tradeloop.costs import CostModel
from tradeloop.events import BAR
from tradeloop.labels.base import Floats
from tradeloop.labels.certainty.error_bars import certainty
from tradeloop.labels.certainty.rule import CertaintyRule
from tradeloop.labels.groups import groups
from tradeloop.labels.outcome import WORDS, outcome_of
from tradeloop.labels.rules import LabelPlan, OutcomeRule
from tradeloop.simulation import BEGIN_NS, USUAL, Preset, Simulated, shipped, simulate
from tradeloop.simulation.between import efficient_at
from tradeloop.statistics import wilson

HALF_VOLATILITY = OutcomeRule(
    excellent_bps=1.0,
    good_bps=0.5,
    poor_bps=-0.5,
    bad_bps=-1.0,
    neutral_bps=0.5,
    unit="volatility",
)
HORIZONS_NS = tuple(minutes * NS_PER_MINUTE for minutes in (1, 5, 15, 60, 240))
_TRUTH_SEED = 1  # of what lies between messages
_RULE = CertaintyRule()


def random_decisions(market: Simulated, *, count: int, seed: int) -> pl.DataFrame:
    """Decide at random moments, on random instruments and sides: 1 row a decision.

    Parameters
    ----------
    market : Simulated
        Gives instruments and length.
    count : int
        Number of decisions.
    seed : int
        Seed.
    """
    rng = np.random.default_rng(seed)
    length = round(market.about["days"] * NS_PER_DAY)
    at = np.sort(rng.integers(0, length, count)) + BEGIN_NS
    names = np.array(market.about["instruments"])
    return pl.DataFrame(
        {
            "decision_id": [f"d{k:07}" for k in range(count)],
            "instrument": names[rng.integers(0, len(names), count)],
            "side": rng.choice(np.array([-1, 1], dtype=np.int8), count),
            "received_ns": at,
        }
    )


def minute_bars(quotes: pl.DataFrame) -> pl.DataFrame:
    """Make bars of one minute of mids, known at their end, as of a feed without quotes.

    Parameters
    ----------
    quotes : polars.DataFrame of shape (n_quotes, n_columns of QUOTE)
        Of any instruments; taken in the order of their receipt.
    """
    mid = (pl.col("bid") + pl.col("ask")) / 2
    minute = (pl.col("received_ns") // NS_PER_MINUTE) * NS_PER_MINUTE
    grouped = quotes.sort("received_ns", "event_ns").group_by(
        "instrument", minute.alias("open_ns"), maintain_order=True
    )
    made = grouped.agg(
        mid.first().alias("open"),
        mid.max().alias("high"),
        mid.min().alias("low"),
        mid.last().alias("close"),
    )
    end = pl.col("open_ns") + NS_PER_MINUTE
    return made.with_columns(event_ns=end, received_ns=end)


def _truth_bps(
    decisions: pl.DataFrame, market: Simulated, preset: Preset, plan: LabelPlan
) -> Iterator[Floats]:
    """Outperformance between efficient prices, by horizon; NaN beyond the market."""
    entry = decisions["received_ns"].to_numpy()
    names, side = decisions["instrument"].to_numpy(), decisions["side"].to_numpy()
    # All moments are drawn at once: the path between two messages is one path.
    moments = np.concatenate([entry, *(entry + h for h in plan.horizons_ns)])
    price = {
        name: efficient_at(market, preset, name, moments, seed=_TRUTH_SEED).reshape(
            -1, len(entry)
        )
        for name in market.about["instruments"]
    }
    for k in range(1, len(plan.horizons_ns) + 1):
        own = np.full(len(entry), np.nan)
        for name, prices in price.items():
            grown = prices[k] / prices[0] - 1
            own = np.where(names == name, grown, own)
        base = 0.0
        if plan.benchmark is not None:
            prices = price[plan.benchmark]
            base = prices[k] / prices[0] - 1
        yield 1e4 * (side * own - base)


def labels_against_truth(
    preset: Preset,
    market: Simulated,
    decisions: pl.DataFrame,
    *,
    plan: LabelPlan,
    rule: CertaintyRule = _RULE,
    prices: Literal["quotes", "bars"] = "quotes",
) -> pl.DataFrame:
    """One row per decision and horizon: figure, truth, interval and classes.

    Parameters
    ----------
    preset : Preset
        That the market was made of.
    market : Simulated
        The market, faults and all.
    decisions : polars.DataFrame of shape (n_decisions, any)
        As in `labels.apply.label`.
    plan : LabelPlan
        How the labels are cut.
    rule : CertaintyRule
        How the error is estimated.
    prices : {"quotes", "bars"}
        Whether the labels see the quotes, or bars of a minute only.

    Returns
    -------
    polars.DataFrame of shape (n_rows, 11)
        horizon, outperformance_bps, truth_bps, low_bps, high_bps, error_bps, stated,
        likely, actual (classes -2 to 2), inside_noise, covered. Labels without an error
        bar, and those whose truth lies beyond the market, are left out.
    """
    quotes: pl.DataFrame | None = market.frames["quotes"]
    bars = BAR.empty()
    if prices == "bars":
        bars, quotes = minute_bars(market.frames["quotes"]), None
    bar = certainty(decisions, bars, quotes, plan=plan, rule=rule)
    n, k = decisions.height, len(plan.horizons_ns)
    gross, unit = np.full((k, n), np.nan), np.full((k, n), np.nan)
    for group in groups(decisions, bars, quotes, plan):
        for place, part in enumerate(group.spans):
            done = part.verdict == 0
            value = 1e4 * (part.side * part.leg.returns - part.benchmark_returns)
            gross[place, group.rows] = np.where(done, value, np.nan)
            unit[place, group.rows] = part.unit_bps
    found = []
    for place, truth in enumerate(_truth_bps(decisions, market, preset, plan)):
        suffix = plan.suffixes[place]
        codes = {word: code - 2 for code, word in enumerate(WORDS)}
        found.append(
            pl.DataFrame(
                {
                    "horizon": [suffix] * n,
                    "outperformance_bps": gross[place],
                    "truth_bps": truth,
                    **{
                        name: bar[f"{name}_{suffix}"]
                        for name in ("low_bps", "high_bps", "error_bps", "inside_noise")
                    },
                    "stated": outcome_of(gross[place], plan.rule, unit[place]),
                    "likely": bar[f"true_class_{suffix}"].replace_strict(
                        codes, return_dtype=pl.Float64
                    ),
                    "actual": outcome_of(truth, plan.rule, unit[place]),
                }
            ).with_columns(
                covered=pl.col("truth_bps").is_between("low_bps", "high_bps")
            )
        )
    rows = pl.concat(found)
    return rows.filter(
        pl.col("truth_bps").is_not_nan(), pl.col("error_bps").is_not_null()
    )


def summarised(rows: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Coverage, accuracy and the share that claims certainty.

    Parameters
    ----------
    rows : polars.DataFrame of shape (n_rows, any)
        From `labels_against_truth`.
    by : str
        Columns that group them.
    """
    sure = ~pl.col("inside_noise")
    right = pl.col("stated") == pl.col("actual")
    return rows.group_by(*by, maintain_order=True).agg(
        labels=pl.len(),
        covered=pl.col("covered").sum(),
        coverage=pl.col("covered").mean(),
        error_bps=pl.col("error_bps").median(),
        missed_bps=(pl.col("outperformance_bps") - pl.col("truth_bps")).abs().median(),
        spread_bps=pl.col("truth_bps").std(),
        neutral=(pl.col("actual") == 0).mean(),
        accuracy=right.mean(),
        accuracy_likely=(pl.col("likely") == pl.col("actual")).mean(),
        claims=sure.mean(),
        accuracy_claims=right.filter(sure).mean(),
    )


def certainty_experiment(
    preset: str,
    *,
    days: float,
    seeds: Sequence[int],
    horizons_ns: Sequence[int] = HORIZONS_NS,
    outcome: OutcomeRule = HALF_VOLATILITY,
    rule: CertaintyRule = _RULE,
    decisions: int = 4000,
    prices: Literal["quotes", "bars"] = "quotes",
) -> pl.DataFrame:
    """Measure coverage and accuracy of labels on simulated markets with faults.

    Decisions fall at random; each is labelled against cash and against the second
    instrument, from the quotes as they came, with duplicates, late, lost, crossed and
    misordered ones. The truth is the efficient price at the decision and at the due
    time.

    Parameters
    ----------
    preset : str
        ``fx`` or ``crypto``.
    days : float
        Length of each market.
    seeds : sequence of int
        One market each.
    horizons_ns : sequence of int
        Horizons.
    outcome : OutcomeRule
        Bounds of the classes; by default a half and one volatility.
    rule : CertaintyRule
        How the error is estimated.
    decisions : int
        In each market.
    prices : {"quotes", "bars"}
        Whether the labels see the quotes, or bars of a minute only.

    Returns
    -------
    polars.DataFrame of shape (n_horizons * 2, n_columns)
        By benchmark and horizon:

        - labels; coverage of the interval, with its Wilson interval (as if labels were
          independent) and the least and greatest of the seeds;
        - error_bps: median standard error; missed_bps: median distance of figure and
          truth; spread_bps: standard deviation of the truth;
        - neutral: share of true classes that are NEUTRAL; accuracy: of the stated class
          over all labels, accuracy_likely: of the most probable one;
        - claims: share of labels that claim certainty; accuracy_claims: of these.

    Raises
    ------
    InputError
        There is no such preset, or the market is too large.
    MissingExtraError
        The ``scipy`` package is not installed.
    """
    given, found = shipped(preset), []
    for seed in seeds:
        market = simulate(given, days=days, seed=seed, faults=USUAL)
        made = random_decisions(market, count=decisions, seed=seed)
        second = market.about["instruments"][1]
        for benchmark in (None, second):
            costs = CostModel(half_spread_bps=0.0) if prices == "bars" else CostModel()
            plan = LabelPlan(horizons_ns, benchmark, outcome, costs)
            mine = made.filter(pl.col("instrument") != (benchmark or ""))
            rows = labels_against_truth(
                given, market, mine, plan=plan, rule=rule, prices=prices
            )
            name = "cash" if benchmark is None else benchmark
            found.append(rows.with_columns(seed=seed, benchmark=pl.lit(name)))
    rows = pl.concat(found)
    by_seed = summarised(rows, "benchmark", "horizon", "seed")
    spread = by_seed.group_by("benchmark", "horizon", maintain_order=True).agg(
        least=pl.col("coverage").min(), greatest=pl.col("coverage").max()
    )
    table = summarised(rows, "benchmark", "horizon").join(
        spread, on=["benchmark", "horizon"], maintain_order="left"
    )
    ends = [wilson(k, n) for k, n in table.select("covered", "labels").iter_rows()]
    return table.with_columns(
        preset=pl.lit(preset),
        prices=pl.lit(prices),
        coverage_low=pl.Series([end.low for end in ends], dtype=pl.Float64),
        coverage_high=pl.Series([end.high for end in ends], dtype=pl.Float64),
    ).select(
        "preset",
        "prices",
        "benchmark",
        "horizon",
        "labels",
        "coverage",
        "coverage_low",
        "coverage_high",
        "least",
        "greatest",
        "error_bps",
        "missed_bps",
        "spread_bps",
        "neutral",
        "accuracy",
        "accuracy_likely",
        "claims",
        "accuracy_claims",
    )
