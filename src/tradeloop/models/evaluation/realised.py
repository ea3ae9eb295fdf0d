"""What the market did, for the figures that need more than the direction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import Floats
from tradeloop.models.evaluation.scores import CrossSection
from tradeloop.statistics.cross_section import dated_correlations
from tradeloop.statistics.resamples import OfMeans, Resamples, Weighted

LEAST_ROWS = 5
"""Fewest instruments of a date in the cross-section."""
_LEAST_DATES = 2
_LEAST_VARIANCE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Realised:
    """Returns of the rows, and what trading them costs.

    Parameters
    ----------
    returns_bps : array of shape (n_rows,)
        Return over the horizon of the label, in bps of the price at the decision.
    costs_bps : array of shape (n_rows,) or float
        Cost of the whole trade, in and out, in bps; at least 0.
    date : array of shape (n_rows,), optional
        What rows are taken together by in the cross-section, such as the decision time
        or its day; without it there is no cross-section.
    min_edge : float
        Least lead |p_up - p_down| for a trade, from 0 to 1: that of the policy.
    """

    returns_bps: ArrayLike
    costs_bps: ArrayLike = 0.0
    date: ArrayLike | None = None
    min_edge: float = 0.05

    def of(self, tested: NDArray[np.bool_]) -> "Outcomes":
        """Return the rows that were tested, checked.

        Raises
        ------
        InputError
            A length is wrong, a return or cost of a tested row is not finite, a cost is
            negative, or ``min_edge`` is outside its range.
        """
        rows = len(tested)
        given = np.asarray(self.returns_bps, dtype=np.float64)
        costs = np.asarray(self.costs_bps, dtype=np.float64)
        dates = None if self.date is None else np.asarray(self.date)
        lengths = given.shape == (rows,) and costs.shape in ((), (rows,))
        if not lengths or (dates is not None and dates.shape != (rows,)):
            raise InputError(
                f"Realised needs one return, cost and date for each of {rows} rows.",
                way_out="Pass them for the rows of the probabilities, in their order.",
                source="realised",
            )
        returns, costs = given[tested], np.broadcast_to(costs, (rows,))[tested]
        bad = ~np.isfinite(returns) | ~np.isfinite(costs) | (costs < 0)
        if bad.any() or not 0 <= self.min_edge <= 1:
            raise InputError(
                "Returns must be finite, costs finite and at least 0, and min_edge "
                f"from 0 to 1; {int(bad.sum())} rows are not, min_edge was "
                f"{self.min_edge}.",
                way_out="Leave rows without a return out of the evaluation.",
                source="realised",
            )
        return Outcomes(
            returns, costs, None if dates is None else dates[tested], self.min_edge
        )


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Checked rows of `Realised`."""

    returns_bps: Floats
    costs_bps: Floats
    date: NDArray[np.generic] | None
    min_edge: float

    def profit(self, edge: Floats) -> OfMeans:
        """Mean net bps of the rows that are traded at an edge of shape (n_rows,)."""
        traded = (np.abs(edge) >= self.min_edge) & (edge != 0)
        net = np.sign(edge) * self.returns_bps - self.costs_bps
        return OfMeans(np.column_stack([np.where(traded, net, 0.0), traded]), ratio)

    def correlation(self, edge: Floats) -> OfMeans:
        """Pearson's correlation of an edge with the returns."""
        one, other = edge - edge.mean(), self.returns_bps - self.returns_bps.mean()
        columns = [one, other, one**2, other**2, one * other]
        # An edge of one value leaves squares of rounding errors.
        least = 1e-24 * float((edge**2).mean())

        def of(means: Floats) -> Floats:
            one, other, squares, squares_other, both = means.T
            spread = squares - one**2
            product = spread * (squares_other - other**2)
            good = (spread > least) & (product > 0)
            root = np.sqrt(np.where(good, product, 1.0))
            return np.where(good, (both - one * other) / root, np.nan)

        return OfMeans(np.column_stack(columns), of)

    def cross_section(self, edge: Floats, draw: Resamples) -> CrossSection | None:
        """Correlate edge and return date by date; None with fewer than 2 dates."""
        if self.date is None:
            return None
        found = dated_correlations(
            edge, self.returns_bps, self.date, least_rows=LEAST_ROWS
        )
        dates = len(found.date)
        if dates < _LEAST_DATES:
            return None
        block = max(1, round(draw.block_rows * dates / draw.rows))
        by_date = Resamples(dates, block, draw.repeats, draw.level, draw.seed)
        figures = {}
        for name, values in (("ic", found.ic), ("rank_ic", found.rank_ic)):
            columns = np.column_stack([values, values**2])
            figures[name] = OfMeans(columns, _mean)
            figures[f"{name}_ir"] = OfMeans(columns, _information_ratio(dates))
        drawn = by_date.values(figures)
        return CrossSection(
            dates=dates,
            left_out=found.left_out,
            least_rows=LEAST_ROWS,
            ic=by_date.certain(drawn["ic"]),
            rank_ic=by_date.certain(drawn["rank_ic"]),
            ic_ir=by_date.interval(drawn["ic_ir"]),
            rank_ic_ir=by_date.interval(drawn["rank_ic_ir"]),
        )


def ratio(means: Floats) -> Floats:
    """First mean over the second; NaN where that is 0."""
    there = means[:, 1] > 0
    return np.where(there, means[:, 0] / np.where(there, means[:, 1], 1.0), np.nan)


def _mean(means: Floats) -> Floats:
    return means[:, 0]


def _information_ratio(dates: int) -> Weighted:
    def of(means: Floats) -> Floats:
        variance = (means[:, 1] - means[:, 0] ** 2) * dates / (dates - 1)
        good = variance > _LEAST_VARIANCE
        return np.where(
            good, means[:, 0] / np.sqrt(np.where(good, variance, 1.0)), np.nan
        )

    return of
