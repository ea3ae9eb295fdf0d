"""Which arm serves a unit: a function of the unit's key, equal on every machine.

The first 8 bytes of ``SHA-256(experiment, 0, unit)`` give one of 10,000 buckets; a
layout says which arm has which buckets. When shares change, an arm that shrinks gives
up its last buckets and one that grows takes them: no unit moves but those that must.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Self

from tradeloop.errors import InputError

BUCKETS = 10_000
"""Number of buckets; a share is a whole number of them."""


def bucket_of(experiment: str, unit: str) -> int:
    """Bucket of a unit, 0 to 9,999.

    Parameters
    ----------
    experiment : str
        Name of the experiment; in another one the same unit has another bucket.
    unit : str
        Key of what is assigned: a signal, a symbol, an account.
    """
    digest = sha256(f"{experiment}\0{unit}".encode()).digest()
    return int.from_bytes(digest[:8], "big") * BUCKETS >> 64


@dataclass(frozen=True, slots=True)
class Layout:
    """Which arm has which buckets.

    Parameters
    ----------
    experiment : str
        Name of the experiment; not empty, without a NUL.
    pieces : tuple of (str, int)
        Arm and number of buckets, from bucket 0 on; together 10,000.

    Raises
    ------
    InputError
        The name is empty, or the pieces do not fill the buckets.
    """

    experiment: str
    pieces: tuple[tuple[str, int], ...]

    def __post_init__(self) -> None:
        if not self.experiment or "\0" in self.experiment:
            raise InputError(
                "An experiment needs a name that is not empty and holds no NUL, was "
                f"{self.experiment!r}.",
                way_out="Name it.",
                source="experiment",
            )
        widths = [width for _, width in self.pieces]
        if sum(widths) != BUCKETS or min(widths) <= 0:
            raise InputError(
                f"The pieces of a layout must fill {BUCKETS} buckets, were "
                f"{self.pieces}.",
                way_out="Build it with Layout.of.",
                source="pieces",
            )

    @classmethod
    def of(cls, experiment: str, shares: Mapping[str, float]) -> Self:
        """Lay out the arms in the order in which they are given.

        Parameters
        ----------
        experiment : str
            Name of the experiment.
        shares : mapping of str to float
            Share of each arm: multiples of 0.0001 from 0 that add up to 1.

        Raises
        ------
        InputError
            The shares break that rule.
        """
        widths = _widths(shares)
        return cls(experiment, tuple((a, w) for a, w in widths.items() if w))

    def arm_of(self, unit: str) -> str:
        """Return the one arm that serves this unit."""
        left = bucket_of(self.experiment, unit)
        for arm, width in self.pieces:
            if left < width:
                return arm
            left -= width
        raise AssertionError  # the pieces fill the buckets

    @property
    def shares(self) -> dict[str, float]:
        """Share of each arm that has one, by name."""
        found: dict[str, int] = {}
        for arm, width in self.pieces:
            found[arm] = found.get(arm, 0) + width
        return {arm: width / BUCKETS for arm, width in found.items()}

    def with_shares(self, shares: Mapping[str, float]) -> Self:
        """Return the layout of other shares that moves the fewest units.

        A unit changes its arm only if its arm shrinks, and then to one that grows.

        Parameters
        ----------
        shares : mapping of str to float
            As in `of`; arms that are left out get none, new ones may be named.

        Raises
        ------
        InputError
            The shares break the rule of `of`.
        """
        room = _widths(shares)
        kept: list[tuple[str | None, int]] = []
        for arm, width in self.pieces:
            keeps = min(width, room.get(arm, 0))
            room[arm] = room.get(arm, 0) - keeps
            kept += [(arm, keeps), (None, width - keeps)]
        return replace(self, pieces=_merged(_filled(kept, room)))

    def to_mapping(self) -> dict[str, Any]:
        """Return the layout as plain JSON."""
        return {
            "experiment": self.experiment,
            "pieces": [[arm, width] for arm, width in self.pieces],
        }

    @classmethod
    def from_mapping(cls, kept: Mapping[str, Any]) -> Self:
        """Return the layout that `to_mapping` kept."""
        pieces = tuple((arm, width) for arm, width in kept["pieces"])
        return cls(kept["experiment"], pieces)


def _widths(shares: Mapping[str, float]) -> dict[str, int]:
    widths = {arm: round(share * BUCKETS) for arm, share in shares.items()}
    exact = all(
        share >= 0 and abs(share * BUCKETS - widths[arm]) < 1 / BUCKETS
        for arm, share in shares.items()
    )
    if not exact or sum(widths.values()) != BUCKETS or "" in widths:
        raise InputError(
            f"Shares must be multiples of {1 / BUCKETS:g} that add up to 1, were "
            f"{dict(shares)}.",
            way_out="Round them, and give the rest to one arm.",
            source="shares",
        )
    return widths


def _filled(
    kept: list[tuple[str | None, int]], room: dict[str, int]
) -> list[tuple[str, int]]:
    """Give the free pieces to the arms that have room, in order."""
    waiting = [(arm, width) for arm, width in room.items() if width]
    found: list[tuple[str, int]] = []
    for arm, width in kept:
        left = width
        while arm is None and left:
            taker, wants = waiting.pop(0)
            takes = min(left, wants)
            found.append((taker, takes))
            left -= takes
            if wants > takes:
                waiting.insert(0, (taker, wants - takes))
        if arm is not None and width:
            found.append((arm, width))
    return found


def _merged(pieces: list[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Join neighbours of one arm."""
    found: list[tuple[str, int]] = []
    for arm, width in pieces:
        if found and found[-1][0] == arm:
            found[-1] = (arm, found[-1][1] + width)
        else:
            found.append((arm, width))
    return tuple(found)
