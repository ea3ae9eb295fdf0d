"""The checks of the gate, one function each: evidence and policy in, a finding out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil, sqrt
from types import MappingProxyType

import numpy as np

from tradeloop.errors import InputError
from tradeloop.feedback.evidence import Evidence
from tradeloop.feedback.policy import Policy
from tradeloop.statistics import (
    backtest_overfitting,
    deflated_sharpe,
    effective_trials,
    maximum_test,
    sharpe_ratio,
)
from tradeloop.statistics.samples import Floats

Figures = Mapping[str, float | int | str | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Parameters
    ----------
    passed : bool or None
        None where nothing was given to judge by.
    value, limit : float or None
        The figure and the last value that passes.
    reason : str
        The finding in a sentence.
    figures : mapping
        Further numbers by name.
    """

    passed: bool | None
    value: float | None
    limit: float | None
    reason: str
    figures: Figures = field(default_factory=dict)


CheckOf = Callable[[Evidence, Policy, float], Finding]


def absent(reason: str, limit: float | None = None) -> Finding:
    """Return the finding that there is nothing to judge by."""
    return Finding(None, None, limit, reason)


def enough(evidence: Evidence, policy: Policy, limit: float) -> Finding:
    """Enough rows and whole days of returns, by ``minimum_rows`` and ``minimum_days``.

    ``limit`` is the number of days.
    """
    rows, days = len(evidence.returns), len(evidence.daily(evidence.returns))
    passed = rows >= policy.minimum_rows and days >= policy.minimum_days
    return Finding(
        passed,
        days,
        limit,
        f"{rows:,} rows of {days:,} days; at least {policy.minimum_rows:,} rows of "
        f"{policy.minimum_days:,} days are asked for.",
        {"rows": rows, "days": days},
    )


def maximum(evidence: Evidence, policy: Policy, limit: float) -> Finding:
    """Test that the candidate is better than the best of all trials without an edge."""
    daily = evidence.daily(evidence.returns)
    found = maximum_test(
        daily,
        evidence.candidate,
        trials=evidence.trials,
        block_rows=policy.block_days,
        repeats=policy.repeats,
        level=limit,
        seed=policy.seed,
    )
    mine = daily[:, evidence.candidate]
    verb = "is" if found.passed else "is not"
    return Finding(
        found.passed,
        found.p_value,
        limit,
        f"The candidate (t = {found.statistic:.2f}) {verb} better than the best of "
        f"{found.trials:,} trials without an edge (t = {found.critical:.2f} at "
        f"{limit:.3g}): p = {found.p_value:.4f}.",
        {
            "t": found.statistic,
            "t_critical": found.critical,
            "maximum_p": found.p_value,
            "trials": found.trials,
            "trials_without_returns": evidence.trials - daily.shape[1],
            "trials_not_resampled": found.untold,
            "sharpe_annual": sharpe_ratio(mine, periods_per_year=policy.days_a_year),
            "mean_bps_per_day": float(mine.mean()) * 1e4,
        },
    )


def overfitting(evidence: Evidence, policy: Policy, limit: float) -> Finding:
    """Probability of back-test overfitting, at most the limit."""
    found = backtest_overfitting(
        evidence.returns, blocks=policy.blocks, day=evidence.day
    )
    return Finding(
        found.probability <= limit,
        found.probability,
        limit,
        f"In {found.probability:.1%} of {found.splits:,} splits the trial that was "
        f"best on one half is at or below the median on the other; at most {limit:.1%}"
        " passes.",
        {
            "overfitting_probability": found.probability,
            "overfitting_loss_share": found.loss_share,
            "overfitting_median_logit": found.median_logit,
            "overfitting_splits": found.splits,
        },
    )


def deflated(evidence: Evidence, _: Policy, limit: float) -> Finding:
    """Deflated Sharpe ratio for the effective number of trials, at least the limit."""
    daily = evidence.daily(evidence.returns)
    untold = evidence.trials - daily.shape[1]
    effective = effective_trials(daily, untold=untold)
    found = deflated_sharpe(
        daily[:, evidence.candidate],
        trials=ceil(effective - 1e-9),  # rounding must not add a trial
        sharpe_variance=_variance_of_ratios(daily),
    )
    return Finding(
        found.probability >= limit,
        found.probability,
        limit,
        f"The Sharpe ratio is above the {found.threshold_per_period:.4f} a day that "
        f"the best of {effective:.1f} effective trials is expected to show with "
        f"probability {found.probability:.4f}; at least {limit:.4g} passes.",
        {
            "effective_trials": effective,
            "deflated_sharpe": found.probability,
            "deflated_threshold_per_day": found.threshold_per_period,
        },
    )


