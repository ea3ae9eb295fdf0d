"""Validity: whether the values are such as the thing can have.

``validity = mean(1 - quarantined / read, 1 - frozen bars / bars,
1 - return outliers / bars, 1 - sudden moves / bars,
1 - outliers for their regime / bars with a regime, 1 - odd rows / rows scored,
1 - ticks of a frozen feed / ticks, 1 - far ticks / ticks)``.
"""

from tradeloop.quality.base import Measure, Part, Tally


def _parts(tally: Tally) -> tuple[Part, ...]:
    read, clear = tally.of("read"), tally.clear_of
    return (
        Part("rows accepted", read - tally.of("quarantined"), read),
        clear("bars that move", "bars", "frozen_price"),
        clear("usual returns", "bars", "return_outlier"),
        clear("no sudden moves", "bars", "sudden_move"),
        clear("usual for the regime", "regimes", "regime_outlier"),
        clear("usual rows", "scored", "odd_row"),
        clear("ticks that change", "ticks", "frozen_feed"),
        clear("ticks near the last", "ticks", "far_tick"),
    )


VALIDITY = Measure(
    "validity",
    "mean(1 - quarantined / read, 1 - frozen / bars, 1 - outliers / bars, "
    "1 - sudden / bars, 1 - regime outliers / bars with a regime, "
    "1 - odd / rows scored, 1 - frozen feed / ticks, 1 - far / ticks)",
    _parts,
)
