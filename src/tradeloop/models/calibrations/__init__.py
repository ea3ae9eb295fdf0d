"""The kinds of calibration, one file each."""

from tradeloop.models.calibrations.isotonic import Isotonic
from tradeloop.models.calibrations.platt import Platt
from tradeloop.models.calibrations.shrunk import Shrunk
from tradeloop.models.calibrations.temperature import Temperature

__all__ = ["Isotonic", "Platt", "Shrunk", "Temperature"]
