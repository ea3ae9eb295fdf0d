"""Columns of other instruments that are published unless others are asked for."""

from tradeloop.features.arithmetic.level import level
from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.arithmetic.ratio import ratio
from tradeloop.features.base import Column, Feature
from tradeloop.features.cross_asset.aligned import aligned
from tradeloop.features.cross_asset.capture import capture
from tradeloop.features.cross_asset.lead_lag import lead_lag
from tradeloop.features.cross_asset.pair_regression import pair_regression, spread
from tradeloop.features.cross_asset.universe import MARKET_COLUMNS, PEER_COLUMNS

_SHORT, _LONG, _LAGS = 20, 60, 5


def standard() -> list[Feature | Column]:
    """Columns against a benchmark, of the market as a whole, and among peers."""
    return [*against_the_benchmark(), *of_the_market(), *among_peers()]


def against_the_benchmark() -> list[Feature | Column]:
    """Columns that need the stream ``benchmark``, on the clock of the bars."""
    pair = aligned()
    own, other = (log_return(1, pair[side]).columns[0] for side in ("own", "other"))
    fits = [
        pair_regression(own, other, n, name=f"benchmark_{n}") for n in (_SHORT, _LONG)
    ]
    apart = spread(pair["own"], pair["other"], _LONG, name=f"spread_{_LONG}")
    sides = capture(_LONG, own, other, name=f"benchmark_sides_{_LONG}")
    return [
        *(fit[name] for fit in fits for name in ("beta", "alpha", "correlation")),
        *(_strength(pair, n) for n in (1, _SHORT, _LONG)),
        apart["beta"],
        apart["zscore"],
        lead_lag(_LONG, _LAGS, own, other, name=f"lead_lag_{_LONG}"),
        sides["up_capture"],
        sides["down_capture"],
        pair["age_minutes"],
    ]


def _strength(pair: Feature, n: int) -> Feature:
    """Log return of the ratio of the two prices over n rows."""
    quotient = ratio(pair["own"], pair["other"], name="relative_strength")
    return log_return(
        n,
        quotient.columns[0],
        name=f"relative_strength_{n}_bps",
        category="cross_asset",
        group="cross_asset",
    )


def of_the_market() -> list[Feature | Column]:
    """Columns of the stream ``market``: see `market_rows`."""
    return [_level(f"market.{name}", f"market_{name}") for name in MARKET_COLUMNS]


def among_peers() -> list[Feature | Column]:
    """Columns of bars with peers: see `with_peers`."""
    return [
        _level(name, name.replace("peer", "among_peers", 1)) for name in PEER_COLUMNS
    ]


def _level(raw: str, name: str) -> Feature:
    return level(raw, "cross_asset", name=name, group="cross_asset")
