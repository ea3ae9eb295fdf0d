"""A row of the benchmark: ours beside a peer, in one unit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

from tradeloop.errors import TradeloopError


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, the peer's and what was asked for.

    Parameters
    ----------
    what : str
        What was done, with its size.
    unit : str
        Unit of ``ours`` and ``peer``.
    ours : float
        Median, or the percentile that ``what`` names.
    peer_name : str
        Who the peer is; without a figure of it, why there is none.
    peer : float, optional
        The same figure of the peer, from the same run.
    better : {"less", "more"}
        Which way ``unit`` is good.
    target : float, optional
        What was asked for.
    target_is : {"ratio", "ours"}
        Whether the target is a ratio or a figure in ``unit``.
    judged : bool
        False where ``ours`` is no measurement of what the target asks for.
    note : str
        What a reader has to know to judge the row.

    Raises
    ------
    TradeloopError
        A figure is not finite: it would not be a measurement.
    """

    what: str
    unit: str
    ours: float
    peer_name: str
    peer: float | None = None
    better: Literal["less", "more"] = "less"
    target: float | None = None
    target_is: Literal["ratio", "ours"] = "ratio"
    judged: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        if not all(isfinite(value) for value in (self.ours, self.peer or 0.0)):
            raise TradeloopError(
                f"{self.what}: measured {self.ours} and {self.peer}, not finite. "
                "Run the area again; if it stays, the measurement is broken."
            )

    @property
    def ratio(self) -> float | None:
        """How many times better ours is: above 1 is better, None without two figures.

        ``peer / ours`` where less is better, ``ours / peer`` where more is.
        """
        if not self.peer or not self.ours:
            return None
        if self.better == "less":
            return self.peer / self.ours
        return self.ours / self.peer

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none or no figure for it."""
        if self.target is None or not self.judged:
            return None
        if self.target_is == "ratio":
            return None if self.ratio is None else self.ratio >= self.target
        if self.better == "less":
            return self.ours <= self.target
        return self.ours >= self.target

    def as_mapping(self) -> dict[str, Any]:
        """Everything by name, figures to six digits."""
        return {
            "what": self.what,
            "ours": _short(self.ours),
            "peer": _short(self.peer),
            "peer_name": self.peer_name,
            "unit": self.unit,
            "ratio": _short(self.ratio),
            "target": self.target,
            "met": self.met,
            "target_is": self.target_is,
            "better": self.better,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Area:
    """A floor that is measured.

    Parameters
    ----------
    name : str
        Name of the file.
    rows : callable
        Measures; yields rows.
    """

    name: str
    rows: Callable[[], Iterator[Row]]


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def require_equal(*, same: bool, what: str) -> None:
    """Refuse to time two things that do not compute the same.

    Raises
    ------
    TradeloopError
        They differ.
    """
    if not same:
        raise TradeloopError(
            f"{what}: ours and the peer's results differ, so their times say nothing. "
            "Report it with the versions that `tradeloop doctor` shows."
        )
