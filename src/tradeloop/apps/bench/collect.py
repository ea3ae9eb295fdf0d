"""From the request for a decision to its stored row, one decision at a time."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tradeloop.apps.bench import simulated
from tradeloop.apps.bench.rows import Area, Row
from tradeloop.apps.bench.timing import percentile
from tradeloop.clock import NS_PER_MINUTE
from tradeloop.pipelines.collect_measure import collect_each

_BARS = (2, 5_031)
_DECISIONS = 6_350
_TIMED = 300
_TARGET_MS = 50.0
_NOBODY = "none: the figure is asked for as such"


def _rows() -> Iterator[Row]:
    bars = simulated.bars(*_BARS)
    decisions = simulated.decisions(bars, _DECISIONS, room=(100, 100))
    with TemporaryDirectory() as folder:
        took = collect_each(
            Path(folder),
            bars,
            decisions,
            NS_PER_MINUTE,
            keep=(False, True),
            most=_TIMED,
        )
    plain, stored = (np.asarray(each) * 1e3 for each in took)
    size = f"{bars.height:,} bars, {decisions.height:,} decisions"
    yield Row(
        what=f"p99 from request to stored row of one decision, {size}",
        unit="ms",
        ours=percentile(stored, 99),
        peer_name=_NOBODY,
        target=_TARGET_MS,
        target_is="ours",
        note="Features, label, contexts, quality and leak certificate of one decision "
        "as a dataset of its own: durable in the lake, the catalog and the journal, "
        f"each with its own sync. Median {percentile(stored, 50):.0f} ms.",
    )
    yield Row(
        what=f"p99 from request to row of one decision, not stored, {size}",
        unit="ms",
        ours=percentile(plain, 99),
        peer_name=_NOBODY,
        note=f"Median {percentile(plain, 50):.0f} ms.",
    )


AREA = Area("collect", _rows)
