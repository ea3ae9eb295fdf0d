"""What is asked of the quotes around a decision."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from tradeloop.errors import InputError

Reducer = Literal[
    "count", "sum", "mean", "weighted_mean", "min", "max", "std", "first", "last"
]
REDUCERS: tuple[Reducer, ...] = get_args(Reducer)


@dataclass(frozen=True, slots=True)
class Before:
    """A column over the quotes that were known at the decision, the newest ones.

    Parameters
    ----------
    column : str
        Column of the quotes. Missing values in the window are left out.
    reduce : str
        One of `REDUCERS`. ``std`` is divided by n - 1. ``weighted_mean`` leaves out
        quotes without a weight and is missing where the weights add up to 0.
    within_ns : int, optional
        Quotes received in the last so many ns: after decision - within_ns, up to and
        at the decision.
    quotes : int, optional
        At most so many quotes. With ``within_ns`` both bounds hold.
    weight : str
        Column of the weights of ``weighted_mean``.
    name : str
        Of the result; absent: column, reducer and window.
    """

    column: str
    reduce: Reducer
    within_ns: int | None = None
    quotes: int | None = None
    weight: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        bounds = [size for size in (self.within_ns, self.quotes) if size is not None]
        rules = {
            f"reduce must be one of {', '.join(REDUCERS)}": self.reduce in REDUCERS,
            "a window needs within_ns or quotes, above 0": bounds and min(bounds) > 0,
            "weight must be given for weighted_mean, and only there": (
                bool(self.weight) == (self.reduce == "weighted_mean")
            ),
        }
        _require(rules, self.column)

    @property
    def called(self) -> str:
        """Name of the result."""
        window = [f"{self.within_ns}ns"] if self.within_ns is not None else []
        window += [f"{self.quotes}q"] if self.quotes is not None else []
        return self.name or "_".join([self.column, self.reduce, *window])


@dataclass(frozen=True, slots=True)
class Ahead:
    """The newest value as of some time after the decision: an outcome, no feature.

    Parameters
    ----------
    column : str
        Column of the quotes.
    after_ns : int
        Time after the decision, ns.
    name : str
        Of the result; absent: column and time.
    """

    column: str
    after_ns: int
    name: str = ""

    def __post_init__(self) -> None:
        _require({"after_ns must be above 0": self.after_ns > 0}, self.column)

    @property
    def called(self) -> str:
        """Name of the result."""
        return self.name or f"{self.column}_after_{self.after_ns}ns"


def _require(rules: dict[str, Any], column: str) -> None:
    for rule, held in rules.items():
        if not held:
            raise InputError(
                f"In a window of quotes, {rule}.",
                way_out="See tradeloop.datasets.windows.",
                source="windows",
                column=column,
            )
