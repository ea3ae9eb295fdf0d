"""Promotion gate and canary guards, simulated: what they let through and find."""

from collections.abc import Iterator
from statistics import NormalDist, median

import numpy as np
from numpy.typing import NDArray

from tradeloop.apps.bench.rows import Area, Row
from tradeloop.apps.bench.timing import medians_s
from tradeloop.feedback import Evidence, Policy, judge
from tradeloop.feedback.power import Power, found_edges, noise, promoted_noise
from tradeloop.signals.experiments import GUARDS, CanaryPlan
from tradeloop.statistics import backtest_overfitting

_FAMILIES, _PLANTED_FAMILIES, _TRIALS, _YEARS = 200, 400, 100, 5
_COUNTS = (1, 10, 100)
_SHARPES = (1.0, 1.5, 2.0)
_POINTS = 5.0
# Eight blocks instead of 16: what only reports takes a second less per family.
_POLICY = Policy(blocks=8)
_STREAMS, _LOOKS = 200, 2000
_RATE, _GUARD_LEVEL = 0.01, 0.05
# metric: deviation of its values (None for a share) and a mean that is beyond its limit
_BEYOND: dict[str, tuple[float | None, float]] = {
    "error_rate": (None, 0.05),
    "abstention_rate": (None, 0.6),
    "late_share": (None, 0.03),
    "log_loss_difference": (0.2, 0.05),
    "pnl_shortfall_bps": (20.0, 5.0),
}


def _rows() -> Iterator[Row]:
    yield _size()
    for trials in _COUNTS:
        found = found_edges(
            _SHARPES, families=_PLANTED_FAMILIES, trials=trials, years=_YEARS, seed=2
        )
        for power in found:
            yield _power(power)
    yield _guard_size()
    yield from _guard_power()
    yield from _times()


def _size() -> Row:
    found = promoted_noise(
        families=_FAMILIES, trials=_TRIALS, years=_YEARS, seed=1, policy=_POLICY
    )
    allowed = _POLICY.level + 1.96 * np.sqrt(
        _POLICY.level * (1 - _POLICY.level) / _FAMILIES
    )
    return Row(
        what=f"{_FAMILIES} families of {_TRIALS} trials without an edge, "
        f"{_YEARS} years: best trial promoted",
        unit="% of families",
        ours=found.value * 100,
        peer=(1 - (1 - _POLICY.level) ** _TRIALS) * 100,
        peer_name="t-test at 5 % of the best trial, as if it were the only one",
        target=float(allowed * 100),
        target_is="ours",
        note="At most 5 % are to be promoted; the target adds the binomial error of "
        f"{_FAMILIES} families (1.96 deviations). The interval of the figure is "
        f"{found.low:.1%} to {found.high:.1%}.",
    )


def _power(power: Power) -> Row:
    some = "trial" if power.trials == 1 else "trials"
    return Row(
        what=f"planted annual Sharpe {power.annual_sharpe:g}, {_YEARS} years, "
        f"{power.trials} {some}: found",
        unit="% of families",
        ours=power.ours.value * 100,
        peer=power.best * 100,
        peer_name="best test of the same size, on the same returns "
        f"({power.best_in_theory:.1%} in theory)",
        better="more",
        target=max(0.0, power.best * 100 - _POINTS),
        target_is="ours",
        note="One trial has the edge, the others are independent noise. The best test "
        "knows their variance and that they are independent. The target is its figure "
        f"less {_POINTS:g} points; {_PLANTED_FAMILIES} families.",
    )


def _guard_size() -> Row:
    """Count roll-backs of a challenger that is exactly at a limit of 1 % errors."""
    generator = np.random.default_rng(4)
    bar = NormalDist().inv_cdf(1 - _GUARD_LEVEL)
    count = np.arange(1, _LOOKS + 1)
    ours = naive = 0
    for _ in range(_STREAMS):
        failed = generator.random(_LOOKS) < _RATE
        test = GUARDS["error_rate"].start()
        for each in failed:
            test = test.after(float(each))
        ours += test.rejects(_GUARD_LEVEL)
        z = (failed.cumsum() - _RATE * count) / np.sqrt(count * _RATE * (1 - _RATE))
        naive += bool((z[99:] > bar).any())
    allowed = _GUARD_LEVEL + 1.96 * np.sqrt(
        _GUARD_LEVEL * (1 - _GUARD_LEVEL) / _STREAMS
    )
    return Row(
        what=f"guard on errors, true rate at its limit of 1 %, one look after each of "
        f"{_LOOKS:,} signals: rolled back at 5 %",
        unit="% of streams",
        ours=ours / _STREAMS * 100,
        peer=naive / _STREAMS * 100,
        peer_name="z-test of the rate, looked at after each signal from the 100th on",
        target=float(allowed * 100),
        target_is="ours",
        note="At most 5 % are to be rolled back; the target adds the binomial error of "
        f"{_STREAMS} streams.",
    )


def _guard_power() -> Iterator[Row]:
    level = CanaryPlan("bench").guard_level
    generator = np.random.default_rng(5)
    for metric, (deviation, mean) in _BEYOND.items():
        guard = GUARDS[metric]
        took = []
        for _ in range(_STREAMS // 4):
            test = guard.start()
            while not test.rejects(level):
                for value in _values(generator, deviation, mean):
                    test = test.after(float(value))
                    if test.rejects(level):
                        break
            took.append(test.rows)
        spread = "" if deviation is None else f" (deviation {deviation:g})"
        yield Row(
            what=f"guard {metric}, limit {guard.limit:g}, truly {mean:g}{spread}: "
            "observations until rolled back, median",
            unit="observations",
            ours=median(took),
            peer_name="none: a test of a fixed size cannot be looked at",
            note=f"At the level of one guard in one stage of a canary, {level:g}.",
        )


def _values(
    generator: np.random.Generator, deviation: float | None, mean: float
) -> NDArray[np.float64]:
    if deviation is None:
        return (generator.random(100) < mean).astype(np.float64)
    return generator.normal(mean, deviation, 100)


def _times() -> Iterator[Row]:
    returns = noise(np.random.default_rng(3), 1250, _TRIALS)
    evidence = Evidence("bench", "bench", returns, 0, _TRIALS)
    took = medians_s(
        lambda: backtest_overfitting(returns), lambda: judge(evidence), repeats=5
    )
    what = (
        "probability of overfitting, 12,870 splits",
        "verdict of the gate, all checks",
    )
    for name, each, target in zip(what, took, (1.0, None), strict=True):
        yield Row(
            what=f"{name}, {_TRIALS} trials x 1,250 days",
            unit="s",
            ours=each or 0.0,
            peer_name="none: the figure is asked for as such",
            target=target,
            target_is="ours",
        )


AREA = Area("gate", _rows)
