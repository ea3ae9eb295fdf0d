"""The limits of a selection."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tradeloop.errors import InputError


@dataclass(frozen=True, slots=True)
class SelectionRule:
    """When a feature is left out; the defaults drop what is broken or said twice.

    Parameters
    ----------
    least_known_share : float
        Of the training rows, and of those of each instrument with 20 rows or more.
    most_common_share : float
        Of the known rows, that hold one value: the column hardly varies.
    most_correlation : float
        Absolute correlation of two features that are both kept.
    least_mutual_information, least_information_gain : float
        Nats, with the class.
    least_stability : float
        Of the rank over periods, see `Stability`.
    periods : int
        Parts of the training rows, in time, that the stability compares.
    most_features : int or None
        The most relevant ones, if there are more.
    """

    least_known_share: float = 0.5
    most_common_share: float = 0.99
    most_correlation: float = 0.95
    least_mutual_information: float = 0.0
    least_information_gain: float = 0.0
    least_stability: float = 0.0
    periods: int = 5
    most_features: int | None = None

    def __post_init__(self) -> None:
        shares = (self.least_known_share, self.most_common_share, self.least_stability)
        if (
            not all(0 <= share <= 1 for share in shares)
            or not 0 < self.most_correlation <= 1
            or min(self.least_mutual_information, self.least_information_gain) < 0
            or self.periods < 1
            or (self.most_features is not None and self.most_features < 1)
        ):
            raise InputError(
                "A selection needs shares from 0 to 1, a correlation above 0, "
                f"information of 0 or more, and counts of 1 or more, was {self}.",
                way_out="Correct the limit.",
                source="SelectionRule",
            )

    def as_mapping(self) -> Mapping[str, Any]:
        """Give the limits by name."""
        return asdict(self)
