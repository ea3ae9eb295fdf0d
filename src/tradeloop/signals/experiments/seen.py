"""Which observations were counted already: an immutable set that grows cheaply."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Seen:
    """A set of ids in layers of twice the size each, so that adding copies few of them.

    Parameters
    ----------
    layers : tuple of frozenset of str
        Each larger than the next; an id is in one of them.
    """

    layers: tuple[frozenset[str], ...] = ()

    @classmethod
    def of(cls, ids: Iterable[str]) -> Self:
        """Return the set of these ids."""
        whole = frozenset(ids)
        return cls((whole,)) if whole else cls()

    def __contains__(self, found: object) -> bool:
        return any(found in layer for layer in self.layers)

    def __len__(self) -> int:
        return sum(len(layer) for layer in self.layers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Seen) and self.ids() == other.ids()

    def __hash__(self) -> int:
        return hash(self.ids())

    def adding(self, found: str) -> Self:
        """Return the set with one more id."""
        if found in self:
            return self
        layers, last = list(self.layers), frozenset({found})
        while layers and len(layers[-1]) <= len(last):
            last |= layers.pop()
        return type(self)((*layers, last))

    def ids(self) -> frozenset[str]:
        """Return all ids as one set."""
        return frozenset().union(*self.layers)


NOTHING = Seen()
"""No id."""
