"""A simulated market with known truth: fitted, deterministic, always marked."""

from tradeloop.simulation.compare import (
    SEEDS,
    Fact,
    arrays,
    calibrated,
    compare,
    facts,
    table,
)
from tradeloop.simulation.faults import NONE, USUAL, Faults, inversions, plant
from tradeloop.simulation.fit import Recording, fit
from tradeloop.simulation.generate import BEGIN_NS, Simulated, simulate
from tradeloop.simulation.mark import MARK, METADATA, VENUE, encode, is_marked, marked
from tradeloop.simulation.parameters import (
    PRESETS,
    Alpha,
    Fitted,
    Instrument,
    Preset,
    shaped,
    shipped,
    without_alpha,
)
from tradeloop.simulation.ticks import Takers, Ticks, takers_of, ticks_of
from tradeloop.simulation.trading import STRATEGIES

__all__ = [
    "BEGIN_NS",
    "MARK",
    "METADATA",
    "NONE",
    "PRESETS",
    "SEEDS",
    "STRATEGIES",
    "USUAL",
    "VENUE",
    "Alpha",
    "Fact",
    "Faults",
    "Fitted",
    "Instrument",
    "Preset",
    "Recording",
    "Simulated",
    "Takers",
    "Ticks",
    "arrays",
    "calibrated",
    "compare",
    "encode",
    "facts",
    "fit",
    "inversions",
    "is_marked",
    "marked",
    "plant",
    "shaped",
    "shipped",
    "simulate",
    "table",
    "takers_of",
    "ticks_of",
    "without_alpha",
]
