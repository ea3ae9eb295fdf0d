"""Constants of the error bar, each with its meaning."""

from dataclasses import dataclass

from tradeloop.errors import InputError


@dataclass(frozen=True, slots=True)
class CertaintyRule:
    """How the error of a label is estimated, and when a label is inside it.

    Parameters
    ----------
    level : float
        Coverage of the interval, and the least probability of the stated class with
        which a label claims certainty; between 0 and 1.
    window_rows : int
        Price changes before, and as many after where they are known, from which the
        volatility around a moment is taken.
    step_rows : int
        Rows over which each of these moves is taken, so that noise and lag of single
        quotes weigh little.
    lag_rows : int
        Rows within which quotes are thought to have followed a move wholly.
    quote_share : float
        Error variance of one quote by itself (rounding, passing pressure, what is left
        of the lag) as a share of the variance between one quote and the next.
    between_share : float
        Share of the variance of prices that comes in the time between quotes; the rest
        comes with the trades and news that quotes follow at once; above 0, at most 1.
    degrees : float
        Degrees of freedom of one price's standard error, since the volatility is itself
        estimated and does not stand still; above 2.
    least_rows : int
        Rows that must be known before an error bar is given.
    settle_ns : int
        How much longer than the label itself the error bar may wait for quotes.

    Raises
    ------
    InputError
        A value is out of its range.

    Notes
    -----
    ``quote_share``, ``between_share`` and ``degrees`` were chosen on simulated markets,
    one value for both kinds, on seeds other than those of the published experiment
    (docs/labels-certainty.md); all else is taken from the prices themselves.
    """

    level: float = 0.95
    window_rows: int = 100
    step_rows: int = 10
    lag_rows: int = 20
    quote_share: float = 0.1
    between_share: float = 0.7
    degrees: float = 4.0
    least_rows: int = 300
    settle_ns: int = 0

    def __post_init__(self) -> None:
        least = {"window_rows": 10, "step_rows": 1, "lag_rows": 1, "settle_ns": 0}
        least["least_rows"] = 2 * (self.step_rows + self.lag_rows)
        for name, bound in least.items():
            if getattr(self, name) < bound:
                self._refuse(name, f"at least {bound}")
        if not 0 < self.level < 1:
            self._refuse("level", "between 0 and 1")
        if not self.quote_share >= 0:
            self._refuse("quote_share", "at least 0")
        if not 0 < self.between_share <= 1:
            self._refuse("between_share", "above 0 and at most 1")
        if not self.degrees > 2:  # noqa: PLR2004  # a variance must exist
            self._refuse("degrees", "above 2")

    def _refuse(self, name: str, bound: str) -> None:
        raise InputError(
            f"CertaintyRule.{name} must be {bound}, was {getattr(self, name)}.",
            way_out=f"Give {name} in this range, or leave it out.",
            column=name,
        )
