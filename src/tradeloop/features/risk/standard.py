"""Columns of risk that are published unless others are asked for."""

from tradeloop.features.arithmetic.level import level
from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.arithmetic.ratio import ratio
from tradeloop.features.base import Column, Feature, Source
from tradeloop.features.cross_asset.aligned import aligned
from tradeloop.features.cross_asset.capture import capture
from tradeloop.features.cross_asset.pair_regression import pair_regression
from tradeloop.features.risk.downside import downside
from tradeloop.features.risk.drawdown import drawdown
from tradeloop.features.risk.gaussian_loss import gaussian_loss
from tradeloop.features.risk.historical_loss import historical_loss
from tradeloop.features.risk.max_drawdown import max_drawdown
from tradeloop.features.rolling.moments import moments

_MONTH, _QUARTER, _YEAR = 20, 60, 250


def standard() -> list[Feature | Column]:
    """Risk of the instrument, of it against a benchmark, and of the portfolio."""
    return [*of_the_instrument(), *against_the_benchmark(), *of_the_portfolio()]


def of_the_instrument() -> list[Feature | Column]:
    """Columns that need nothing but the closes of the bars."""
    return [
        *_losses("close", ""),
        *_ratios("close", ""),
        drawdown(),
        max_drawdown(_QUARTER),
        max_drawdown(_YEAR),
    ]


def against_the_benchmark() -> list[Feature | Column]:
    """Columns that need the stream ``benchmark`` beside the bars."""
    pair = aligned()
    own, other = (log_return(1, pair[side]).columns[0] for side in ("own", "other"))
    sides = capture(_QUARTER, own, other, name=f"benchmark_sides_{_QUARTER}")
    return [sides["down_beta"], sides["up_beta"]]


def of_the_portfolio() -> list[Feature | Column]:
    """Columns of the stream ``portfolio``; beta needs ``benchmark`` beside it."""
    equity, gross = "portfolio.equity", "portfolio.gross_exposure"
    pair = aligned(equity, clock="portfolio", name="portfolio_aligned")
    own, other = (log_return(1, pair[side]).columns[0] for side in ("own", "other"))
    fit = pair_regression(own, other, _QUARTER, name=f"portfolio_fit_{_QUARTER}")
    stated = ("largest_weight", "hhi", "n_positions")
    return [
        _share(gross, equity, "portfolio_leverage"),
        _share("portfolio.net_exposure", equity, "portfolio_net_share"),
        _share("portfolio.cash", equity, "portfolio_cash_share"),
        _share("portfolio.margin_used", equity, "portfolio_margin_share"),
        _share("portfolio.net_exposure", gross, "portfolio_direction"),
        *(
            level(f"portfolio.{n}", "risk", name=f"portfolio_{n}", group="risk")
            for n in stated
        ),
        *_losses(equity, "portfolio_"),
        *_ratios(equity, "portfolio_"),
        drawdown(equity, name="portfolio_drawdown"),
        max_drawdown(_QUARTER, equity, name=f"portfolio_max_drawdown_{_QUARTER}"),
        max_drawdown(_YEAR, equity, name=f"portfolio_max_drawdown_{_YEAR}"),
        fit["beta"],
        fit["correlation"],
    ]


def _share(part: Source, whole: Source, name: str) -> Feature:
    return ratio(part, whole, name=name, category="risk", group="risk")


def _losses(x: Source, prefix: str) -> list[Feature | Column]:
    change = log_return(1, x).columns[0]
    return [
        historical_loss(_YEAR, change, name=f"{prefix}historical_loss_{_YEAR}_bps"),
        gaussian_loss(_QUARTER, change, name=f"{prefix}gaussian_loss_{_QUARTER}_bps"),
    ]


def _ratios(x: Source, prefix: str) -> list[Feature | Column]:
    """Return of a window by what it risked; none is annualised."""
    change = log_return(1, x).columns[0]
    spread = moments(change, _QUARTER)
    fall = max_drawdown(_YEAR + 1, x)
    gain = log_return(_YEAR, x).columns[0]
    volatility = f"{prefix}volatility_{_MONTH}_bps"
    recent = level(
        moments(change, _MONTH)["std"], "risk", name=volatility, group="risk"
    )
    return [
        *([recent] if prefix else []),  # the bars have theirs from the range group
        downside(_QUARTER, change, name=f"{prefix}downside_{_QUARTER}"),
        _share(spread["mean"], spread["std"], f"{prefix}sharpe_{_QUARTER}"),
        _share(gain, fall["deepest_bps"], f"{prefix}calmar_{_YEAR}"),
    ]
