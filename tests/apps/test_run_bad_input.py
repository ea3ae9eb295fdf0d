"""Bad input: one clear error and nothing written, or quarantine with a reason."""

import math

import polars as pl
import pytest

from apps.given import (
    DAYS,
    DECISIONS,
    as_text,
    balanced,
    bars,
    call,
    changed,
    decisions,
    labels,
    refused,
    rejected_decisions,
    rejected_market,
    run,
    written,
)


def naive(frame):
    return frame.with_columns(pl.col("ts").dt.replace_time_zone(None))


def with_one_naive_time(frame, row):
    text = as_text(frame)
    return changed(text, row, ts=text["ts"][row][:19])


def with_two_zones(frame):
    """The same instants, every second one written an hour east of Greenwich."""
    east = pl.col("ts").dt.convert_time_zone("Europe/Vienna")
    east = east.dt.strftime("%Y-%m-%dT%H:%M:%S%:z")
    odd = pl.int_range(pl.len()) % 2 == 1
    return as_text(frame).with_columns(
        ts=pl.when(odd).then(frame.select(east).to_series()).otherwise(pl.col("ts"))
    )


REFUSED = {
    "a column of the bars is missing": (
        ("bars.parquet", lambda: bars().drop("close")),
        None,
        ("bars.parquet", "'close'", "Rename the column"),
    ),
    "a column of the decisions is missing": (
        None,
        ("decided.parquet", lambda: decisions().drop("side")),
        ("decided.parquet", "'side'", "Rename the column"),
    ),
    "times of bars without a zone": (
        ("bars.parquet", lambda: naive(bars())),
        None,
        ("bars.parquet", "'ts'", "row 0", "timezone ="),
    ),
    "times of decisions without a zone": (
        None,
        ("decided.parquet", lambda: naive(decisions())),
        ("decided.parquet", "'ts'", "row 0", "timezone ="),
    ),
    "one time of many without a zone": (
        ("bars.csv", lambda: with_one_naive_time(bars(), 7)),
        None,
        ("bars.csv", "'ts'", "row 7", "Export all times with an offset"),
    ),
    "one decision of many without a zone": (
        None,
        ("decided.csv", lambda: with_one_naive_time(decisions(), 5)),
        ("decided.csv", "'ts'", "row 5", "Export all times with an offset"),
    ),
    "an empty file": (
        ("bars.parquet", lambda: b""),
        None,
        ("bars.parquet", "empty", "Export it again"),
    ),
    "a file with a header and no rows": (
        ("bars.csv", lambda: as_text(bars()).head(0)),
        None,
        ("bars.csv", "no rows", "Export it again"),
    ),
    "a file that is no Parquet": (
        ("bars.parquet", lambda: "ts,open\n1,2\n"),
        None,
        ("bars.parquet", "Parquet", "Give Parquet, CSV or Arrow"),
    ),
    "a Parquet file that was cut": (
        ("bars.parquet", lambda: b"PAR1" + bytes(200)),
        None,
        ("bars.parquet", "damaged", "again"),
    ),
    "a suffix that nobody knows": (
        ("bars.xlsx", lambda: "ts,open\n1,2\n"),
        None,
        ("bars.xlsx", "'.xlsx'", "ends in .csv"),
    ),
    "bars of which none can be used": (
        ("bars.parquet", lambda: bars().with_columns(close=pl.lit(math.nan))),
        None,
        ("bars.parquet", f"{DAYS} x close_not_finite", "Correct the file"),
    ),
    "decisions of which none can be used": (
        None,
        ("decided.parquet", lambda: decisions().with_columns(side=pl.lit("up"))),
        ("decided.parquet", f"{DECISIONS} x side_not_understood", "Correct the file"),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_one_error_that_names_the_place_and_the_way_out(
    tmp_path, case
):
    market, decided, said = REFUSED[case]
    name, content = market or ("bars.parquet", bars)
    first = written(tmp_path / name, content())
    name, content = decided or ("decided.parquet", decisions)
    second = written(tmp_path / name, content())
    refused(run(tmp_path, first, second), *said)


def test_without_json_the_error_is_on_standard_error_only(tmp_path):
    market = written(tmp_path / "bars.parquet", bars().drop("close"))
    answer = run(tmp_path, market, None, "--strategy", "breakout", as_json=False)
    assert (answer.status, answer.stdout) == (2, "")
    assert answer.stderr.strip().startswith("InputError: ")
    assert not answer.out.exists()


def test_a_folder_without_data_files_is_refused(tmp_path):
    (tmp_path / "market").mkdir()
    written(tmp_path / "market" / "notes.md", "nothing here")
    answer = run(tmp_path, tmp_path / "market", None, "--strategy", "breakout")
    refused(answer, str(tmp_path / "market"), "no data file", "Name a folder")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    answer = run(tmp_path, tmp_path / "none.parquet", None, "--strategy", "breakout")
    refused(answer, "none.parquet", "cannot be read", "Check the path")


@pytest.fixture
def files(tmp_path):
    """A good file of bars and a good file of decisions."""
    return (
        written(tmp_path / "bars.parquet", bars()),
        written(tmp_path / "decided.parquet", decisions()),
    )


OPTIONS = {
    "an unknown benchmark": (["--benchmark", "QQQ"], "QQQ", "such as SP500"),
    "a benchmark that is the only symbol": (
        ["--benchmark", "SP500"],
        "'SP500' is the instrument of every decision",
        "another instrument, or against cash",
    ),
    "a horizon that is no duration": (
        ["--horizons", "5d,soon"],
        "--horizons",
        "'soon'",
        "Write it like 5m",
    ),
    "a horizon of nothing": (["--horizons", "0d"], "--horizons", "'0d'"),
    "a horizon before the decision": (["--horizons", "-5d"], "--horizons", "'-5d'"),
    "a horizon without a unit": (["--horizons", "5"], "--horizons", "'5'"),
    "an empty horizon": (["--horizons", "5d,,1d"], "--horizons", "''"),
    "no horizon at all": (["--horizons", ""], "--horizons", "''"),
    "two horizons that are one": (["--horizons", "1d,24h"], "horizons", "different"),
    "a horizon beyond all data": (["--horizons", "99999999999w"], "99999999999w"),
    "both decisions and a strategy": (
        ["--strategy", "breakout"],
        "--decisions PATH or --strategy NAME, not both",
    ),
    "a column map that is not there": (
        ["--columns", "map.toml"],
        "map.toml",
        "Check the path",
    ),
    "bars of another length than the file's": (
        ["--bar", "1h"],
        "bars.parquet",
        "1d",
        "Leave the length out",
    ),
    "a bar length that is no duration": (["--bar", "long"], "--bar", "'long'"),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_an_option_that_breaks_a_rule_is_named_with_the_way_out(tmp_path, files, case):
    given, *said = OPTIONS[case]
    refused(run(tmp_path, *files, *given), *said)


def test_neither_decisions_nor_a_strategy_is_refused(tmp_path, files):
    answer = run(tmp_path, files[0], None)
    refused(answer, "--decisions PATH or --strategy NAME")


def test_an_unknown_strategy_is_refused_with_the_nearest(tmp_path, files):
    answer = run(tmp_path, files[0], None, "--strategy", "brakeout")
    refused(answer, "'brakeout'", "did you mean 'breakout'", "mean_reversion")


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_an_out_that_is_no_folder_is_refused_and_left_as_it_is(tmp_path, files, place):
    (tmp_path / "file").write_text("mine")
    answer = call(
        "run",
        "--json",
        "--market",
        files[0],
        "--strategy",
        "breakout",
        "--out",
        tmp_path / place,
    )
    refused(answer, "--out", str(tmp_path / "file"), "Name another folder")
    assert (tmp_path / "file").read_text() == "mine"


SETTINGS = {
    "no TOML": ("tenant = ", "tradeloop.toml", "no TOML", "tradeloop init"),
    "an unknown setting": ('tenannt = "x"', "tradeloop.toml", "tenannt", "tenant"),
    "a tenant that leaves its folder": ('tenant = "../x"', "tenant", "'../x'"),
    "a horizon that is none": ('horizons = ["5x"]', "tradeloop.toml", "'5x'"),
    "horizons that are no list": ("horizons = 5", "tradeloop.toml", "horizons"),
    "a benchmark that nobody has": ('benchmark = "QQQ"', "'QQQ'", "SP500"),
    "another database": (
        'journal = "mysql://h/d"',
        "tradeloop.toml",
        "journal",
        "SQLite",
    ),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_a_setting_that_breaks_a_rule_is_named_with_its_file(tmp_path, files, case):
    text, *said = SETTINGS[case]
    written(tmp_path / "tradeloop.toml", text)
    refused(run(tmp_path, *files), *said)


RULES = {
    "no YAML": ("labels.yaml", "good_bps: [", "no YAML", "tradeloop init"),
    "no mapping": ("labels.yaml", "- 1", "mapping"),
    "an unknown label rule": ("labels.yaml", "goood_bps: 1", "good_bps"),
    "a bound that is a word": ("labels.yaml", "good_bps: high", "good_bps", "'high'"),
    "bounds that cross": ("labels.yaml", "good_bps: 30", "rise"),
    "a wait that is no duration": ("labels.yaml", "wait: soon", "'soon'"),
    "a cost below nothing": ("costs.yaml", "commission_bps: -1", "commission_bps"),
    "an unknown cost": ("costs.yaml", "commision_bps: 1", "commission_bps"),
    "folds that are a word": ("model.yaml", "folds: many", "folds", "'many'"),
    "no folds": ("model.yaml", "folds: 0", "folds"),
    "half a fold": ("model.yaml", "folds: 2.5", "folds"),
    "a seed that is a word": ("model.yaml", "seed: x", "seed"),
    "a seed below zero": ("model.yaml", "seed: -1", "seed"),
    "no trees": ("model.yaml", "trees: 0", "trees"),
    "a rate that is no number": ("model.yaml", "learning_rate: .nan", "learning_rate"),
    "an embargo that is no duration": ("model.yaml", "embargo: soon", "'soon'"),
    "a position above all capital": ("model.yaml", "position_share: 4", "position_sh"),
    "a truth for a number": ("model.yaml", "depth: true", "depth"),
    "nothing for a number": ("model.yaml", "minimum_rows: null", "minimum_rows"),
    "an unknown model rule": ("model.yaml", "treees: 5", "trees"),
}


@pytest.mark.parametrize("case", RULES)
def test_a_rule_that_breaks_a_rule_is_named_with_its_file(tmp_path, files, case):
    name, text, *said = RULES[case]
    (tmp_path / "rules").mkdir()
    written(tmp_path / "rules" / name, text)
    refused(run(tmp_path, *files), name, *said)


BAD_BARS = {
    "a price that is no number": ({"close": math.nan}, "close_not_finite"),
    "a price beyond all bounds": ({"high": math.inf}, "high_not_finite"),
    "a negative price": ({"low": -3.0}, "low_not_positive"),
    "a high below the low": ({"high": 1.0}, "high_below_low"),
    "a close outside of the bar": ({"close": 1.0}, "close_outside_range"),
    "a missing price": ({"open": None}, "open_missing"),
    "a negative volume": ({"volume": -1.0}, "volume_negative"),
    "a missing symbol": ({"symbol": None}, "symbol_missing"),
    "a missing time": ({"ts": None}, "time_missing"),
}


@pytest.mark.parametrize("case", BAD_BARS)
def test_a_bad_bar_goes_to_quarantine_and_is_counted(tmp_path, files, case):
    values, reason = BAD_BARS[case]
    market = written(tmp_path / "bars.parquet", changed(bars(), 90, **values))
    answer = run(tmp_path, market, files[1])
    counted = balanced(answer)["capture"]["bar"]
    assert counted["expected"] == DAYS
    assert (counted["captured"], counted["quarantined"]) == (DAYS - 1, 1)
    (row,) = rejected_market(answer.out).to_dicts()
    assert (row["source"], row["row"], row["reason"]) == (str(market), 90, reason)


def test_repeated_bars_are_kept_once_and_a_contradiction_is_refused(tmp_path, files):
    twice = bars()[[3, 4]]
    market = written(
        tmp_path / "bars.parquet",
        pl.concat([bars(), twice[:1], twice[1:].with_columns(close=pl.col("low"))]),
    )
    answer = run(tmp_path, market, files[1])
    assert balanced(answer)["capture"]["bar"]["quarantined"] == 2
    found = rejected_market(answer.out).select("row", "reason").rows()
    assert found == [(DAYS, "duplicate_row"), (DAYS + 1, "key_conflict")]


LATE = decisions()["ts"][3].replace(year=2030)
EARLY = decisions()["ts"][3].replace(year=1990)
BAD_DECISIONS = {
    "an unknown symbol": ({"symbol": "XYZ"}, "unknown_symbol"),
    "before the first bar": ({"ts": EARLY}, "before_first_bar"),
    "after the last bar": ({"ts": LATE}, "after_last_bar"),
    "a side that nobody knows": ({"side": "up"}, "side_not_understood"),
    "a missing symbol": ({"symbol": None}, "symbol_missing"),
    "a missing time": ({"ts": None}, "time_missing"),
    "a confidence beyond all bounds": (
        {"confidence": math.inf},
        "confidence_score_not_finite",
    ),
    "a confidence above one": ({"confidence": 1.5}, "confidence_score_outside_0_to_1"),
}


@pytest.mark.parametrize("case", BAD_DECISIONS)
def test_a_bad_decision_goes_to_quarantine_and_is_counted(tmp_path, files, case):
    values, reason = BAD_DECISIONS[case]
    decided = written(tmp_path / "d.parquet", changed(decisions(), 3, **values))
    answer = run(tmp_path, files[0], decided)
    told = balanced(answer)
    ledger = told["ledger"]
    assert (ledger["received"], ledger["labelled"]) == (DECISIONS, DECISIONS - 1)
    assert ledger["quarantined"] == told["capture"]["decision"]["quarantined"] == 1
    assert told["reasons"] == {f"quarantined: {reason}": 1}
    assert told["dataset"]["rows"] == DECISIONS - 1
    assert rejected_decisions(answer.out) == [(str(decided), 3, "d03", reason)]


def test_repeated_decisions_are_kept_once_and_a_contradiction_is_refused(
    tmp_path, files
):
    other = decisions()[[2, 3]]
    given = pl.concat(
        [decisions(), other[:1], other[1:].with_columns(side=pl.lit("buy"))]
    )
    decided = written(tmp_path / "d.parquet", given)
    answer = run(tmp_path, files[0], decided)
    told = balanced(answer)
    assert told["ledger"]["received"] == DECISIONS + 2
    assert told["ledger"]["labelled"] == DECISIONS
    assert rejected_decisions(answer.out) == [
        (str(decided), DECISIONS, "d02", "duplicate_row"),
        (str(decided), DECISIONS + 1, "d03", "key_conflict"),
    ]


def test_a_quarantined_row_has_the_number_that_it_has_in_its_file(tmp_path, files):
    shuffled = decisions().sample(fraction=1.0, shuffle=True, seed=3)
    wrong = {4: {"symbol": "XYZ"}, 11: {"side": "up"}, 12: {"ts": LATE}}
    given = shuffled
    for row, values in wrong.items():
        given = changed(given, row, **values)
    decided = written(tmp_path / "d.csv", as_text(given))
    answer = run(tmp_path, files[0], decided)
    balanced(answer)
    found = {row: key for _, row, key, _ in rejected_decisions(answer.out)}
    assert found == {row: shuffled["decision_id"][row] for row in wrong}


def test_unsorted_files_give_the_very_same_labels_and_say_so(tmp_path, files):
    straight = balanced(run(tmp_path, *files))
    market = written(tmp_path / "b.parquet", bars().reverse())
    decided = written(tmp_path / "d.parquet", decisions().reverse())
    turned = balanced(run(tmp_path, market, decided, name="turned"))
    found = labels(turned)
    assert found.drop("fold", strict=False).equals(
        labels(straight).drop("fold", strict=False)
    )
    assert [f for f in turned["findings"] if f"{DAYS - 1} rows out of order" in f]


def test_zones_that_differ_from_row_to_row_mean_the_same_instants(tmp_path, files):
    straight = balanced(run(tmp_path, *files))
    market = written(tmp_path / "b.csv", with_two_zones(bars()))
    decided = written(tmp_path / "d.csv", with_two_zones(decisions()))
    mixed = balanced(run(tmp_path, market, decided, name="mixed"))
    assert labels(mixed).equals(labels(straight))


def test_decisions_that_all_lack_a_market_are_counted_and_nothing_is_pretended(
    tmp_path, files
):
    decided = written(
        tmp_path / "d.parquet", decisions().with_columns(symbol=pl.lit("XYZ"))
    )
    told = balanced(run(tmp_path, files[0], decided))
    assert told["ledger"]["quarantined"] == DECISIONS
    assert "dataset" in told["left_out"]
    assert {"dataset", "leaks", "metric", "model", "backtest"}.isdisjoint(told)


def test_a_run_without_json_prints_where_every_decision_stands(tmp_path, files):
    decided = written(tmp_path / "d.parquet", changed(decisions(), 3, symbol="XYZ"))
    answer = run(tmp_path, files[0], decided, as_json=False)
    assert answer.status == 0
    said = " ".join(answer.stdout.split())
    for part in (
        f"{DECISIONS} received = {DECISIONS - 1} labelled",
        "0 pending",
        "0 censored",
        "1 quarantined",
        "unknown_symbol",
        "leak checks",
        " absent",
    ):
        assert part in said, part
    assert "features" in answer.stderr
