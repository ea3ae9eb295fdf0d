"""From a bar at the door to a stored signal, with a promotion on the way."""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tradeloop.apps.bench import simulated
from tradeloop.apps.bench.rows import Area, Row
from tradeloop.apps.bench.timing import percentile
from tradeloop.apps.serving import TURN_S
from tradeloop.clock import NS_PER_MINUTE
from tradeloop.models import Boosting, Forest, Lstm
from tradeloop.pipelines.measure_live import live_times

_BARS, _EVENTS = (4, 1_500), 2_000
_SIGNAL_MS, _READ_MS, _PROMOTION_S = 10.0, 5.0, 60.0
_NOBODY = "none: the figure is asked for as such"
_VOTE = ((Boosting(), 0.4), (Forest(), 0.3), (Lstm(epochs_without_held=1), 0.3))


def _rows() -> Iterator[Row]:
    bars = simulated.bars(*_BARS)
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S)  # as a server does
    try:
        with TemporaryDirectory() as folder:
            took = live_times(Path(folder), bars, NS_PER_MINUTE, _VOTE, events=_EVENTS)
    finally:
        sys.setswitchinterval(usual_s)
    signals, reads = np.asarray(took.signals) * 1e3, np.asarray(took.reads) * 1e3
    said = f"{_EVENTS:,} bars one by one, vote of XGBoost, forest and LSTM"
    yield Row(
        what=f"p99 from the message of a bar to its stored signal, {said}",
        unit="ms",
        ours=percentile(signals, 99),
        peer_name=_NOBODY,
        target=_SIGNAL_MS,
        target_is="ours",
        note="Two commits to the journal, each with its sync: the bar, then the signal "
        f"with the mark that it was answered. Median {percentile(signals, 50):.2f} ms. "
        f"{took.lost} lost, {took.doubled} doubled, with a promotion half-way.",
    )
    yield Row(
        what="p99 of reading the signals of an instrument that hold",
        unit="ms",
        ours=percentile(reads, 99),
        peer_name=_NOBODY,
        target=_READ_MS,
        target_is="ours",
        note="From the memory of the loop, without HTTP.",
    )
    yield Row(
        what="from a new champion in the registry to the first event that it answers",
        unit="s",
        ours=took.promotion,
        peer_name=_NOBODY,
        target=_PROMOTION_S,
        target_is="ours",
        note="While bars keep coming; none is lost or answered twice.",
    )


AREA = Area("live", _rows)
