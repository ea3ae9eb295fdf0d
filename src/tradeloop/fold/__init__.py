"""Compile a step once; run it over history, a panel or one live row.

A step is a plain function ``step([state,] [ring,] [params,] *inputs) -> outputs``. It
reads one row, changes ``state`` and ``ring``, and returns what is known after the row.

1. `kernel` names a step's outputs; `Kernel.scan` wraps it in one loop, which keeps
   ``state`` in registers down the rows of a lane (an instrument).
2. A row with a missing (NaN) input is skipped: NaN out, state as it was. So no gap
   poisons what comes later, and a feature of a feature waits for its input's warm-up.
3. The drivers `live_row` and `panel` walk a plan and call scans by
   address, so they never recompile.

Only this package imports Numba.
"""

from tradeloop.fold.code import Step, arrays_of, reached
from tradeloop.fold.compiled import compiled
from tradeloop.fold.drivers import (
    LINE,
    Float,
    Word,
    live_row,
    panel,
)
from tradeloop.fold.kernel import Kernel, inline, kernel

__all__ = [
    "LINE",
    "Float",
    "Kernel",
    "Step",
    "Word",
    "arrays_of",
    "compiled",
    "inline",
    "kernel",
    "live_row",
    "panel",
    "reached",
]
