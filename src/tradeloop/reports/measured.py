"""From a back-test to what the report says about it."""

from tradeloop.backtest import Performance, Replay
from tradeloop.reports.pictured import EquityCurves
from tradeloop.reports.report import Better, Comparison, Form, Measure
from tradeloop.statistics import Interval


def _plain(
    name: str,
    value: float | None,
    form: Form = "number",
    digits: int = 2,
    better: Better = "",
    note: str = "",
) -> Measure:
    return Measure(name, value, form=form, digits=digits, better=better, note=note)


def from_interval(
    name: str,
    found: Interval | None,
    *,
    form: Form = "number",
    digits: int = 2,
    baseline: float | None = None,
    baseline_name: str = "",
    better: Better = "higher",
    note: str = "",
) -> Measure:
    """Make a figure of an interval; absent ends where there is none.

    Parameters
    ----------
    name : str
        What it is.
    found : Interval, optional
        None where it could not be known.
    form, digits, baseline, baseline_name, better, note
        As in `Measure`.
    """
    return Measure(
        name,
        value=found.value if found else None,
        low=found.low if found else None,
        high=found.high if found else None,
        level=found.level if found else None,
        baseline=baseline,
        baseline_name=baseline_name,
        form=form,
        digits=digits,
        better=better,
        note=note,
    )


def equity_curves(
    replay: Replay,
    *,
    fold_starts_ns: tuple[int, ...] = (),
    out_of_sample_ns: int | None = None,
) -> EquityCurves:
    """Equity of a back-test in multiples of its capital.

    Parameters
    ----------
    replay : Replay
        What was done.
    fold_starts_ns, out_of_sample_ns
        As in `EquityCurves`.
    """
    capital = replay.config.capital
    return EquityCurves(
        replay.curve["event_ns"].to_numpy(),
        replay.curve["equity"].to_numpy() / capital,
        replay.benchmark["equity"].to_numpy() / capital,
        fold_starts_ns,
        out_of_sample_ns,
    )


def comparisons(found: Performance) -> tuple[Comparison, ...]:
    """Figures of a back-test beside those of its benchmark.

    Parameters
    ----------
    found : Performance
        The figures.
    """
    deflated = found.deflated.probability if found.deflated else None
    share = [
        ("Total return", found.total_return, found.benchmark_return),
        ("Annual growth", found.cagr, found.benchmark_cagr),
        ("Annual volatility", found.volatility, found.benchmark_volatility),
        ("Deepest drawdown", found.max_drawdown, found.benchmark_max_drawdown),
    ]
    return (
        Comparison(
            from_interval("Sharpe ratio, annual", found.sharpe),
            from_interval("Sharpe ratio, annual", found.benchmark_sharpe),
        ),
        Comparison(
            from_interval("Sharpe ratio less buy-and-hold's", found.sharpe_difference)
        ),
        Comparison(
            _plain(
                "Deflated Sharpe probability",
                deflated,
                "share",
                1,
                note=f"{found.trials} tried",
            )
        ),
        *(
            Comparison(_plain(name, own, "share", 1), _plain(name, held, "share", 1))
            for name, own, held in share
        ),
        Comparison(_plain("Trades ended", found.trades, "count")),
        Comparison(_plain("Trades still open", found.open_trades, "count")),
        Comparison(
            from_interval("Trades that gained", found.hit_rate, form="share", digits=1)
        ),
        Comparison(_plain("Mean gain of a trade", found.mean_trade_bps, "bps", 1)),
        Comparison(
            _plain("Turnover a year, times capital", found.turnover_per_year, digits=1)
        ),
        Comparison(_plain("Mean exposure", found.exposure, "share", 1)),
        Comparison(_plain("Costs paid, of capital", found.costs, "share", 2)),
    )
