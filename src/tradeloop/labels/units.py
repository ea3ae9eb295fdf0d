"""Every label, one line each."""

from tradeloop.labels.direction import Direction
from tradeloop.labels.excursion import Excursion
from tradeloop.labels.extreme_time import ExtremeTime
from tradeloop.labels.horizon_return import HorizonReturn
from tradeloop.labels.meta_label import MetaLabel
from tradeloop.labels.outcome import Outcome
from tradeloop.labels.protocol import Label
from tradeloop.labels.trend_scan import TrendScan
from tradeloop.labels.triple_barrier import TripleBarrier

ALL: tuple[Label, ...] = (
    HorizonReturn(),
    Outcome(),
    Direction(),
    Excursion(),
    ExtremeTime(),
    MetaLabel(),
    TripleBarrier(),
    TrendScan(),
)
