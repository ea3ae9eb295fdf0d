"""What is seen of a signal: first that it was scored, later what came of it."""

from dataclasses import dataclass
from typing import Final, Literal

from tradeloop.errors import InputError

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
Arm = Literal["champion", "challenger"]


@dataclass(frozen=True, slots=True)
class Scored:
    """A signal was scored.

    Parameters
    ----------
    id : str
        Of the signal; the same one counts once.
    unit : str
        Key by which its arm was assigned.
    created_ns : int
        When the signal was created, ns UTC: by it, its arm is found again.
    failed : bool
        The arm raised or timed out.
    abstained : bool
        It gave no side, for whatever reason.
    latency_us : float
        From the event to the signal.
    at_ns : int
        When this was seen, ns UTC.
    """

    id: str
    unit: str
    created_ns: int
    failed: bool
    abstained: bool
    latency_us: float
    at_ns: int

    @property
    def key(self) -> str:
        """Under which it counts once."""
        return f"scored:{self.id}"


@dataclass(frozen=True, slots=True)
class Settled:
    """The outcome of a signal has come, and both models had scored its row.

    Parameters
    ----------
    id, unit, created_ns, at_ns
        As in `Scored`.
    log_loss_difference : float
        Log loss of the challenger less that of the champion on this row, in nats.
    pnl_difference_bps : float
        What the challenger's side made less what the champion's made, after costs.
    """

    id: str
    unit: str
    created_ns: int
    log_loss_difference: float
    pnl_difference_bps: float
    at_ns: int

    @property
    def key(self) -> str:
        """Under which it counts once."""
        return f"settled:{self.id}"


Observation = Scored | Settled


def refuse_empty(found: str, *, name: str) -> None:
    """Refuse an id or a key of nothing.

    Raises
    ------
    InputError
        It is empty.
    """
    if not found:
        raise InputError(
            f"{name} must not be empty.",
            way_out="Give the id that the signal has in the journal.",
            source=name,
        )
