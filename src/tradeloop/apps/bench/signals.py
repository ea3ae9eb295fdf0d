"""Gate and scorer: from a feature row to a verdict."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tradeloop.apps.bench.rows import Area, Row, require_equal
from tradeloop.apps.bench.timing import each_us, pair_s, percentile
from tradeloop.clock import NS_PER_MINUTE
from tradeloop.features import default_bank
from tradeloop.models import (
    Columns,
    Meta,
    Recipe,
    export_onnx,
    fit_calibrated,
    read_artefact,
    write_artefact,
)
from tradeloop.models.checks import training_rows
from tradeloop.signals import Gate, Policy, Scorer

_ROWS, _MANY, _CALLS = 5_000, 1_000, 4_000
_HORIZON_NS = 15 * NS_PER_MINUTE


def _gate(columns: Columns) -> tuple[Gate, Any]:
    """Fit, export, write, read: a gate as a run leaves it, and the native booster."""
    features, direction = training_rows(4, n_rows=_ROWS, n_columns=len(columns.names))
    decided = np.arange(_ROWS, dtype=np.int64) * NS_PER_MINUTE
    model = fit_calibrated(
        features, direction, decided, decided + 1, recipe=Recipe(), columns=columns
    )
    export = export_onnx(model.fitted, features[:200])
    meta = Meta(
        name="bench",
        version="v0.1.0",
        columns=columns,
        horizon_ns=_HORIZON_NS,
        dataset_version="simulated",
        seed=42,
        parameters={},
        base_rates=tuple(float(rate) for rate in model.base_rates),
        importance=model.fitted.importance(),
        parity=export.parity,
    )
    files = write_artefact(model.fitted, model.calibration, export, meta)
    artefact = read_artefact(files)
    return Gate(Scorer.of(artefact), Policy()), artefact.fitted().booster


def _rows() -> Iterator[Row]:
    bank = default_bank(NS_PER_MINUTE, has_quotes=True)
    columns = Columns(bank.names, bank.fingerprint)
    gate, booster = _gate(columns)
    many = training_rows(5, n_rows=_MANY, n_columns=len(bank.names))[0]
    single = many[:1]
    narrow = many.astype(np.float32)
    narrow_single = narrow[:1]

    def judge(rows: Any) -> Any:
        return gate.judge(rows, bank.fingerprint, bank.names)

    def native(rows: Any) -> Any:
        return booster.inplace_predict(rows, validate_features=False)

    scored = np.isfinite(judge(many).probabilities).all()
    require_equal(same=bool(scored), what="verdicts")
    took, peer = each_us((lambda: judge(single), lambda: native(narrow_single)), _CALLS)
    name = "native XGBoost, scores alone, one thread"
    for share, target in ((50, None), (99, 250.0)):
        yield Row(
            what=f"gate and scorer, one row of {len(bank.names)} columns, p{share}",
            unit="us",
            ours=percentile(took, share),
            peer=percentile(peer, share),
            peer_name=name,
            target=target,
            target_is="ours",
            note="Ours checks, scores, calibrates and decides. The target was set for "
            "the vote of three models; this is the one model that there is.",
        )
    whole, whole_peer = pair_s(lambda: judge(many), lambda: native(narrow))
    yield Row(
        what=f"gate and scorer, {_MANY:,} rows in one call",
        unit="ms",
        ours=whole * 1e3,
        peer=None if whole_peer is None else whole_peer * 1e3,
        peer_name=name,
    )


AREA = Area("signals", _rows)
