"""How many values in a row had the same sign, such as the sides of trades."""

from tradeloop.features.base import Category, Family, Feature, Source, name_of
from tradeloop.fold import Float, kernel


@kernel("value", state=1)
def _run_length(state: Float, x: float) -> float:
    run, sign = state[0], 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0
    run = run + sign if run * sign > 0.0 else sign
    state[0] = run
    return run


def run_length(
    x: Source, *, name: str = "", category: Category | None = None
) -> Feature:
    """Rows since the sign of ``x`` changed, this one counted, times the sign."""
    return Feature(
        name or f"run_length_{name_of(x)}",
        FAMILY,
        (x,),
        warm_up=(0,),
        look_back=None,
        category=category,
    )


FAMILY = Family(
    name="run_length",
    category="microstructure",
    kernel=_run_length,
    formula="count of the last rows whose sign is that of x, times the sign",
    unit="rows, below 0 for a run of negative values; 0 where x is 0",
    reference="definition",
    build=run_length,
    examples=(("signed_volume",), ("trade.side",)),
)
