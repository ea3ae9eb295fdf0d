"""Premium: what options charge above the volatility that the underlying showed."""

from math import sqrt

from tradeloop.errors import InputError
from tradeloop.features.base import BAR_CLOCK, Family, Feature, Source, name_of
from tradeloop.fold import kernel


@kernel("volatility", "variance", params=1)
def _volatility_premium(
    params: tuple[float], implied: float, realised: float
) -> tuple[float, float]:
    shown = realised * params[0]
    return implied - shown, implied * implied - shown * shown


def volatility_premium(
    implied: Source, realised: Source, rows_per_year: float, *, name: str = ""
) -> Feature:
    """Columns ``volatility`` and ``variance`` of a year: implied less realised.

    Parameters
    ----------
    implied : str or Column
        Volatility of a year, 0.2 is 20 %; at a bar, the last known one.
    realised : str or Column
        Volatility of a row in bps, such as that of `realised_volatility`.
    rows_per_year : float
        252 for daily bars of a stock exchange.
    name : str, optional
        Absent: made of the inputs' names.
    """
    if not rows_per_year > 0.0:
        raise InputError(
            f"volatility_premium.rows_per_year must be above 0, was {rows_per_year}.",
            way_out="Count the bars of a year.",
        )
    return Feature(
        name or f"{name_of(implied)}_less_{name_of(realised)}",
        FAMILY,
        (implied, realised),
        (1e-4 * sqrt(rows_per_year),),
        warm_up=(0, 0),
        clock=BAR_CLOCK,
    )


FAMILY = Family(
    name="volatility_premium",
    category="options",
    kernel=_volatility_premium,
    formula="implied - realised * sqrt(rows a year) / 1e4, and the same of the squares",
    unit="1 a year, 0.01 is a point of volatility; variance 1 a year",
    reference="Carr and Wu 2009",
    build=volatility_premium,
    examples=(
        ("option.iv_30", "option.realised_bps", 252),
        ("option.atm_iv", "option.realised_bps", 365),
    ),
)
