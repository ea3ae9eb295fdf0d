"""What the families of a dataset cost to compute, and its sources to keep."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from tradeloop.clock import monotonic_s
from tradeloop.errors import TradeloopError
from tradeloop.events import BAR, DECISION, QUOTE, SERIES, TRADE
from tradeloop.features import Bank, Column, compute
from tradeloop.pipelines.browse import found, root
from tradeloop.pipelines.captured import captured_market
from tradeloop.pipelines.featurize import with_series
from tradeloop.pipelines.subject import Subject
from tradeloop.pipelines.train import Trained
from tradeloop.pipelines.value import (
    DECISION_FIGURES,
    Group,
    families,
    followed,
    sources,
    values,
)
from tradeloop.pipelines.workspace import Workspace

_MOST_BARS = 20_000
_TIMES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    """What the features of a dataset were computed from.

    Parameters
    ----------
    bank : Bank
        What computed them.
    bars : polars.DataFrame
        Bars with the series beside them.
    sizes : mapping of str to dict
        Source to its ``rows`` and ``bytes`` in the lake.
    """

    bank: Bank
    bars: pl.DataFrame
    sizes: dict[str, dict[str, int | None]]


def collected(
    workspace: Workspace, subject: Subject, own: tuple[Column, ...]
) -> Collected | str:
    """Read the market of a dataset again; a sentence says why where that is not so.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    subject : Subject
        The dataset.
    own : tuple of Column
        Features of the user's own that are at hand.
    """
    recipe = subject.recipe
    if recipe is None:
        return f"{subject.dataset_id} has no recipe"
    try:
        known = captured_market(workspace, recipe.extent)
        rules = recipe.rules_with(own)
        bars = with_series(known.market.bars, known.series)
        extra = [name for name in bars.columns if name not in known.market.bars.columns]
        bank = rules.features.bank(bars, recipe.interval_ns, extra)
    except TradeloopError as error:
        return str(error)
    rows = {
        "bars": (BAR.kind, known.market.bars.height),
        "quotes": (QUOTE.kind, known.market.quotes.height),
        "trades": (TRADE.kind, known.market.trades.height),
    }
    sizes: dict[str, dict[str, int | None]] = {
        name: {"rows": count, "bytes": _bytes(workspace, kind)}
        for name, (kind, count) in rows.items()
    }
    sizes |= _of_series(workspace, known.series)
    sizes[DECISION_FIGURES] = {"rows": _decisions(workspace, subject), "bytes": None}
    return Collected(bank, bars, sizes)


def _of_series(
    workspace: Workspace, series: pl.DataFrame | None
) -> dict[str, dict[str, int | None]]:
    """Rows of each series; of the bytes of all of them its share of the rows."""
    if series is None:
        return {}
    total = _bytes(workspace, SERIES.kind)
    return {
        f"series {str(name).lower()}": {
            "rows": count,
            "bytes": round(total * count / series.height),
        }
        for name, count in series["series"].value_counts().sort("series").iter_rows()
    }


def _decisions(workspace: Workspace, subject: Subject) -> int:
    place = root(workspace, found(workspace, subject.dataset_id))
    name = f"{DECISION.kind}_ids"
    read = workspace.lake.read(workspace.principal, place, name)
    return int(read.select(pl.len()).collect().item())


def _bytes(workspace: Workspace, kind: str) -> int:
    """Bytes of a kind of market data, later slices than the dataset's included."""
    place = workspace.lake.root / workspace.principal.tenant / "market" / kind
    return sum(file.stat().st_size for file in place.rglob("*.parquet"))


def seconds_per_1000_bars(known: Collected, names: list[str]) -> float | None:
    """Measure how long columns take on 1,000 bars; None where that is not possible.

    The fastest of three runs over at most 20,000 bars, compiled before, on this
    machine as busy as it is. What the columns need beside themselves is computed too,
    so that the costs of two groups may share a part.
    """
    wanted = [column for column in known.bank.outputs if column.name in set(names)]
    bars = known.bars.head(_MOST_BARS)
    if not wanted:
        return None
    took = []
    try:
        bank = Bank(wanted)
        compute(bank, bars)
        for _ in range(_TIMES):
            began = monotonic_s()
            compute(bank, bars)
            took.append(monotonic_s() - began)
    except TradeloopError:  # a feature of another stream than bars
        return None
    return min(took) * 1000 / bars.height


def cost_of(
    known: Collected | str, group: Group, names: tuple[str, ...]
) -> dict[str, Any]:
    """Say what a group costs to collect.

    Parameters
    ----------
    known : Collected or str
        What `collected` gave.
    group : Group
        Its columns.
    names : tuple of str
        Columns of the model.

    Returns
    -------
    dict
        ``seconds_per_1000_bars``, and ``rows`` and ``bytes`` of a source; None where
        it is not known. The decision's figures are computed by whoever decides.
    """
    if isinstance(known, str):
        return {"seconds_per_1000_bars": None, "rows": None, "bytes": None}
    mine = [names[place] for place in group.columns]
    size = known.sizes.get(group.name) if group.kind == "source" else None
    return {
        "seconds_per_1000_bars": seconds_per_1000_bars(known, mine),
        **(size or {"rows": None, "bytes": None}),
    }


def worth(subject: Subject, trained: Trained, known: Collected | str) -> dict[str, Any]:
    """Say what the families and sources of a dataset are worth, and what they cost.

    Parameters
    ----------
    subject : Subject
        The dataset.
    trained : Trained
        What learned from it.
    known : Collected or str
        What `collected` gave, or why costs and sources are not known.

    Returns
    -------
    dict
        ``trading`` (see `tradeloop.pipelines.value.followed`), ``groups``: families,
        then sources, each with its value, ``cost`` and recommendation, most bps first;
        ``note``: why costs are missing, or None.
    """
    names = trained.columns.names
    definitions = subject.about["feature_schema"]["feature_definitions"]
    bank = None if isinstance(known, str) else known.bank
    kinds = families(names, definitions), sources(names, bank)
    judged = values(subject, trained, [group for kind in kinds for group in kind])
    groups = [
        {**each.as_mapping(), "cost": cost_of(known, each.group, names)}
        for kind in ("family", "source")
        for each in judged
        if each.group.kind == kind
    ]
    note = known if isinstance(known, str) else None
    return {"trading": followed(subject, trained), "groups": groups, "note": note}
