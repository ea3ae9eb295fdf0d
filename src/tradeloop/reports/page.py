"""The report as one HTML file: no script, no request, the same bytes each time."""

from dataclasses import dataclass
from typing import Any

from tradeloop.errors import MissingExtraError
from tradeloop.reports.drawing import PICTURE_CSS, Picture, as_svg
from tradeloop.reports.palette import theme_css
from tradeloop.reports.pictures import (
    equity_picture,
    importance_picture,
    outcomes_picture,
    reliability_picture,
    split_picture,
)
from tradeloop.reports.report import Ledger, Report
from tradeloop.reports.strip import scale_of, strip
from tradeloop.reports.text import (
    ends_text,
    interval_text,
    level_text,
    standing,
    written,
)

_PARTS = (
    ("decisions", "Decisions"),
    ("trust", "Leaks and quality"),
    ("dataset", "Dataset"),
    ("model", "Model"),
    ("backtest", "Back-test"),
    ("reading", "How to read this"),
)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A picture ready for the page; only ``svg`` is markup."""

    title: str
    description: str
    svg: Any


def _pictures(report: Report) -> dict[str, Picture | None]:
    labels, importance = report.labels, report.importance
    return {
        "equity": equity_picture(report.equity) if report.equity else None,
        "reliability": (
            reliability_picture(report.reliability) if report.reliability else None
        ),
        "outcomes": outcomes_picture(labels) if labels else None,
        "importance": importance_picture(importance) if importance else None,
        "split": split_picture(report.split) if report.split else None,
    }


def _shown(report: Report) -> tuple[str, ...]:
    """Ids of the parts that have something to say."""
    says = {
        "decisions": (report.ledger, report.reasons, report.labels),
        "trust": (report.checks, report.quality, report.findings),
        "dataset": (report.facts, report.split),
        "model": (report.folds, report.reliability, report.importance),
        "backtest": (report.equity, report.comparisons, report.signals),
        "reading": (report.conventions, report.paths),
    }
    return tuple(name for name, values in says.items() if any(values))


def _ledger_gap(ledger: Ledger | None) -> int:
    """Count received decisions that stand nowhere; negative when some stand twice."""
    if ledger is None:
        return 0
    known = ledger.labelled + ledger.pending + ledger.censored + ledger.quarantined
    return ledger.received - known


def _ledger_shares(ledger: Ledger | None) -> list[tuple[str, str]]:
    """Percent of the received decisions in each state, empty ones left out."""
    if ledger is None or ledger.received == 0:
        return []
    states = ("labelled", "pending", "censored", "quarantined")
    parts = [(name, getattr(ledger, name)) for name in states]
    return [(n, f"{100 * part / ledger.received:.3f}") for n, part in parts if part]


def _percent(value: float | None) -> str:
    return f"{100 * min(max(value or 0.0, 0.0), 1.0):.1f}"


def render(report: Report) -> str:
    """Write a report as one HTML page.

    The page needs no network and no script; its colours follow the reader's light or
    dark, and it prints. Text of the report is escaped, whatever it holds.

    Parameters
    ----------
    report : Report
        What to say. Parts that are empty or absent are left out.

    Returns
    -------
    str
        HTML; the same report gives the same text.

    Raises
    ------
    MissingExtraError
        Jinja2 or Matplotlib is not installed.
    """
    try:
        from jinja2 import (  # noqa: PLC0415
            Environment,
            PackageLoader,
            StrictUndefined,
        )
        from markupsafe import Markup  # noqa: PLC0415
    except ImportError as missing:
        raise MissingExtraError("jinja2", "report") from missing
    pages = Environment(
        loader=PackageLoader("tradeloop", "reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    own_css = pages.loader.get_source(pages, "page.css")[0]  # type: ignore[union-attr]
    drawn = {
        name: _Drawn(found.title, found.description, Markup(as_svg(found)))  # noqa: S704
        if found
        else None
        for name, found in _pictures(report).items()
    }
    shown = _shown(report)
    return pages.get_template("page.html").render(
        report=report,
        css=Markup(theme_css(":root") + own_css + PICTURE_CSS),  # noqa: S704
        drawn=drawn,
        shown=shown,
        parts=[part for part in _PARTS if part[0] in shown],
        failed=sum(check.passed is False for check in report.checks),
        made=sum(check.passed is not None for check in report.checks),
        ledger_shares=_ledger_shares(report.ledger),
        ledger_gap=_ledger_gap(report.ledger),
        fold_scale=scale_of(tuple(fold.score for fold in report.folds)),
        strip=lambda *given: Markup(strip(*given)),  # noqa: S704
        written=written,
        count=lambda number: written(number, "count"),
        percent=_percent,
        interval_text=interval_text,
        ends_text=ends_text,
        level_text=level_text,
        standing=standing,
    )
