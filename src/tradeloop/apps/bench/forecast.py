"""How much of what can be forecast the ensemble forecasts, where the truth is known."""

from collections.abc import Iterator

import numpy as np

from tradeloop.apps.bench.rows import Area, Row
from tradeloop.datasets import PurgedWalkForward
from tradeloop.models import ALL, closed_gap, walk_forward
from tradeloop.models.configs import ModelConfigs
from tradeloop.models.evaluation import rows_per_block
from tradeloop.simulation.forecastable import forecastable

_TIMES, _INSTRUMENTS, _SEED = 15_000, 8, 11
_TARGET_SHARE = 80.0
_EMBARGO_NS = 300 * 10**9


def _rows() -> Iterator[Row]:
    made = forecastable(times=_TIMES, instruments=_INSTRUMENTS, seed=_SEED)
    rows = len(made.direction)
    configs = ModelConfigs.of(ALL)
    for name in ("ensemble", "boosting", "forest", "lstm"):
        walk = walk_forward(
            made.features,
            made.direction,
            made.decision_ns,
            made.end_ns,
            PurgedWalkForward(folds=1, embargo_ns=_EMBARGO_NS, min_train_share=0.75),
            recipe=configs.recipe(name, rows=rows),
            groups=made.symbol,
        )
        tested = np.flatnonzero(walk.tested)
        gap = closed_gap(
            walk.probabilities[tested],
            made.probabilities[tested],
            walk.no_skill[tested],
            made.direction[tested],
            block_rows=rows_per_block(made.decision_ns[tested], made.end_ns[tested]),
            seed=_SEED,
        )
        yield Row(
            what=f"{name}: share of the log-loss gap between no skill and the best "
            f"possible forecast that it closes, simulated, {rows:,} rows",
            unit="%",
            ours=100 * gap.share.value,
            peer_name="none: the figure is asked for as such",
            better="more",
            target=_TARGET_SHARE if name == "ensemble" else None,
            target_is="ours",
            note=f"95 % interval {100 * gap.share.low:.1f} to "
            f"{100 * gap.share.high:.1f}, on {len(tested):,} rows that came after the "
            "training rows; the defaults of model_configs.yaml.",
        )


AREA = Area("forecast", _rows)
