"""How often the gate promotes noise, and how often it finds a planted edge.

Trials are independent, with normal daily returns. The best test knows their variance
and that they are independent: the z-test of the mean, at Sidak's level for N trials.
"""

from dataclasses import dataclass, replace
from math import sqrt
from statistics import NormalDist

import numpy as np

from tradeloop.feedback.evidence import Evidence
from tradeloop.feedback.policy import Policy
from tradeloop.feedback.promotion import judge
from tradeloop.statistics import Interval, maximum_test, wilson
from tradeloop.statistics.samples import Floats, at_least, between

_NORMAL = NormalDist()
_DEVIATION = 0.01  # of a day's return; no figure here depends on it


@dataclass(frozen=True, slots=True)
class Power:
    """Share of planted edges that were found, on the same simulated returns.

    Parameters
    ----------
    annual_sharpe : float
        Sharpe ratio that was planted into one of the trials.
    trials : int
        N.
    ours : Interval
        Share found by the test of the gate, with the binomial interval.
    best : float
        Share found by the best test of the same size on the same returns.
    best_in_theory : float
        The same by its formula.
    """

    annual_sharpe: float
    trials: int
    ours: Interval
    best: float
    best_in_theory: float


def best_power(
    annual_sharpe: float, *, years: float, trials: int, level: float = 0.05
) -> float:
    """Power of the best test: ``Phi(SR sqrt(years) - z((1 - level)^(1/N)))``.

    Parameters
    ----------
    annual_sharpe : float
        Planted Sharpe ratio.
    years : float
        Length of the returns.
    trials : int
        N independent trials.
    level : float
        Chance that one of them passes if none has an edge.

    References
    ----------
    Sidak (1967), JASA 62: the level of one of N independent tests.
    """
    n = at_least(trials, 1, name="trials")
    kept = (1 - between(level, 0.0, 1.0, name="level")) ** (1 / n)
    return _NORMAL.cdf(annual_sharpe * sqrt(years) - _NORMAL.inv_cdf(kept))


def noise(generator: np.random.Generator, days: int, trials: int) -> Floats:
    """Daily returns of trials without an edge: shape (days, trials)."""
    return generator.normal(0.0, _DEVIATION, (days, trials))


def promoted_noise(
    *, families: int, trials: int, years: int, seed: int, policy: Policy | None = None
) -> Interval:
    """Share of families without any edge whose best trial the whole gate promotes.

    Parameters
    ----------
    families : int
        Number of families.
    trials : int
        Trials of a family.
    years : int
        Years of daily returns.
    seed : int
        Seed of the generator.
    policy : Policy, optional
        Without it, the default one.

    Returns
    -------
    Interval
        The share with its binomial interval at 95 %.
    """
    rules = policy or Policy()
    days = round(years * rules.days_a_year)
    generator = np.random.default_rng(seed)
    promoted = 0
    for family in range(families):
        returns = noise(generator, days, trials)
        best = int((returns.mean(axis=0) / returns.std(axis=0)).argmax())
        evidence = Evidence(f"noise-{family}", "nobody", returns, best, trials)
        verdict = judge(evidence, replace(rules, seed=(rules.seed + family) % 2**31))
        promoted += verdict.promoted
    return wilson(promoted, families)


def found_edges(
    annual_sharpes: tuple[float, ...],
    *,
    families: int,
    trials: int,
    years: int,
    seed: int,
    policy: Policy | None = None,
) -> tuple[Power, ...]:
    """Share of planted edges that the test of the gate finds, beside the best test.

    One trial of each family has the planted Sharpe ratio and is the candidate. The
    bootstrap looks at centred returns, so its critical value is the same for every
    planted ratio and is computed once per family.

    Parameters
    ----------
    annual_sharpes : tuple of float
        Planted ratios.
    families, trials, years, seed, policy
        As in `promoted_noise`.
    """
    rules = policy or Policy()
    days = round(years * rules.days_a_year)
    planted = np.array(annual_sharpes) / sqrt(rules.days_a_year)
    bar = _NORMAL.inv_cdf((1 - rules.level) ** (1 / trials))
    generator = np.random.default_rng(seed)
    ours, best = np.zeros((2, len(planted)), dtype=np.int64)
    for family in range(families):
        returns = noise(generator, days, trials)
        test = maximum_test(
            returns,
            0,
            block_rows=rules.block_days,
            repeats=rules.repeats,
            level=rules.level,
            seed=(rules.seed + family) % 2**31,
        )
        sums = returns[days % rules.block_days :, 0].reshape(-1, rules.block_days)
        scale = float(sums.sum(axis=1).std(ddof=1)) / sqrt(rules.block_days)
        # Adding a constant to each day moves t by this much and nothing else.
        moved = planted * _DEVIATION / scale * sqrt(sums.size)
        ours += test.statistic + moved >= test.critical
        z = returns[:, 0].mean() / _DEVIATION + planted
        best += z * sqrt(days) >= bar
    return tuple(
        Power(
            annual_sharpe=sharpe,
            trials=trials,
            ours=wilson(int(ours[k]), families),
            best=int(best[k]) / families,
            best_in_theory=best_power(
                sharpe, years=years, trials=trials, level=rules.level
            ),
        )
        for k, sharpe in enumerate(annual_sharpes)
    )
