"""A result that is too good to be skill."""

from dataclasses import dataclass

from tradeloop.statistics import Interval

LEAK_ALARM = 0.60
"""Direction accuracy above which a leak is likelier than skill on liquid markets."""

_STEPS = (
    "Run the leak checks again, with features recomputed on cut histories.",
    "Permute the labels inside the folds: what stays above no skill is leaked.",
    "Drop the most important columns one by one: what carries all is the suspect.",
    "If every check passes, go on, and keep the evidence with the model.",
)


@dataclass(frozen=True, slots=True)
class LeakAlarm:
    """Directions were right more often than skill explains; not a verdict.

    Parameters
    ----------
    direction_accuracy : Interval
        Of the forecast.
    majority : float
        Of always naming the majority, on the same rows.
    limit : float
        Bound that was exceeded.
    steps : tuple of str
        What to do, in order.
    """

    direction_accuracy: Interval
    majority: float
    limit: float = LEAK_ALARM
    steps: tuple[str, ...] = _STEPS


def leak_alarm(model: Interval | None, majority: Interval | None) -> LeakAlarm | None:
    """Raise the alarm where directions were right too often.

    A market that rose on two days of three is no leak: always saying "up" is right as
    often, so the forecast must beat that too.

    Parameters
    ----------
    model, majority : Interval or None
        Direction accuracy of the forecast and of always naming the majority.
    """
    if model is None or majority is None:
        return None
    if model.value <= max(LEAK_ALARM, majority.value):
        return None
    return LeakAlarm(model, majority.value)