def _variance_of_ratios(daily: Floats) -> float:
    """Variance over the trials of their daily Sharpe ratios; 0 for a single one."""
    spread = daily.std(axis=0, ddof=1)
    moving = spread > 1e-14 * np.abs(daily).max(axis=0)
    ratios = daily[:, moving].mean(axis=0) / spread[moving]
    return float(ratios.var(ddof=1)) if len(ratios) > 1 else 0.0


def permutation(evidence: Evidence, _: Policy, limit: float) -> Finding:
    """P-value of the label-permutation null, at most the limit."""
    p = evidence.permutation_p
    if p is None:
        return absent("No label-permutation null was run.", limit)
    return Finding(
        p <= limit,
        p,
        limit,
        f"Forecasts shuffled against their outcomes do as well with p = {p:.4f}; at "
        f"most {limit:.4g} passes.",
        {"permutation_p": p},
    )


def doubled_costs(evidence: Evidence, policy: Policy, limit: float) -> Finding:
    """Annual Sharpe ratio at doubled costs, at least the limit."""
    if evidence.doubled_costs is None:
        return absent("No returns at doubled costs were given.", limit)
    daily = evidence.daily(evidence.doubled_costs)
    ratio = sharpe_ratio(daily, periods_per_year=policy.days_a_year)
    return Finding(
        ratio >= limit,
        ratio,
        limit,
        f"With every cost doubled the annual Sharpe ratio is {ratio:.2f}; at least "
        f"{limit:.4g} passes.",
        {"sharpe_annual_doubled_costs": ratio},
    )


def calibration(evidence: Evidence, _: Policy, limit: float) -> Finding:
    """Hold the calibration error to the limit; the log loss is told beside it."""
    found = evidence.calibration
    if found is None:
        return absent("No calibration was measured.", limit)
    return Finding(
        found.error <= limit,
        found.error,
        limit,
        f"The calibration error is {found.error:.4f}; at most {limit:.4g} passes. The "
        f"log loss is {found.log_loss:.4f}, without skill {found.no_skill_log_loss:.4f}"
        ".",
        {
            "calibration_error": found.error,
            "log_loss": found.log_loss,
            "log_loss_no_skill": found.no_skill_log_loss,
        },
    )


def drift(evidence: Evidence, _: Policy, limit: float) -> Finding:
    """Largest population stability index of an input, at most the limit."""
    if not evidence.drift:
        return absent("No drift was measured.", limit)
    column = max(evidence.drift, key=lambda name: evidence.drift[name])
    psi = float(evidence.drift[column])
    return Finding(
        psi <= limit,
        psi,
        limit,
        f"Of {len(evidence.drift)} inputs {column!r} moved most: stability index "
        f"{psi:.3f}; at most {limit:.4g} passes.",
        {"drift_psi": psi, "drift_column": column},
    )


def champion(evidence: Evidence, policy: Policy, limit: float) -> Finding:
    """P-value that the candidate returns more than the champion, at most the limit."""
    if evidence.champion is None:
        return absent("No champion was given to compare with.", limit)
    mine = evidence.returns[:, evidence.candidate]
    more = evidence.daily(mine - evidence.champion)
    found = maximum_test(
        more[:, None],
        0,
        block_rows=policy.block_days,
        repeats=policy.repeats,
        seed=policy.seed,
    )
    by_year = float(more.mean()) * policy.days_a_year / sqrt(policy.days_a_year)
    ratio = by_year / float(more.std(ddof=1))
    return Finding(
        found.p_value <= limit,
        found.p_value,
        limit,
        f"The candidate returns {more.mean() * 1e4:+.2f} bps a day more than the "
        f"champion, p = {found.p_value:.4f}; at most {limit:.4g} passes.",
        {
            "champion_p": found.p_value,
            "champion_difference_bps_per_day": float(more.mean()) * 1e4,
            "champion_information_ratio_annual": ratio,
        },
    )


ALL: Mapping[str, CheckOf] = MappingProxyType(
    {
        "enough": enough,
        "maximum": maximum,
        "overfitting": overfitting,
        "deflated": deflated,
        "permutation": permutation,
        "doubled_costs": doubled_costs,
        "calibration": calibration,
        "drift": drift,
        "champion": champion,
    }
)
"""Every check, in the order in which a verdict lists them."""


def run(name: str, evidence: Evidence, policy: Policy, limit: float) -> Finding:
    """Run one check; what cannot be computed is absent, with the reason.

    Parameters
    ----------
    name : str
        A key of `ALL`.
    evidence, policy
        As in `tradeloop.feedback.judge`.
    limit : float
        The last value that passes.
    """
    try:
        return ALL[name](evidence, policy, limit)
    except InputError as error:
        return absent(str(error), limit)
