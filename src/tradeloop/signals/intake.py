"""Which live rows enter the ring of their symbol."""

import numpy as np
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_SECOND
from tradeloop.errors import OverloadedError
from tradeloop.models.base import Floats
from tradeloop.signals.live_rows import LiveRow
from tradeloop.signals.rings import Rings
from tradeloop.signals.rowchecks import Abstention

AHEAD_NS = 60 * NS_PER_SECOND
"""How far a source's clock may be ahead of ours: a later event is refused."""


def admit(rings: Rings, row: LiveRow, values: Floats) -> Abstention:
    """Take a row into its ring, unless it is there already.

    Parameters
    ----------
    rings : Rings
        One of them changes.
    row : LiveRow
        Symbol and times.
    values : ndarray of shape (n_columns,)
        The columns of the model; none where they could not be picked.

    Returns
    -------
    Abstention
        NONE if the row is now the last of its symbol, else why not. The last row again,
        with the same values, is no fault.
    """
    if not values.size:
        return Abstention.COLUMNS_DIFFER
    happened = row.event_ns
    known = isinstance(happened, int | np.integer)
    if not known or happened > row.received_ns + AHEAD_NS:
        return Abstention.OUT_OF_ORDER
    try:
        ring = rings.of(row.symbol)
    except OverloadedError:
        return Abstention.OVERLOADED
    kept = without_infinities(values)
    if happened > ring.last_ns:
        ring.push(kept, happened)
        return Abstention.NONE
    again = happened == ring.last_ns
    if again and np.array_equal(ring.window(1)[0], kept, equal_nan=True):
        return Abstention.NONE
    return Abstention.OUT_OF_ORDER


def without_infinities(values: Floats) -> NDArray[np.float32]:
    """Return values as a ring keeps them.

    History has no infinities: in the past of later rows such a value is missing.
    """
    found = narrow(values)
    found[np.isinf(found)] = np.nan
    return found


def narrow(values: Floats) -> NDArray[np.float32]:
    """Cast to the float32 that the models compare; too large becomes infinite."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)
