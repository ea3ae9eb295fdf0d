"""A report with every part, to render and to look at."""

import dataclasses

import numpy as np

from tradeloop.reports import (
    Comparison,
    EquityCurves,
    Finding,
    FoldScore,
    Importance,
    LabelCounts,
    LeakCheck,
    Ledger,
    Measure,
    Reason,
    Reliability,
    Report,
    Span,
)

DAY_NS = 86_400 * 10**9
SCORE = Measure(
    "Log loss", 0.95, 0.93, 0.97, 0.95, 1.0986, "no skill", "number", 4, "lower"
)


def curves(days=400):
    steps = np.random.default_rng(3).normal(0, 0.01, (2, days))
    lines = np.exp(steps.cumsum(axis=1))
    time_ns = 10**18 + DAY_NS * np.arange(days)
    starts = (int(time_ns[100]), int(time_ns[250]))
    return EquityCurves(time_ns, lines[0], lines[1], starts, starts[0])


def full(said="plain"):
    """A report with every part, all of whose texts are ``said``."""
    spans = tuple(
        Span(said, kind, 10**18 + k * 90 * DAY_NS, 10**18 + (k + 1) * 90 * DAY_NS, 50)
        for k, kind in enumerate(("train", "calibration", "purged", "test"))
    )
    measure = dataclasses.replace(SCORE, name=said, baseline_name=said, note=said)
    return Report(
        title=said,
        subtitle=said,
        measures=(measure, Measure(said, None, form="share")),
        ledger=Ledger(100, 80, 10, 7, 3),
        reasons=(Reason(said, said, 3),),
        quality=(Measure(said, 0.98, form="share", note=said),),
        checks=(LeakCheck(said, passed=True, detail=said),),
        findings=(Finding(said, 2, said, said),),
        facts=((said, said),),
        folds=(FoldScore(said, said, 80, 20, measure),),
        comparisons=(Comparison(measure, measure), Comparison(measure)),
        signals=((said, 4),),
        conventions=(said,),
        paths=((said, said),),
        disclaimer=said,
        equity=curves(),
        reliability=Reliability(
            np.array([0.4, 0.6]), np.array([0.42, 0.5]), np.array([90, 40]), 0.04
        ),
        labels=LabelCounts((said,), np.array([[30, 12, 20, 9, 29]])),
        importance=Importance((said, f"{said}2"), np.array([0.7, 0.3]), unit=said),
        split=spans,
    )
