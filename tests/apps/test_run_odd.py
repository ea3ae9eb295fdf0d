"""Odd but legal input, with a model: all of it works, or nothing is written."""

import polars as pl
import pytest

from apps.given import as_text, balanced, bars, refused, run, written

pytestmark = pytest.mark.whole


def many(days=700, **values):
    """Enough bars and decisions for a small model, with values that are odd."""
    frame = bars(days=days)
    count = (days - 100) // 2
    times = frame["ts"].gather(range(60, 60 + 2 * count, 2)).dt.offset_by("25h")
    made = pl.DataFrame(
        {
            "decision_id": [f"d{i:03}" for i in range(count)],
            "ts": times,
            "symbol": "SP500",
            "side": ["buy", "sell"] * (count // 2),
        }
    )
    both = {"symbol": pl.col("symbol")} | {
        name: value for name, value in values.items() if name == "symbol"
    }
    return frame.with_columns(**both), made.with_columns(**values)


@pytest.fixture
def small_model(tmp_path):
    (tmp_path / "rules").mkdir()
    text = "folds: 2\ntrees: 5\nminimum_rows: 60\n"
    return written(tmp_path / "rules" / "model.yaml", text)


ODD = {
    "a symbol of sixty letters": {"symbol": pl.lit("X" * 60)},
    "an id of four hundred letters": {
        "decision_id": pl.lit("y" * 400) + pl.col("decision_id")
    },
    "an id with a zero byte": {"decision_id": pl.lit("a\0b") + pl.col("decision_id")},
}


@pytest.mark.parametrize("case", ODD)
def test_what_a_store_would_refuse_is_refused_before_anything_is_written(
    tmp_path, small_model, case
):
    frame, made = many(**ODD[case])
    market = written(tmp_path / "bars.parquet", frame)
    answer = run(tmp_path, market, written(tmp_path / "d.parquet", made))
    if answer.status == 0:
        balanced(answer)
    else:
        refused(answer, ".parquet")


def test_a_market_that_does_not_move_is_no_error(tmp_path, small_model):
    frame, made = many()
    still = frame.with_columns(pl.lit(5.0).alias(n) for n in ("open", "high", "low"))
    market = written(tmp_path / "bars.parquet", still.with_columns(close=pl.lit(5.0)))
    told = balanced(run(tmp_path, market, written(tmp_path / "d.parquet", made)))
    assert told["ledger"]["labelled"] == made.height
    assert "model" in told["left_out"]  # there is nothing to tell apart


@pytest.mark.parametrize("symbol", ["BTC/USD", "../up", 'ä "q" [b]{x}\\', "BRK.B"])
def test_a_symbol_may_hold_any_letters(tmp_path, small_model, symbol):
    frame, made = many(symbol=pl.lit(symbol))
    market = written(tmp_path / "bars.csv", as_text(frame))
    told = balanced(run(tmp_path, market, written(tmp_path / "d.parquet", made)))
    assert told["ledger"]["labelled"] == made.height
    assert told["left_out"] == {}
    outside = {path.name for path in tmp_path.iterdir()}
    assert outside == {"rules", "bars.csv", "d.parquet", "out"}
