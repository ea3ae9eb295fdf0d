"""Bollinger bands: place of the close within them, and their width."""

from tradeloop.features.base import Family, Feature
from tradeloop.features.rolling.moments import moments
from tradeloop.fold import kernel


@kernel("percent_b", "width_bps", params=1)
def _bollinger(
    params: tuple[float], close: float, mean: float, std: float
) -> tuple[float, float]:
    half = params[0] * std
    place = 0.5 + 0.5 * ((close - mean) / half) if half > 0.0 else 0.5
    return place, 2e4 * (half / mean) if mean != 0.0 else 0.0


def bollinger(n: int, k: float = 2.0) -> Feature:
    """Columns ``percent_b`` (0 lower, 1 upper band) and ``width_bps`` of the mean."""
    recent = moments("close", n)
    ending = "" if k == 2.0 else f"_{k:g}".replace(".", "_")  # noqa: PLR2004
    return Feature(
        f"bollinger_{n}{ending}",
        FAMILY,
        ("close", recent["mean"], recent["std"]),
        (k,),
        warm_up=(0, 0),
    )


FAMILY = Family(
    name="bollinger",
    category="technical",
    kernel=_bollinger,
    formula="percent_b = (close - lower) / (upper - lower), "
    "width_bps = 1e4 * (upper - lower) / mean, bands = mean +- k * std over n rows",
    unit="percent_b: share, 0.5 where the bands meet; width_bps: bps",
    reference="Bollinger 2001; TA-Lib BBANDS",
    build=bollinger,
    examples=((20,), (10, 1.5)),
)
