"""Standard deviation times k, and variance, of a window of prices."""

from tradeloop.features.base import Family, Feature, Source, suffix
from tradeloop.features.rolling.moments import moments
from tradeloop.fold import kernel


@kernel("stddev", "variance", params=1)
def _deviation(params: tuple[float], std: float) -> tuple[float, float]:
    return params[0] * std, std * std


def deviation(n: int, x: Source = "close", k: float = 1.0) -> Feature:
    """Columns ``stddev`` (k of them, in the unit of ``x``) and ``variance``.

    Both divide by n, as TA-Lib does.
    """
    ending = "" if k == 1.0 else f"_{k:g}".replace(".", "_")
    name = f"deviation_{n}{suffix(x, 'close')}{ending}"
    return Feature(name, FAMILY, (moments(x, n)["std"],), (k,), warm_up=(0, 0))


FAMILY = Family(
    name="deviation",
    category="risk",
    kernel=_deviation,
    formula="stddev = k * std, variance = std^2",
    unit="stddev: unit of x; variance: its square",
    reference="TA-Lib STDDEV, VAR",
    build=deviation,
    examples=((20,), (5, "volume", 2.0)),
    price_degree=(1, 2),
)
