"""``tradeloop bench``: each area against its named peers, in one run."""

from tradeloop.apps.bench.areas import ALL, HELP, measure
from tradeloop.apps.bench.rows import Row
from tradeloop.apps.bench.show import show

__all__ = ["ALL", "HELP", "Row", "measure", "show"]
