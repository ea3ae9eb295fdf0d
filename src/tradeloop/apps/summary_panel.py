"""The panel at the end of a run: what was kept, proved, measured, and where it lies."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

Row = tuple[str, str]


def panel(answer: Mapping[str, Any]) -> Panel:
    """Lay out the answer of ``demo`` or ``run``; absent parts are not shown."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in _rows(answer):
        grid.add_row(name, Text(text))
    title = f"tradeloop: {answer['name']}, {answer['seconds']:.1f} s"
    return Panel(grid, title=title, title_align="left")


def paths(answer: Mapping[str, Any]) -> Iterator[Row]:
    """Yield where things lie; not in the panel, so that no path is broken."""
    yield "report", answer["report"]
    if "dataset" in answer:
        yield "dataset", answer["dataset"]["path"]
        yield "card", answer["dataset"]["card"]


def _rows(answer: Mapping[str, Any]) -> Iterator[Row]:
    yield from _captured(answer)
    yield from _judged(answer)
    yield from _traded(answer)
    for part, reason in answer["left_out"].items():
        yield f"no {part}", reason
    yield "note", "A back-test on past prices; no advice, no promise."


def _captured(answer: Mapping[str, Any]) -> Iterator[Row]:
    for kind, count in answer["capture"].items():
        refused = f", {count['quarantined']:,} refused" if count["quarantined"] else ""
        yield (
            f"{kind} captured",
            f"{count['captured']:,} of {count['expected']:,}{refused}",
        )
    ledger = answer["ledger"]
    parts = ("labelled", "pending", "censored", "quarantined")
    stands = " + ".join(f"{ledger[part]:,} {part}" for part in parts)
    yield "decisions", f"{ledger['received']:,} received = {stands}"
    for reason, count in answer["reasons"].items():
        yield "", f"{count:,} {reason}"
    for finding in answer["findings"]:
        yield "found", finding


def _judged(answer: Mapping[str, Any]) -> Iterator[Row]:
    yield "quality", f"{answer['quality']:.4f} of 1"
    live = answer["parity"]
    yield "live = history", f"{live['differing']:,} of {live['values']:,} values differ"
    if "leaks" in answer:
        leaks = answer["leaks"]
        good = leaks["checks"] - leaks["failed"]
        absent = f", {leaks['absent']} absent" if leaks["absent"] else ""
        yield "leak checks", f"{good} of {leaks['checks']} passed{absent}"
    if "dataset" in answer:
        dataset = answer["dataset"]
        yield (
            "dataset",
            f"{dataset['id']}: {dataset['rows']:,} rows, {dataset['features']} columns",
        )
    if "strategies" in answer:
        found = answer["strategies"]
        each = found["net_bps_a_day"].items()
        yield "strategies", ", ".join(f"{n} {v:+.1f}" for n, v in each) + " bps a day"
        yield "", f"best of them by luck: p = {found['spa_p_value']:.3f} (SPA test)"
    for metric in answer.get("metrics", ()):
        yield metric["name"].replace("_", " "), _measured(metric)


def _measured(metric: Mapping[str, Any]) -> str:
    text = f"{metric['value']:.4f} [{metric['low']:.4f}, {metric['high']:.4f}]"
    names = {"baseline": "majority", "no_skill": "no skill"}
    beside = [f"{names[k]} {metric[k]:.4f}" for k in names if k in metric]
    return f"{text}, {', '.join(beside)}" if beside else text


def _traded(answer: Mapping[str, Any]) -> Iterator[Row]:
    if "model" in answer:
        model = answer["model"]
        yield "model", f"{model['name']} {model['version']}, alias champion"
    if "backtest" not in answer:
        return
    test = answer["backtest"]
    band = f"[{test['low']:.2f}, {test['high']:.2f}]"
    held = f"buy and hold {test['benchmark_sharpe']:.2f}"
    yield "back-test", f"Sharpe {test['sharpe']:.2f} {band} after costs, {held}"
    worst = f"max drawdown {test['max_drawdown']:.1%}"
    yield "", f"{worst}, {test['trades']:,} trades, {test['period']}"
