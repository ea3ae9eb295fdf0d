"""Level of sentiment: what was said, where old texts fade with a half-life."""

from math import exp, log, sqrt

from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.events.duration import duration_text
from tradeloop.features.base import Family, Feature
from tradeloop.fold import Float, kernel

TEXT = (
    "sentiment.score",
    "sentiment.confidence_score",
    "sentiment.day",
    "sentiment.ns_of_day",
)
"""Raw columns of a text."""
_DAY = float(NS_PER_DAY)


@kernel("mean", "net", "volume", "dispersion", "surprise", state=6, params=1)
def _sentiment_level(
    state: Float,
    params: tuple[float],
    score: float,
    confidence: float,
    day: float,
    ns_of_day: float,
) -> tuple[float, float, float, float, float]:
    elapsed = (day - state[4]) * _DAY + (ns_of_day - state[5])
    keep = 1.0
    if elapsed > 0.0:
        keep = exp(-params[0] * elapsed)
        state[4], state[5] = day, ns_of_day
    told, volume = state[0] * keep + confidence, state[3] * keep + 1.0
    off, variance = score - state[1], state[2]
    spread = sqrt(variance)
    surprise = off / spread if spread > 0.0 else 0.0
    share = confidence / told if told > 0.0 else 0.0
    mean = state[1] + off * share
    variance = (1.0 - share) * (variance + share * off * off)
    state[0], state[1], state[2], state[3] = told, mean, variance, volume
    return mean, mean * told, volume, sqrt(variance), surprise


def decay(half_life_ns: int, name: str) -> float:
    """Rate of decay in 1 / ns.

    Raises
    ------
    InputError
        The half-life is not above 0.
    """
    if not half_life_ns > 0:
        raise InputError(
            f"{name}.half_life_ns must be above 0, was {half_life_ns}.",
            way_out="Give nanoseconds, such as 3_600_000_000_000 for an hour.",
        )
    return log(2.0) / half_life_ns


def sentiment_level(half_life_ns: int) -> Feature:
    """Columns ``mean``, ``net``, ``volume``, ``dispersion`` and ``surprise``.

    A text has the weight confidence * 2^(-age / half-life). ``mean`` is the weighted
    mean of the scores, ``net`` their weighted sum, ``volume`` the sum of 2^(-age /
    half-life), ``dispersion`` the weighted standard deviation; ``surprise`` is this
    score less the mean before it, in units of the dispersion before it.
    """
    return Feature(
        f"sentiment_{duration_text(half_life_ns)}",
        FAMILY,
        TEXT,
        (decay(half_life_ns, "sentiment_level"),),
        warm_up=(0,) * 5,
        look_back=None,
    )


FAMILY = Family(
    name="sentiment_level",
    category="sentiment",
    kernel=_sentiment_level,
    formula="w = confidence * 2^(-age / half-life): mean = sum(w * score) / sum(w), "
    "net = sum(w * score), volume = sum(2^(-age / half-life)), dispersion = "
    "sqrt(sum(w * (score - mean)^2) / sum(w)), surprise = (score - mean before) / "
    "dispersion before",
    unit="score, -1 to 1; volume in texts; surprise in dispersions, 0 where there was "
    "none; mean 0 until a text has confidence",
    reference="exponential decay in time; West 1979",
    build=sentiment_level,
    examples=((NS_PER_DAY,), (3_600_000_000_000,)),
)
