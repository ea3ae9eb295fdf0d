"""What a search may choose from: numbers between bounds, or one of some values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tradeloop.errors import InputError

Value: TypeAlias = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Span:
    """A number from ``low`` to ``high``, both included; whole where both are whole.

    Parameters
    ----------
    low, high : int or float
        Bounds, ``low`` below ``high``.
    log : bool
        Whether to draw evenly in the logarithm; then ``low`` is above 0.

    Raises
    ------
    InputError
        The bounds are none.
    """

    low: int | float
    high: int | float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise InputError(
                f"A span needs low below high, and above 0 on a logarithmic scale; "
                f"was {self.low} to {self.high}.",
                way_out="Correct the bounds.",
                source="search space",
            )

    @property
    def whole(self) -> bool:
        """Whether it holds whole numbers only."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def holds(self, value: Value) -> bool:
        """Whether a value may be chosen."""
        if isinstance(value, (bool, str)) or (self.whole and value != int(value)):
            return False
        return self.low <= value <= self.high

    def as_mapping(self) -> dict[str, Any]:
        """Write it as it stands in model_configs.yaml."""
        found: dict[str, Any] = {"low": self.low, "high": self.high}
        return {**found, "log": True} if self.log else found


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some values.

    Parameters
    ----------
    values : tuple of bool, int, float or str
        At least two.

    Raises
    ------
    InputError
        Fewer than two.
    """

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if len(set(self.values)) <= 1:
            raise InputError(
                f"A choice needs two values or more, was {list(self.values)}.",
                way_out="Add one, or leave the parameter out of the space.",
                source="search space",
            )

    def holds(self, value: Value) -> bool:
        """Whether a value may be chosen."""
        return value in self.values

    def as_mapping(self) -> dict[str, Any]:
        """Write it as it stands in model_configs.yaml."""
        return {"values": list(self.values)}


Space: TypeAlias = Mapping[str, Span | Choice]
"""Name of a parameter to what it may be."""


def suggest(trial: Any, space: Space) -> dict[str, Value]:
    """Ask a trial of Optuna for a value of each parameter, in the order of the space.

    Parameters
    ----------
    trial : optuna.trial.Trial
        Who is asked.
    space : Space
        What may be chosen.
    """
    found: dict[str, Value] = {}
    for name, part in space.items():
        if isinstance(part, Choice):
            found[name] = trial.suggest_categorical(name, list(part.values))
        elif part.whole:
            low, high = int(part.low), int(part.high)
            found[name] = trial.suggest_int(name, low, high, log=part.log)
        else:
            low_f, high_f = float(part.low), float(part.high)
            found[name] = trial.suggest_float(name, low_f, high_f, log=part.log)
    return found
