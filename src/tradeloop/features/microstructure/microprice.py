"""Stoikov's microprice: the mid that quotes lead to, given imbalance and spread."""

from numpy import uint64

from tradeloop.errors import InputError
from tradeloop.features.base import Family, Feature
from tradeloop.features.microstructure.microprice_fit import (
    MOST_CELLS,
    MicropriceTable,
)
from tradeloop.features.microstructure.stream import raw, titled
from tradeloop.fold import kernel

_LEAD = 4  # tick, 1 / tick, buckets, spreads; then half a table
_Params = tuple[float, ...]


@kernel("price", "bps", params=_LEAD + MOST_CELLS)
def _microprice(
    params: _Params, bid: float, ask: float, bid_size: float, ask_size: float
) -> tuple[float, float]:
    tick, ticks, buckets, spreads = params[0], params[1], params[2], params[3]
    mid, sizes = 0.5 * (bid + ask), bid_size + ask_size
    if sizes <= 0.0 or ask <= bid or mid <= 0.0:
        return mid, 0.0
    half = buckets // 2.0
    bucket = (bid_size / sizes) * buckets // 1.0
    bucket = max(min(bucket, buckets - 1.0), 0.0)
    # Buckets below the middle are the mirrored ones above it.
    up = bucket - (buckets - half)
    down = half - 1.0 - bucket
    side = 1.0 if up >= 0.0 else -1.0 if down >= 0.0 else 0.0
    spread = min(max(((ask - bid) * ticks + 0.5) // 1.0, 1.0), spreads) - 1.0
    cell = 4.0 + spread * half + max(up, down, 0.0)
    move = side * tick * params[uint64(cell)]
    return mid + move, 1e4 * (move / mid)


def microprice(
    table: MicropriceTable, stream: str = "quote", *, name: str = ""
) -> Feature:
    """Columns ``price`` and ``bps`` (price against mid); the mid where quotes cross.

    It is where the mid goes in the end, not at its next change: as a forecast of that
    one it has the side right, and is too large.

    The table stands among the params, half of it since it is odd. So it is part of the
    bank's fingerprint: a saved state, a dataset and a model belong to one table, and
    another table is another feature. In the ring it would be none of these, and a fresh
    ring is all 0.

    Parameters
    ----------
    table : MicropriceTable
        From `fit_microprice` on quotes that are older than the rows it is used on.
    stream : str
        Where bid, ask and their sizes are.
    """
    spreads, buckets = table.shape
    half = buckets // 2
    cells = [value for row in table.adjustment for value in row[buckets - half :]]
    odd = all(
        row[k] == -row[buckets - 1 - k] for row in table.adjustment for k in range(half)
    )
    if len(cells) > MOST_CELLS or not odd:
        raise InputError(
            f"A table must be odd in the imbalance and have at most {MOST_CELLS} cells "
            f"on one side, had {len(cells)}.",
            way_out="Make it with fit_microprice.",
            source="microprice",
        )
    cells += [0.0] * (MOST_CELLS - len(cells))
    return Feature(
        name or titled(stream, "microprice"),
        FAMILY,
        raw(stream, "bid", "ask", "bid_size", "ask_size"),
        (table.tick, 1.0 / table.tick, buckets, spreads, *cells),
        warm_up=(0, 0),
    )


_EXAMPLE = MicropriceTable(
    0.01,
    ((-0.4, -0.1, 0.0, 0.1, 0.4), (-0.9, -0.3, 0.0, 0.3, 0.9)),
    ((9, 9, 9, 9, 9), (3, 3, 3, 3, 3)),
)
_EVEN = MicropriceTable(0.5, ((-0.3, -0.1, 0.1, 0.3),), ((5, 5, 5, 5),))

FAMILY = Family(
    name="microprice",
    category="microstructure",
    kernel=_microprice,
    formula="mid + tick * table[spread in ticks][bucket of bid_size / (bid_size + "
    "ask_size)]; the table is the limit of the expected mids",
    unit="price; bps of the mid",
    reference="Stoikov 2018; not the weighted mid of Gatheral and Oomen",
    build=microprice,
    examples=((_EXAMPLE,), (_EVEN, "")),
    price_degree=(None, None),
)
