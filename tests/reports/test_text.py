import numpy as np
import polars as pl
import pytest

from tradeloop.backtest import performance, replay
from tradeloop.clock import NS_PER_DAY
from tradeloop.costs import CostModel
from tradeloop.reports import Measure, comparisons, equity_curves, from_interval
from tradeloop.reports.strip import scale_of, strip
from tradeloop.reports.text import interval_text, one_line, standing, written
from tradeloop.statistics import Interval


@pytest.mark.parametrize(
    ("value", "form", "digits", "text"),
    [
        (1234.567, "number", 1, "1,234.6"),
        (-0.4567, "number", 2, "\u22120.46"),
        (-0.0001, "number", 2, "0.00"),
        (0.1234, "share", 1, "12.3\u00a0%"),
        (-12.34, "bps", 1, "\u221212.3\u00a0bps"),
        (5031.0, "count", 3, "5,031"),
        (None, "number", 2, "\u2013"),
        (float("nan"), "share", 2, "\u2013"),
    ],
)
def test_numbers_are_written_for_readers(value, form, digits, text):
    assert written(value, form, digits) == text


@pytest.mark.parametrize(
    ("ends", "better", "said"),
    [
        ((0.2, 0.4), "higher", "better"),
        ((0.2, 0.4), "lower", "worse"),
        ((-0.4, -0.2), "higher", "worse"),
        ((-0.4, -0.2), "lower", "better"),
        ((-0.1, 0.2), "higher", "unclear"),
        ((0.0, 0.2), "higher", "unclear"),
        ((0.2, 0.4), "", ""),
    ],
)
def test_a_figure_is_called_better_only_if_its_interval_clears_the_baseline(
    ends, better, said
):
    low, high = ends
    measure = Measure("x", 0.0, low, high, 0.95, baseline=0.0, better=better)
    assert standing(measure) == said
    assert standing(Measure("x", 0.3, baseline=0.0)) == ""


def test_an_interval_is_written_with_its_coverage():
    found = from_interval("x", Interval(0.5, 0.25, 0.75, 0.9), form="share", digits=0)
    assert interval_text(found) == "90\u00a0%: 25\u00a0% to 75\u00a0%"
    assert interval_text(from_interval("x", None)) == ""


def test_a_strip_draws_all_of_the_figure_inside_its_box():
    measures = (
        Measure("a", 0.1, -0.3, 0.5, 0.95, baseline=0.9),
        Measure("b", 4.0, 3.0, 5.0, 0.95),
    )
    scale = scale_of(measures)
    low, high = scale
    assert low < -0.3
    assert high > 5.0
    for measure in measures:
        drawn = strip(measure, scale)
        places = [
            float(part.split('"')[1])
            for part in drawn.replace("x1=", "\nx1=")
            .replace("cx=", "\ncx=")
            .splitlines()
            if part.startswith(("x1=", "cx="))
        ]
        assert all(0 <= place <= 200 for place in places)
    assert strip(Measure("c", 1.0)) == ""
    assert scale_of((Measure("c", 1.0),)) is None
    assert strip(Measure("flat", 0.0, 0.0, 0.0, 0.95))


def test_foreign_text_is_cut_to_one_line():
    assert one_line("a\nb\tc\x00", 9) == "a b c"
    assert one_line("abcdefgh", 5) == "abcd\u2026"


def backtest():
    day = np.arange(60) * NS_PER_DAY
    price = 100 + 5 * np.sin(day / NS_PER_DAY / 4)
    bars = pl.DataFrame(
        {
            "instrument": ["A"] * 60,
            "open_ns": day,
            "event_ns": day + NS_PER_DAY // 2,
            "open": price,
            "close": price + 0.1,
        }
    )
    signals = bars.select(
        "instrument",
        created_ns="open_ns",
        side=pl.lit(1),
        position_size=pl.lit(0.5),
        horizon_ns=pl.lit(NS_PER_DAY),
    ).gather_every(3)
    return replay(bars, signals, costs=CostModel())


def test_a_back_test_becomes_figures_and_curves_of_the_report():
    done = backtest()
    found = performance(done)
    rows = {row.own.name: row for row in comparisons(found)}
    sharpe = rows["Sharpe ratio, annual"]
    assert sharpe.own.value == found.sharpe.value
    assert sharpe.benchmark.low == found.benchmark_sharpe.low
    assert rows["Deepest drawdown"].own.value == found.max_drawdown
    assert rows["Trades ended"].own.value == found.trades == 20
    drawn = equity_curves(done, out_of_sample_ns=5)
    assert drawn.strategy[-1] == done.curve["equity"][-1]
    assert drawn.out_of_sample_ns == 5
