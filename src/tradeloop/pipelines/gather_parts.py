"""What a dataset is made of, where the decisions do not fit into memory.

The decisions are read from the journal chunk by chunk and put aside on the disk. What
stays of each is its id, its time and what the quality report asks of it; bars, series,
fills and order events stay whole.
"""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.capture import resolve
from tradeloop.datasets.version import columns_hash
from tradeloop.errors import NotFoundError
from tradeloop.events import DECISION, FILL, ORDER_EVENT
from tradeloop.pipelines.assemble import Material
from tradeloop.pipelines.captured import (
    Captured,
    Extent,
    captured_events,
    captured_market,
    event_parts,
    position,
)
from tradeloop.pipelines.gather import Gathered, orders_of
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores.spill import Spill

_NAME = DECISION.kind
_IDS = ("decision_id",)
_STAMPS = ("instrument", "side", "event_ns", "received_ns")


@dataclass(frozen=True, slots=True, eq=False)
class Aside:
    """Decisions that were put aside.

    Parameters
    ----------
    gathered : Gathered
        Captured inputs; its decisions have their id alone.
    stamps : polars.DataFrame of shape (n_decisions, 4)
        instrument, side, event_ns and received_ns of each decision.
    spill : Spill
        Holds the decisions.
    """

    gathered: Gathered
    stamps: pl.DataFrame
    spill: Spill

    @property
    def received_ns(self) -> NDArray[np.int64]:
        """When each decision was received, ns UTC, in the order of the journal."""
        return self.stamps["received_ns"].to_numpy()

    def between(self, begin_ns: int, end_ns: int) -> pl.DataFrame:
        """Read the decisions received from one time on, before another."""
        return self.spill.between(_NAME, "received_ns", begin_ns, end_ns)

    def content_hash(self) -> str:
        """`frame_hash` of all decisions sorted by id, one column at a time."""
        order = self.gathered.decisions["decision_id"].arg_sort()
        columns = (
            self.spill.column(_NAME, column).gather(order) for column in DECISION.schema
        )
        return columns_hash(order.len(), columns)


def gather_aside(
    workspace: Workspace, rules: Rules, spill: Spill, *, as_of_ns: int | None = None
) -> Aside:
    """Read all that was captured, as `gather` does; put the decisions aside.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    rules : Rules
        Say how old a price may be.
    spill : Spill
        Where the decisions go.
    as_of_ns : int, optional
        Only what was recorded by then counts, ns UTC.

    Raises
    ------
    NotFoundError
        No bars, or no decisions with a market, were captured.
    """
    extent = Extent(position(workspace, as_of_ns))
    found = captured_market(workspace, extent)
    stale_ns = rules.stale_after_ns(found.market.interval_ns)
    ids, stamps, unknown = _put_aside(workspace, found, (extent, stale_ns), spill)
    bars = found.market.bars
    fills, _ = resolve(
        captured_events(workspace, FILL, extent), bars, stale_after_ns=stale_ns
    )
    orders = captured_events(workspace, ORDER_EVENT, extent)
    gathered = Gathered(
        market=found.market,
        series=found.series,
        decisions=ids,
        fills=fills,
        orders=orders_of(orders, ids, bars),
        set_aside=dict(unknown.most_common()),
        extent=extent,
    )
    return Aside(gathered, stamps, spill)


def _put_aside(
    workspace: Workspace, found: Captured, rule: tuple[Extent, int], spill: Spill
) -> tuple[pl.DataFrame, pl.DataFrame, Counter[str]]:
    """Put the decisions with a market aside; keep their ids and stamps."""
    (extent, stale_ns), bars = rule, found.market.bars
    ids: list[pl.DataFrame] = []
    stamps: list[pl.DataFrame] = []
    unknown: Counter[str] = Counter()
    for number, asked in enumerate(event_parts(workspace, DECISION, extent)):
        known, refused = resolve(asked, bars, stale_after_ns=stale_ns)
        unknown.update(refused["reason"].to_list())
        if known.height:
            spill.put(_NAME, number, known.select(DECISION.schema.keys()))
            ids.append(known.select(_IDS))
            stamps.append(known.select(_STAMPS))
    if not ids:
        raise NotFoundError(
            "No decisions with a market were captured in this workspace. Capture "
            "some: tradeloop capture file PATH, or tradeloop run."
        )
    return pl.concat(ids, rechunk=True), pl.concat(stamps, rechunk=True), unknown


def of_part(material: Material, decisions: pl.DataFrame) -> Material:
    """Take the fills and order events of these decisions, and leave the others."""

    def mine(rows: pl.DataFrame | None) -> pl.DataFrame | None:
        if rows is None:
            return None
        return rows.join(decisions, on="decision_id", how="semi", maintain_order="left")

    return replace(
        material,
        decisions=decisions,
        fills=mine(material.fills),
        orders=mine(material.orders),
    )
