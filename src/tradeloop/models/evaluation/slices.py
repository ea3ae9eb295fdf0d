"""The same figures for parts of the rows: per regime, symbol, period.

Whoever looks at many parts finds a good one by luck. So every part is told, with its
rows, and the p-values are also told as adjusted by Holm for the number of looks.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import Floats, Ints
from tradeloop.models.evaluation.blocks import rows_per_block
from tradeloop.models.evaluation.evaluate import skill_test, tested_rows
from tradeloop.models.evaluation.figures import Figures, log_losses, mean_of, picks
from tradeloop.models.evaluation.scores import without_absent
from tradeloop.statistics import Interval
from tradeloop.statistics.resamples import Resamples

LEAST_ROWS = 30
"""Rows below which a slice has no figures."""
FEW_BLOCKS = 10
"""Blocks below which an interval of the bootstrap is too narrow to be trusted."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Figures of the rows that share a value.

    Parameters
    ----------
    group, value : str
        What rows were grouped by, and the value they share.
    rows, blocks : int
        Rows, and about how many of them are independent: rows over mean block.
    few : bool
        Fewer than 30 rows (then there are no figures) or than 10 blocks (then the
        intervals are too narrow).
    accuracy, direction_accuracy, log_loss, log_loss_gain : Interval or None
        As in `Scores` and `Evaluation`.
    p_value, adjusted_p_value : float or None
        Test of the gain, and the same for all looks together.
    """

    group: str
    value: str
    rows: int
    blocks: int
    few: bool
    accuracy: Interval | None = None
    direction_accuracy: Interval | None = None
    log_loss: Interval | None = None
    log_loss_gain: Interval | None = None
    p_value: float | None = None
    adjusted_p_value: float | None = None


@dataclass(frozen=True, slots=True)
class Slices:
    """Every slice, and how many had figures to look at.

    Parameters
    ----------
    slices : tuple of Slice
        By group in the order given, then by value.
    looks : int
        Slices that were tested; what the adjusted p-values count.
    """

    slices: tuple[Slice, ...]
    looks: int

    def as_mapping(self) -> dict[str, Any]:
        """Return the figures as JSON can hold them; absent ones are left out."""
        return {
            "looks": self.looks,
            "slices": [without_absent(asdict(each)) for each in self.slices],
        }


def evaluate_by(
    probabilities: ArrayLike,
    no_skill: ArrayLike,
    direction: ArrayLike,
    times: tuple[ArrayLike, ArrayLike],
    groups: Mapping[str, ArrayLike],
    *,
    seed: int,
    repeats: int = 1000,
    level: float = 0.95,
) -> Slices:
    """Measure a forecast on parts of the tested rows.

    Parameters
    ----------
    probabilities, no_skill, direction, seed, repeats, level
        As in `tradeloop.models.evaluation.evaluate`.
    times : pair of arrays of int64 of shape (n_rows,)
        Decision and end of each label, ns UTC, sorted by decision. The mean block of a
        slice is that of its own rows, see `rows_per_block`.
    groups : mapping of str to array of shape (n_rows,)
        Such as regime, symbol or `period_of`: the value of each row. Each value is
        written as text.

    Raises
    ------
    InputError
        As in `evaluate`; or a group or a time has another length.
    """
    chances, rates, classes, tested = tested_rows(probabilities, no_skill, direction)
    rows = len(tested)
    decided, ended = (np.asarray(each, dtype=np.int64) for each in times)
    for name, each in {"decision": decided, "end": ended, **groups}.items():
        if np.shape(each) != (rows,):
            raise InputError(
                f"{name} must name one value for each of {rows} rows, had the shape "
                f"{np.shape(each)}.",
                way_out="Pass it for the rows of the probabilities, in their order.",
                source="groups",
            )
    whole = _Rows(chances, rates, classes, decided[tested], ended[tested])
    found = []
    for name, each in groups.items():
        values = np.asarray(each)[tested].astype(np.str_)
        found += [
            _slice(
                (name, str(value)), whole.take(values == value), (seed, repeats, level)
            )
            for value in np.unique(values)
        ]
    return _adjusted(found)


def period_of(decision_ns: ArrayLike, unit: str = "M") -> NDArray[np.str_]:
    """Calendar period of each decision, such as ``2024-03``, in UTC.

    Parameters
    ----------
    decision_ns : array of int64 of shape (n_rows,)
        ns UTC.
    unit : {"Y", "M", "D"}
        Year, month or day.

    Raises
    ------
    InputError
        Another unit.
    """
    if unit not in ("Y", "M", "D"):
        raise InputError(
            f"unit must be Y, M or D, was {unit!r}.",
            way_out="Take M for months.",
            source="unit",
        )
    times = np.asarray(decision_ns, dtype=np.int64).astype("datetime64[ns]")
    return times.astype(f"datetime64[{unit}]").astype(np.str_)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Tested rows."""

    chances: Floats
    rates: Floats
    classes: Ints
    decision_ns: Ints
    end_ns: Ints

    def take(self, chosen: NDArray[np.bool_]) -> "_Rows":
        return _Rows(
            self.chances[chosen],
            self.rates[chosen],
            self.classes[chosen],
            self.decision_ns[chosen],
            self.end_ns[chosen],
        )


def _slice(
    name: tuple[str, str], rows: _Rows, drawing: tuple[int, int, float]
) -> Slice:
    count = len(rows.classes)
    block = rows_per_block(rows.decision_ns, rows.end_ns)
    blocks = count // block
    if count < LEAST_ROWS:
        return Slice(*name, rows=count, blocks=blocks, few=True)
    seed, repeats, level = drawing
    draw = Resamples(count, block, repeats, level, seed)
    gain = log_losses(rows.rates, rows.classes)
    losses = log_losses(rows.chances, rows.classes)
    gain -= losses
    edge = rows.chances[:, -1] - rows.chances[:, 0]
    figures = Figures()
    figures.add("of", picks(rows.chances.argmax(axis=1), edge, rows.classes))
    figures.add("of", {"log_loss": mean_of(losses), "gain": mean_of(gain)})
    drawn = draw.values(figures.means)
    test = skill_test(gain, drawn["of.gain"], block)
    moved = drawn.get("of.direction_accuracy")
    return Slice(
        *name,
        rows=count,
        blocks=blocks,
        few=blocks < FEW_BLOCKS,
        accuracy=draw.certain(drawn["of.accuracy"]),
        direction_accuracy=None if moved is None else draw.interval(moved),
        log_loss=draw.certain(drawn["of.log_loss"]),
        log_loss_gain=draw.certain(drawn["of.gain"]),
        p_value=None if test is None else test.p_value,
    )


def _adjusted(slices: list[Slice]) -> Slices:
    """Holm's step-down adjustment over every slice that was tested."""
    tested = [at for at, each in enumerate(slices) if each.p_value is not None]
    order = sorted(tested, key=lambda at: slices[at].p_value or 0.0)
    highest = 0.0
    found = list(slices)
    for place, at in enumerate(order):
        own = (slices[at].p_value or 0.0) * (len(order) - place)
        highest = min(max(highest, own), 1.0)
        found[at] = replace(slices[at], adjusted_p_value=highest)
    return Slices(tuple(found), len(tested))
