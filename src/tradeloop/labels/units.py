"""Every label, one line each."""

from tradeloop.labels.direction import Direction
from tradeloop.labels.excursion import Excursion
from tradeloop.labels.horizon_return import HorizonReturn
from tradeloop.labels.outcome import Outcome
from tradeloop.labels.protocol import Label

ALL: tuple[Label, ...] = (
    HorizonReturn(),
    Outcome(),
    Direction(),
    Excursion(),
)
