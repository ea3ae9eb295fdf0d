"""Rows since an event."""

from tradeloop.features.base import Family, Feature, Source, name_of
from tradeloop.fold import Float, kernel


@kernel("value", state=1)
def _rows_since(state: Float, event: float) -> float:
    # state: one more than the rows that have gone by
    rows = 0.0 if event != 0.0 else state[0]
    state[0] = rows + 1.0
    return rows


def rows_since(event: Source, *, name: str = "") -> Feature:
    """Rows since ``event`` was last other than 0; since the first row before that."""
    return Feature(
        name or f"rows_since_{name_of(event)}",
        FAMILY,
        (event,),
        warm_up=(0,),
        look_back=None,
    )


FAMILY = Family(
    name="rows_since",
    category="technical",
    kernel=_rows_since,
    formula="rows since event != 0, or since the first row",
    unit="rows",
    reference="definition",
    build=rows_since,
    examples=(("ns_of_day",), ("volume",)),
)
