"""Every detector, in the order of the alphabet."""

from tradeloop.quality.anomalies.clock_faults import DRIFT, JUMP, SHIFT
from tradeloop.quality.anomalies.crossed import CROSSED
from tradeloop.quality.anomalies.feeds import FAR_TICK, FROZEN_FEED
from tradeloop.quality.anomalies.late_tick import LATE_TICK, OVER_STATED
from tradeloop.quality.anomalies.missing_numbers import MISSING_NUMBERS, UNDELIVERED
from tradeloop.quality.anomalies.odd_row import ODD_ROW
from tradeloop.quality.anomalies.regime_return import REGIME_RETURN
from tradeloop.quality.anomalies.sudden_move import SUDDEN
from tradeloop.quality.anomalies.tick_order import BACK, REPEATED
from tradeloop.quality.base import Detector
from tradeloop.quality.clocks import BEHIND, LATE
from tradeloop.quality.fills import OUTSIDE
from tradeloop.quality.frozen import FROZEN
from tradeloop.quality.gaps import GAPS
from tradeloop.quality.order import DUPLICATES, UNSORTED
from tradeloop.quality.outliers import OUTLIERS
from tradeloop.quality.relations import BROKEN
from tradeloop.quality.sightless import BLIND, STALE

DETECTORS: tuple[Detector, ...] = (
    BEHIND,
    BLIND,
    BROKEN,
    CROSSED,
    DRIFT,
    DUPLICATES,
    FAR_TICK,
    FROZEN,
    FROZEN_FEED,
    GAPS,
    JUMP,
    LATE,
    LATE_TICK,
    MISSING_NUMBERS,
    BACK,
    ODD_ROW,
    OUTLIERS,
    OUTSIDE,
    OVER_STATED,
    REGIME_RETURN,
    REPEATED,
    SHIFT,
    STALE,
    SUDDEN,
    UNDELIVERED,
    UNSORTED,
)
"""All that `tradeloop.quality.measure` runs."""

LIVE: tuple[Detector, ...] = (
    BEHIND,
    BROKEN,
    CROSSED,
    DUPLICATES,
    FROZEN,
    GAPS,
    LATE,
    LATE_TICK,
    MISSING_NUMBERS,
    BACK,
    OUTLIERS,
    OVER_STATED,
    REPEATED,
    SHIFT,
    SUDDEN,
    UNSORTED,
)
"""Those that judge row by row, and so also live."""
