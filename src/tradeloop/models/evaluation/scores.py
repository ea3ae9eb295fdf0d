"""What an evaluation says: figures with intervals, of a forecast and its baselines."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tradeloop.models.evaluation.leak import LeakAlarm
from tradeloop.statistics import BrierParts, Interval


@dataclass(frozen=True, slots=True)
class Scores:
    """Figures of one forecast; absent where the forecast or the rows allow none.

    Formulas and conventions stand in docs/evaluation.md.

    Parameters
    ----------
    accuracy : Interval
        Share of rows whose most probable class came.
    balanced_accuracy : Interval
        Mean over the classes of the share that was right; 1/3 is no skill.
    direction_accuracy : Interval or None
        Of the rows that moved (-1 or +1), the share with p_up above p_down just when it
        went up. None with fewer than 2 such rows.
    log_loss : Interval or None
        Mean of -ln p of the class that came, in nats.
    brier : Interval or None
        Mean squared distance to what came, 0 to 2.
    calibration_error : Interval or None
        Expected calibration error of the most probable class, 10 bins of equal width.
        The resamples carry more noise than the rows, so the interval leans upwards;
        that holds for the two errors below too.
    mcc : Interval or None
        Matthews correlation of the most probable class with what came; 0 is no skill.
    auc : Interval or None
        Area under the ROC curve of each class against the rest, mean over the classes
        that came; 1/2 is no skill.
    auc_up_down : Interval or None
        Area of p_up / (p_up + p_down) over the rows that moved.
    adaptive_calibration_error : Interval or None
        As ``calibration_error``, with 10 bins of about equally many rows.
    classwise_calibration_error : Interval or None
        Mean over the classes of the error of each class's own probability.
    brier_parts : BrierParts or None
        Reliability, resolution and uncertainty of the Brier score, 10 bins.
    ic, rank_ic : Interval or None
        Pearson's and Spearman's correlation of the edge p_up - p_down with the return,
        over all rows. Given returns; None where the edge does not vary.
    net_bps : Interval or None
        Mean over the traded rows of side times return less cost. Given returns.
    traded_share : Interval or None
        Share of rows whose edge reaches the least edge. Given returns.
    """

    accuracy: Interval
    balanced_accuracy: Interval
    direction_accuracy: Interval | None
    log_loss: Interval | None = None
    brier: Interval | None = None
    calibration_error: Interval | None = None
    mcc: Interval | None = None
    auc: Interval | None = None
    auc_up_down: Interval | None = None
    adaptive_calibration_error: Interval | None = None
    classwise_calibration_error: Interval | None = None
    brier_parts: BrierParts | None = None
    ic: Interval | None = None
    rank_ic: Interval | None = None
    net_bps: Interval | None = None
    traded_share: Interval | None = None


@dataclass(frozen=True, slots=True)
class SkillTest:
    """Whether the log loss is below that of no skill by more than luck explains.

    Parameters
    ----------
    p_value : float
        One-sided, from the bootstrap of the mean gain about 0: the chance of such a
        gain without skill.
    diebold_mariano : float or None
        Statistic of the same question with a variance by formula, as a cross-check;
        None where the gain is the same on every row.
    diebold_mariano_p_value : float
        Its one-sided p-value.
    lags : int
        Lags of that variance.
    """

    p_value: float
    diebold_mariano: float | None
    diebold_mariano_p_value: float
    lags: int


@dataclass(frozen=True, slots=True)
class CrossSection:
    """Correlation of edge and return over the instruments, date by date.

    Parameters
    ----------
    dates : int
        Dates used.
    left_out : int
        Dates with fewer than ``least_rows`` rows or without variation.
    least_rows : int
        Fewest rows of a date.
    ic, rank_ic : Interval
        Mean over the dates.
    ic_ir, rank_ic_ir : Interval or None
        Mean over sample deviation over the dates, not annualised.
    """

    dates: int
    left_out: int
    least_rows: int
    ic: Interval
    rank_ic: Interval
    ic_ir: Interval | None
    rank_ic_ir: Interval | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A forecast, its baselines and how they were measured.

    Parameters
    ----------
    rows : int
        Rows evaluated.
    class_shares : tuple of float
        Share of each class of `CLASSES` in these rows.
    model, no_skill, majority : Scores
        The forecast and its baselines on the same rows.
    log_loss_gain : Interval
        Log loss of no skill less that of the model, row by row; above 0 is skill.
    leak_alarm : bool
        The direction accuracy is above `LEAK_ALARM` and above that of always naming the
        majority: look for a leak first.
    block_rows, repeats, seed : int
        Mean block, number and seed of the resamples.
    skill : SkillTest or None
        Test of the gain; None with fewer than 3 rows.
    leak : LeakAlarm or None
        What to do about the alarm; None without one.
    cross_section : CrossSection or None
        Given returns and dates, of which at least 2 have enough rows.
    """

    rows: int
    class_shares: tuple[float, ...]
    model: Scores
    no_skill: Scores
    majority: Scores
    log_loss_gain: Interval
    leak_alarm: bool
    block_rows: int
    repeats: int
    seed: int
    skill: SkillTest | None = None
    leak: LeakAlarm | None = None
    cross_section: CrossSection | None = None

    def as_mapping(self) -> dict[str, Any]:
        """Return the figures as JSON can hold them; absent ones are left out."""
        return without_absent(asdict(self))


def without_absent(found: Mapping[str, Any]) -> dict[str, Any]:
    """Copy nested mappings, leaving None out and making lists of tuples."""
    kept: dict[str, Any] = {}
    for name, value in found.items():
        if isinstance(value, Mapping):
            kept[name] = without_absent(value)
        elif value is not None:
            kept[name] = list(value) if isinstance(value, tuple) else value
    return kept
