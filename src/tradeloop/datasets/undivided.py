"""No split at all: for a dataset with too few rows to test anything on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from tradeloop.datasets.intervals import Split, label_intervals


@dataclass(frozen=True, slots=True)
class Undivided:
    """A splitter without folds: every row only trains, nothing can be measured."""

    def count(self) -> int:
        """Count the folds: none."""
        return 0

    def as_mapping(self) -> dict[str, Any]:
        """Name; there are no parameters."""
        return {"splitter": "undivided"}

    def split(self, decision_ns: ArrayLike, end_ns: ArrayLike) -> Iterator[Split]:
        """Yield nothing; the label intervals are checked all the same."""
        label_intervals(decision_ns, end_ns)
        return iter(())
