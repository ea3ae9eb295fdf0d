"""Shape of a bar: its body and its shadows, as shares of its range."""

from tradeloop.features.base import Family, Feature
from tradeloop.fold import kernel


@kernel("body", "upper_shadow", "lower_shadow")
def _bar_shape(
    open: float,  # noqa: A002
    high: float,
    low: float,
    close: float,
) -> tuple[float, float, float]:
    span = high - low
    if span <= 0.0:
        return 0.0, 0.0, 0.0
    upper, lower = high - max(open, close), min(open, close) - low
    return (close - open) / span, upper / span, lower / span


def bar_shape() -> Feature:
    """Columns ``body`` (-1 to 1), ``upper_shadow`` and ``lower_shadow`` (0 to 1).

    The size of the body and the two shadows add up to 1.
    """
    return Feature(
        "bar_shape", FAMILY, ("open", "high", "low", "close"), warm_up=(0,) * 3
    )


FAMILY = Family(
    name="bar_shape",
    category="technical",
    kernel=_bar_shape,
    formula="body = (close - open) / (high - low), upper_shadow = (high - max(open, "
    "close)) / (high - low), lower_shadow = (min(open, close) - low) / (high - low)",
    unit="share of the range; 0 where the bar is flat",
    reference="definition",
    build=bar_shape,
    examples=((),),
)
