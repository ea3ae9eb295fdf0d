"""What execution truth is measured by: horizons, waits, clock, what is suspect."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tradeloop.capture.fills import PRICE_TOLERANCE
from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.events import duration_text
from tradeloop.labels.rules import EVERYTHING_NS

Clock = Literal["received", "event"]


@dataclass(frozen=True, slots=True)
class ExecutionRule:
    """All that execution truth depends on, other than frames and horizons.

    Parameters
    ----------
    end_after_ns : int or None
        What stays unfilled is valued this long after the decision, but not before the
        last fill; above 0. None: after the longest horizon.
    wait_ns : int
        Oldest mid that still counts, and longest gap around a horizon, at least 0.
    clock : {"received", "event"}
        On which clock the mid as of a time is the last one: as we received it, or as
        the venue stamped it. Fills are dated by the venue in both.
    own_on_tape : bool
        Whether the volume of the market holds the own fills, so that they are taken
        out of the interval VWAP. False for fills that never went to that market.
    session_end_ns : int or None
        When a day ends, after midnight UTC: from 0 to a day. None: nothing is measured
        against the close, and nothing waits for it.
    price_tolerance : float
        Share of the price that a fill may lie outside its bar, at least 0.
    clock_slack_ns : int
        How far clocks may disagree before a fill counts as too early, and how far
        around a fill quotes are looked at, at least 0.
    as_of_ns : int or None
        Only what was received by then is known; None knows all rows.

    Raises
    ------
    InputError
        A value is outside its bounds.
    """

    end_after_ns: int | None = None
    wait_ns: int = 5 * NS_PER_DAY
    clock: Clock = "received"
    own_on_tape: bool = True
    session_end_ns: int | None = NS_PER_DAY
    price_tolerance: float = PRICE_TOLERANCE
    clock_slack_ns: int = 0
    as_of_ns: int | None = None

    def __post_init__(self) -> None:
        if self.clock not in ("received", "event"):
            raise InputError(
                f"clock must be 'received' or 'event', was {self.clock!r}.",
                way_out="Take 'received' unless quotes and fills are on one clock.",
                source="clock",
            )
        bounds = {
            "end_after_ns": (1, self.end_after_ns),
            "wait_ns": (0, self.wait_ns),
            "session_end_ns": (0, self.session_end_ns),
            "price_tolerance": (0, self.price_tolerance),
            "clock_slack_ns": (0, self.clock_slack_ns),
        }
        for name, (least, value) in bounds.items():
            if value is not None and not value >= least:
                raise InputError(
                    f"{name} must be at least {least}, was {value}.",
                    way_out=f"Give a number of at least {least}.",
                    source=name,
                )
        if (self.session_end_ns or 0) > NS_PER_DAY:
            raise InputError(
                f"session_end_ns must be a day at most, was {self.session_end_ns}.",
                way_out="Give the time of day at which the session ends, in ns UTC.",
                source="session_end_ns",
            )

    @property
    def known_until_ns(self) -> int:
        """``as_of_ns``, or the end of time."""
        return EVERYTHING_NS if self.as_of_ns is None else self.as_of_ns


def checked_horizons(horizons_ns: Sequence[int]) -> dict[str, int]:
    """Horizons by the text that ends the names of their columns, such as ``5m``.

    Raises
    ------
    InputError
        There is none, one is not above 0, or one comes twice.
    """
    horizons = tuple(int(h) for h in horizons_ns)
    if not horizons or min(horizons) <= 0 or len(set(horizons)) < len(horizons):
        raise InputError(
            f"horizons_ns must be different numbers above 0, were {horizons}.",
            way_out="Give at least one horizon, such as 300000000000 for 5m.",
            source="horizons_ns",
        )
    return {duration_text(h): h for h in horizons}
