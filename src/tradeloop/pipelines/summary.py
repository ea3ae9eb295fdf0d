"""The answer of a run as plain data; a part that did not run is absent."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tradeloop.datasets import utc_text
from tradeloop.models import Evaluation
from tradeloop.pipelines.job import Result
from tradeloop.statistics import Interval

_DIGITS = 6


def summary(result: Result, *, folder: Path, report: Path) -> dict[str, Any]:
    """Sum up a run.

    Parameters
    ----------
    result : Result
        What the run gave.
    folder, report : Path
        Where it lies.

    Returns
    -------
    dict
        ``ledger`` (received, labelled, pending, censored, quarantined), ``quality`` (0
        to 1), ``leaks`` (checks, failed, absent), ``dataset`` (id, path, rows,
        features),
        ``metric`` (name, value, low, high, baseline), ``metrics`` (more of them),
        ``backtest`` (sharpe, low, high, max_drawdown, benchmark_sharpe, trades),
        ``strategies`` (net result and the SPA test), ``capture``, ``parity``,
        ``findings``, ``reasons``, ``left_out``, ``report``.
    """
    ledger = result.ledger
    parity = result.looked.parity
    return {
        "name": result.job.name,
        "capture": {
            c.kind: {
                "expected": c.expected,
                "captured": c.captured,
                "quarantined": c.quarantined,
                "duplicates": c.duplicates,
            }
            for c in result.kept.summed
        },
        "ledger": {
            "received": ledger.received,
            "labelled": ledger.labelled,
            "pending": ledger.pending,
            "censored": ledger.censored,
            "quarantined": ledger.quarantined,
        },
        "reasons": dict(result.reasons),
        "quality": result.learned.quality.overall,
        "parity": {
            "values": parity.rows * parity.columns,
            "differing": parity.differing,
        },
        "findings": list(findings(result)),
        **_dataset(result),
        **_compared(result),
        **_model(result),
        **_backtest(result),
        "left_out": _left_out(result),
        "report": str(report),
        "folder": str(folder),
    }


def findings(result: Result) -> Iterator[str]:
    """Say in sentences what is odd about the run."""
    for anomaly in result.learned.quality.anomalies:
        if anomaly.name != "fill_outside_bar":
            yield f"{anomaly.count:,} {anomaly.name.replace('_', ' ')}"
    for note in notes(result):
        if ": read as " not in note:  # how columns were taken stands in the report
            yield note


def notes(result: Result) -> Iterator[str]:
    """Say what readers of files, fills, model and scorer have to say."""
    fills = result.looked.fills
    if fills is not None and fills.rows.height:
        odd = result.looked.odd_fills
        worst = odd["distance_bps"].to_numpy()
        far = f", by up to {worst.max():.0f} bps" if odd.height else ""
        yield (
            f"{odd.height:,} of {fills.rows.height:,} fills lie outside the bar that "
            f"holds their time{far}"
        )
    yield from result.job.market.notes
    for intake in (result.job.decisions, result.job.fills):
        if intake is not None:
            yield from (f"{intake.source}: {note}" for note in intake.notes)
    evaluation = result.learned.trained and result.learned.trained.evaluation
    if evaluation and evaluation.leak_alarm:
        yield "LEAK ALARM: the direction accuracy is above 60 %; look for a leak first"
    if result.used and result.used.scored.differing:
        yield f"{result.used.scored.differing:,} signals differ from the trained model"


def _left_out(result: Result) -> dict[str, str]:
    found = dict(result.learned.left_out)
    if result.used is not None and "backtest" not in _backtest(result):
        done = result.used.performance
        found["back-test figures"] = (
            f"{done.trades} trades on {done.days} days; a Sharpe ratio, and buy and "
            "hold's beside it, need 20 days"
        )
    return found


def _dataset(result: Result) -> Mapping[str, Any]:
    dataset, written = result.learned.dataset, result.learned.written
    certificate = result.learned.certificate
    if dataset is None or written is None or certificate is None:
        return {}
    return {
        "leaks": {
            "checks": len(certificate.checks),
            "failed": len(certificate.failed),
            "absent": len(certificate.absent),
        },
        "dataset": {
            "id": written.dataset_id,
            "path": str(written.path),
            "rows": dataset.sample_count,
            "features": dataset.feature_count,
            "version": dataset.version,
            "card": str(written.card),
        },
    }


def _compared(result: Result) -> Mapping[str, Any]:
    found = result.learned.compared
    if found is None:
        return {}
    return {
        "strategies": {
            "net_bps_a_day": {n: _rounded(v) for n, v in found.strategies.items()},
            "spa_p_value": _rounded(found.p_value),
            "days": found.days,
        }
    }


def _model(result: Result) -> Mapping[str, Any]:
    if result.learned.trained is None or result.used is None:
        return {}
    listed = list(metrics(result.learned.trained.evaluation, result.job.horizon))
    return {
        "metric": listed[0],
        "metrics": listed,
        "model": {
            "name": result.used.registered.name,
            "version": result.used.registered.version,
            "path": str(result.used.registered.path),
        },
    }


def metrics(judged: Evaluation, horizon: str) -> Iterator[dict[str, Any]]:
    """Name the figures of a forecast, each beside what it takes to be no good.

    ``baseline`` is the majority class known afterwards, ``no_skill`` the base rates
    that were known before.
    """
    own, rates, most = judged.model, judged.no_skill, judged.majority
    yield {
        "name": f"accuracy_of_direction_{horizon}",
        **_interval(own.accuracy),
        "baseline": _rounded(most.accuracy.value),
        "no_skill": _rounded(rates.accuracy.value),
    }
    yield {
        "name": "balanced_accuracy",
        **_interval(own.balanced_accuracy),
        "baseline": _rounded(most.balanced_accuracy.value),
    }
    if own.direction_accuracy and most.direction_accuracy:
        yield {
            "name": "direction_accuracy_of_rows_that_moved",
            **_interval(own.direction_accuracy),
            "baseline": _rounded(most.direction_accuracy.value),
        }
    for name in ("log_loss", "brier", "calibration_error"):
        value, without = getattr(own, name), getattr(rates, name)
        if value is not None and without is not None:
            yield {
                "name": name,
                **_interval(value),
                "no_skill": _rounded(without.value),
            }
    yield {"name": "log_loss_gain", **_interval(judged.log_loss_gain)}


def _interval(found: Interval) -> dict[str, float]:
    return {
        "value": _rounded(found.value),
        "low": _rounded(found.low),
        "high": _rounded(found.high),
    }


def _rounded(value: float) -> float:
    return round(float(value), _DIGITS)


def _backtest(result: Result) -> Mapping[str, Any]:
    if result.used is None:
        return {}
    done = result.used.performance
    if done.sharpe is None or done.benchmark_sharpe is None:
        return {}
    return {
        "backtest": {
            "sharpe": _rounded(done.sharpe.value),
            "low": _rounded(done.sharpe.low),
            "high": _rounded(done.sharpe.high),
            "max_drawdown": _rounded(done.max_drawdown),
            "benchmark_sharpe": _rounded(done.benchmark_sharpe.value),
            "trades": done.trades,
            "total_return": _rounded(done.total_return),
            "benchmark_return": _rounded(done.benchmark_return),
            "periods_per_year": _rounded(done.periods_per_year),
            "period": f"{utc_text(done.start_ns)[:16]} to {utc_text(done.end_ns)[:16]}",
        }
    }
