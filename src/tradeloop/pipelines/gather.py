"""What a dataset is made of, read back as it was captured, and as of a position."""

from dataclasses import dataclass, replace

import polars as pl

from tradeloop.capture import Market, instrument_names, resolve
from tradeloop.datasets import kind_of
from tradeloop.errors import NotFoundError
from tradeloop.events import DECISION, FILL, ORDER_EVENT, DatasetType
from tradeloop.pipelines.assemble import Material, schedule_of
from tradeloop.pipelines.captured import (
    Extent,
    captured_events,
    captured_market,
    position,
)
from tradeloop.pipelines.featurize import featurize, with_series
from tradeloop.pipelines.label import label_decisions
from tradeloop.pipelines.recipe import Recipe, asked_for
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Workspace

_EVER_NS = 1 << 62


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Captured inputs of a dataset.

    Parameters
    ----------
    market : Market
        Bars, quotes, trades.
    series : polars.DataFrame, optional
        What was released outside of the market.
    decisions, fills, orders : polars.DataFrame
        With the instruments of the bars.
    set_aside : dict of str to int
        Decisions that have no market, by reason.
    extent : Extent
        What of the captured was read.
    """

    market: Market
    series: pl.DataFrame | None
    decisions: pl.DataFrame
    fills: pl.DataFrame
    orders: pl.DataFrame
    set_aside: dict[str, int]
    extent: Extent


def gather(
    workspace: Workspace,
    rules: Rules,
    *,
    as_of_ns: int | None = None,
    needs_decisions: bool = True,
) -> Gathered:
    """Read all that was captured up to now, or up to a time.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    rules : Rules
        Say how old a price may be.
    as_of_ns : int, optional
        Only what was recorded by then counts, ns UTC: a correction that came later
        changes only what is made later.
    needs_decisions : bool
        Whether nothing can be made without decisions.

    Raises
    ------
    NotFoundError
        No bars, or no decisions, were captured.
    """
    extent = Extent(position(workspace, as_of_ns))
    found = captured_market(workspace, extent)
    stale_ns = rules.stale_after_ns(found.market.interval_ns)
    asked = captured_events(workspace, DECISION, extent)
    if needs_decisions and asked.is_empty():
        raise NotFoundError(
            "No decisions were captured in this workspace. Capture some: tradeloop "
            "capture file PATH, or tradeloop run."
        )
    bars = found.market.bars
    decisions, unknown = resolve(asked, bars, stale_after_ns=stale_ns)
    fills, _ = resolve(
        captured_events(workspace, FILL, extent), bars, stale_after_ns=stale_ns
    )
    orders = captured_events(workspace, ORDER_EVENT, extent)
    counts = unknown["reason"].value_counts(sort=True)
    return Gathered(
        market=found.market,
        series=found.series,
        decisions=decisions,
        fills=fills,
        orders=orders_of(orders, decisions, bars),
        set_aside=dict(counts.iter_rows()),
        extent=extent,
    )


def gather_again(workspace: Workspace, recipe: Recipe, root: str) -> Gathered:
    """Read what a dataset was made of.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    recipe : Recipe
        The dataset's own.
    root : str
        Folder of the dataset below that of its tenant.

    Raises
    ------
    TradeloopError
        An input is no longer there.
    """
    found = captured_market(workspace, recipe.extent)
    market = replace(found.market, interval_ns=recipe.interval_ns)
    until = Extent(recipe.extent.until_seq)
    again = {}
    for record in (DECISION, FILL):
        # What was too old was left out then: here only the names are found again.
        events = captured_events(workspace, record, until)
        named, _ = resolve(events, market.bars, stale_after_ns=_EVER_NS)
        again[record.kind] = asked_for(workspace, root, record, named)
    return Gathered(
        market=market,
        series=found.series,
        decisions=again[DECISION.kind],
        fills=again[FILL.kind],
        orders=orders_of(
            captured_events(workspace, ORDER_EVENT, until),
            again[DECISION.kind],
            market.bars,
        ),
        set_aside={},
        extent=recipe.extent,
    )


def orders_of(
    orders: pl.DataFrame, decisions: pl.DataFrame, bars: pl.DataFrame
) -> pl.DataFrame:
    """Take the order events of these decisions, with the instruments of the bars."""
    mine = orders.join(decisions, on="decision_id", how="semi", maintain_order="left")
    names = instrument_names(mine["instrument"], bars["instrument"])
    meant = mine.join(
        names,
        left_on="instrument",
        right_on="symbol",
        how="left",
        maintain_order="left",
    )["meant"]
    return mine.with_columns(instrument=pl.coalesce(meant, "instrument"))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a dataset is to teach.

    Parameters
    ----------
    dataset_type : DatasetType
        Its type.
    horizons_ns : tuple of int
        Horizons of the labels, the primary one first.
    benchmark : str, optional
        Instrument to beat; None is cash.
    """

    dataset_type: DatasetType
    horizons_ns: tuple[int, ...]
    benchmark: str | None


def prepared(gathered: Gathered, rules: Rules, plan: Plan) -> Material:
    """Compute the features of what was gathered; nothing is graded yet.

    Parameters
    ----------
    gathered : Gathered
        Captured inputs.
    rules : Rules
        Say which features.
    plan : Plan
        What the dataset is to teach.

    Raises
    ------
    InputError
        An own feature reads what is not there.
    """
    market = gathered.market
    bars = with_series(market.bars, gathered.series)
    extra = [name for name in bars.columns if name not in market.bars.columns]
    bank = rules.features.bank(bars, market.interval_ns, extra)
    kind = kind_of(plan.dataset_type.value)
    return Material(
        bank=bank,
        features=featurize(bank, bars),
        decisions=kind.observations(
            gathered.decisions, market.bars, schedule_of(market)
        ),
        labels=pl.DataFrame(),
        horizons_ns=plan.horizons_ns,
        series=gathered.series,
        fills=gathered.fills if gathered.fills.height else None,
        benchmark=plan.benchmark,
        dataset_type=plan.dataset_type,
        orders=gathered.orders if gathered.orders.height else None,
    )


def graded(
    material: Material, market: Market, rules: Rules, decisions: pl.DataFrame
) -> Material:
    """Take these decisions, and grade them.

    Parameters
    ----------
    material : Material
        What `prepared` gave.
    market : Market
        Prices.
    rules : Rules
        Bounds, costs and waits.
    decisions : polars.DataFrame
        All of them, or some.

    Raises
    ------
    InputError
        The benchmark has no prices.
    """
    labels = label_decisions(
        decisions,
        market.bars,
        market.quotes,
        horizons_ns=material.horizons_ns,
        benchmark=material.benchmark,
        rules=rules,
    )
    return replace(material, decisions=decisions, labels=labels)
