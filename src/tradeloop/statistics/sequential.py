"""Tests that may be looked at after every row and stopped at any time.

Each holds an e-value: a bet against "the mean is at most the limit" that starts with 1
and is not expected to grow while that is true. By Ville's inequality the chance that it
*ever* reaches ``1 / level`` is then at most ``level``, however often one looks and
whatever makes one stop. A p-value computed again after every row has no such bound.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import erfc, exp, inf, isfinite, log, sqrt
from typing import Any, Self

from tradeloop.errors import InputError
from tradeloop.statistics.samples import at_least, between

_BETS = 16
_LARGEST_BET = 0.9
_SMALLEST_BET = 0.9e-3


def _of_sum(logs: Iterable[float]) -> float:
    """``ln(mean(exp(logs)))`` without overflow."""
    values = tuple(logs)
    top = max(values)
    return top + log(sum(exp(value - top) for value in values) / len(values))


def _finite(value: float, *, name: str) -> float:
    if not isfinite(value):
        raise InputError(
            f"{name} must be finite, was {value}.",
            way_out="Leave out what was not measured.",
            source=name,
        )
    return float(value)


@dataclass(frozen=True, slots=True)
class BoundedMean:
    """Evidence that the mean of bounded values is above a limit, by betting.

    With ``u`` the value and ``m`` the limit, both scaled to 0..1, a bet ``b`` makes
    ``1 + b (u - m)`` of each unit it holds; 16 bets from ``0.0009 / m`` to ``0.9 / m``
    start with equal shares, and the e-value is what they hold together. Nothing is
    assumed of the values but the bounds and ``E[value | past] <= limit``: they may
    depend on one another and change their spread. For a rate, take 0 and 1 as bounds.

    Parameters
    ----------
    limit : float
        What the mean must not exceed, between ``low`` and ``high``.
    low, high : float
        Bounds of every value; see ``after`` for one outside.
    logs : tuple of float
        Natural logarithm of what each bet holds.
    rows : int
        Values that were seen.
    total : float
        Their sum.
    largest : float
        Largest natural logarithm of the e-value so far.

    Raises
    ------
    InputError
        The limit does not lie between the bounds.

    References
    ----------
    Waudby-Smith and Ramdas (2024), JRSS B 86(1), "Estimating means of bounded random
    variables by betting"; Ville (1939); Robbins (1970), Annals of Statistics 41(5).
    """

    limit: float
    low: float = 0.0
    high: float = 1.0
    logs: tuple[float, ...] = (0.0,) * _BETS
    rows: int = 0
    total: float = 0.0
    largest: float = 0.0

    def __post_init__(self) -> None:
        between(self.limit, self.low, self.high, name="limit")
        if len(self.logs) != _BETS:
            raise InputError(
                f"BoundedMean keeps {_BETS} bets, had {len(self.logs)}.",
                way_out="Start the test anew: it was kept by another version.",
                source="logs",
            )

    def after(self, value: float) -> Self:
        """Return the test after one more value; one beyond a bound counts as the bound.

        Raises
        ------
        InputError
            The value is NaN or infinite.
        """
        kept = min(max(_finite(value, name="value"), self.low), self.high)
        width = self.high - self.low
        limit = (self.limit - self.low) / width
        gain = ((kept - self.low) / width - limit) / limit
        logs = tuple(
            held + log(1 + bet * gain)
            for held, bet in zip(self.logs, _SHARES, strict=True)
        )
        return replace(
            self,
            logs=logs,
            rows=self.rows + 1,
            total=self.total + kept,
            largest=max(self.largest, _of_sum(logs)),
        )

    @property
    def mean(self) -> float | None:
        """Mean of the values, each within the bounds; None before the first."""
        return self.total / self.rows if self.rows else None

    @property
    def log_e_value(self) -> float:
        """Natural logarithm of the e-value now."""
        return _of_sum(self.logs)

    @property
    def p_value(self) -> float:
        """P-value that holds at any time: ``1 / largest e-value``."""
        return exp(-self.largest)

    def rejects(self, level: float) -> bool:
        """Whether the mean was shown to be above the limit, ever, at this level."""
        return self.largest >= -log(between(level, 0.0, 1.0, name="level"))

    def to_mapping(self) -> dict[str, Any]:
        """Return the whole state as plain JSON."""
        return {
            "limit": self.limit,
            "low": self.low,
            "high": self.high,
            "logs": list(self.logs),
            "rows": self.rows,
            "total": self.total,
            "largest": self.largest,
        }

    @classmethod
    def from_mapping(cls, kept: Mapping[str, Any]) -> Self:
        """Return the state that `to_mapping` kept; it goes on bit for bit."""
        return cls(**{**kept, "logs": tuple(kept["logs"])})


_SHARES = tuple(
    _LARGEST_BET * (_SMALLEST_BET / _LARGEST_BET) ** (k / (_BETS - 1))
    for k in range(_BETS)
)


@dataclass(frozen=True, slots=True)
class GaussianMean:
    """Evidence that the mean of sub-Gaussian values is above a limit.

    The likelihood ratios against means above the limit, mixed with a half-normal
    weight (a one-sided mixture SPRT). With ``S = sum(value - limit)``,
    ``V = rows sigma^2`` and ``r`` the precision of the weight:
    ``E = 2 sqrt(r / (r + V)) exp(S^2 / (2 (r + V))) Phi(S / sqrt(r + V))``.

    Parameters
    ----------
    limit : float
        What the mean must not exceed.
    sigma : float
        Bound of the deviation (sub-Gaussian scale), known in advance, above 0.
    typical_rows : int
        Rows at which the test is to be at its best; it is valid at all.
    rows : int
        Values that were seen.
    total : float
        Their sum less the limit each.
    largest : float
        Largest natural logarithm of the e-value so far.

    Raises
    ------
    InputError
        A figure is outside its range.

    References
    ----------
    Robbins (1970), Annals of Mathematical Statistics 41(5); Howard, Ramdas, McAuliffe
    and Sekhon (2021), Annals of Statistics 49(2), proposition 6.
    """

    limit: float
    sigma: float
    typical_rows: int = 1000
    rows: int = 0
    total: float = 0.0
    largest: float = 0.0

    def __post_init__(self) -> None:
        between(self.sigma, 0.0, inf, name="sigma")
        at_least(self.typical_rows, 1, name="typical_rows")
        _finite(self.limit, name="limit")

    def after(self, value: float) -> Self:
        """Return the test after one more value.

        Raises
        ------
        InputError
            The value is NaN or infinite.
        """
        found = _finite(value, name="value")
        moved = replace(self, rows=self.rows + 1, total=self.total + found - self.limit)
        return replace(moved, largest=max(self.largest, moved.log_e_value))

    @property
    def mean(self) -> float | None:
        """Mean of the values; None before the first."""
        return self.total / self.rows + self.limit if self.rows else None

    @property
    def log_e_value(self) -> float:
        """Natural logarithm of the e-value now."""
        # About ln(1/level) = 3 of evidence is what the mixture is tuned for.
        ready = self.typical_rows * self.sigma**2 / 8
        whole = ready + self.rows * self.sigma**2
        z = self.total / sqrt(whole)
        below = max(0.5 * erfc(-z / sqrt(2)), 1e-300)
        return log(2) + 0.5 * log(ready / whole) + z * z / 2 + log(below)

    @property
    def p_value(self) -> float:
        """P-value that holds at any time: ``1 / largest e-value``."""
        return exp(-self.largest)

    def rejects(self, level: float) -> bool:
        """Whether the mean was shown to be above the limit, ever, at this level."""
        return self.largest >= -log(between(level, 0.0, 1.0, name="level"))

    def to_mapping(self) -> dict[str, Any]:
        """Return the whole state as plain JSON."""
        return {
            "limit": self.limit,
            "sigma": self.sigma,
            "typical_rows": self.typical_rows,
            "rows": self.rows,
            "total": self.total,
            "largest": self.largest,
        }

    @classmethod
    def from_mapping(cls, kept: Mapping[str, Any]) -> Self:
        """Return the state that `to_mapping` kept; it goes on bit for bit."""
        return cls(**kept)
