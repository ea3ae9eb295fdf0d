"""Z-score: how far a value stands from its recent mean, in standard deviations."""

from tradeloop.features.base import (
    Category,
    Family,
    Feature,
    Source,
    name_of,
)
from tradeloop.features.rolling.moments import moments
from tradeloop.fold import kernel


@kernel("value")
def _zscore(x: float, mean: float, std: float) -> float:
    return (x - mean) / std if std > 0.0 else 0.0


def zscore(
    x: Source,
    n: int,
    *,
    name: str = "",
    category: Category | None = None,
    group: str = "",
) -> Feature:
    """``(x - mean) / std`` over n rows, 0 where nothing moved."""
    recent = moments(x, n)
    return Feature(
        name or f"{name_of(x)}_zscore_{n}",
        FAMILY,
        (x, recent["mean"], recent["std"]),
        warm_up=(0,),
        category=category,
        group=group,
    )


FAMILY = Family(
    name="zscore",
    category="technical",
    kernel=_zscore,
    formula="(x - mean(x)) / std(x) over n rows; 0 where std = 0",
    unit="standard deviations",
    reference="definition",
    build=zscore,
    examples=(("close", 20), ("volume", 10)),
)
