"""A chain as it was known at a time: compiled, one definition for history and live.

Contracts lie in slots: ``held`` is (n_slots, 6) with `HELD`, ``stamps`` (n_slots, 2)
with expiry and time of the last quote. ``order`` lists the slots by expiry, strike and
right; sums run in that order, so the numbers of the slots change no bit.
"""

from math import exp, log, nan

import numpy as np
from numpy.typing import NDArray

from tradeloop.features.options.inversion import implied_volatility
from tradeloop.features.options.pricing import DAYS_PER_YEAR, NS_PER_YEAR
from tradeloop.features.options.smile import at_the_money, parabola, wings
from tradeloop.fold import Float, inline

NEVER = -(2**63)
HELD = ("strike", "right", "iv", "forward", "volume", "open_interest")
QUOTE = (
    "bid",
    "ask",
    "mark",
    "bid_iv",
    "ask_iv",
    "mark_iv",
    "underlying_price",
    "interest_rate",
    "volume",
    "open_interest",
)
SMILE = (
    "years",
    "forward",
    "strikes",
    "atm_iv",
    "skew_level",
    "skew_slope",
    "skew_curvature",
    "risk_reversal_25",
    "butterfly_25",
)
PERCENTILES = (0.10, 0.25, 0.50, 0.75, 0.90)
TENORS = (7, 14, 30, 60, 90)
AT_30 = ("skew_slope", "skew_curvature", "risk_reversal_25", "butterfly_25")
COLUMNS = (
    "contracts",
    "put_call_volume",
    "put_call_open_interest",
    *(f"iv_p{100 * share:.0f}" for share in PERCENTILES),
    "atm_iv",
    "atm_days",
    *(f"iv_{days}" for days in TENORS),
    "skew_level",
    "skew_slope",
    "skew_curvature",
    "skew_days",
    "risk_reversal_25",
    "butterfly_25",
    *(f"{name}_30" for name in AT_30),
)
Stamps = NDArray[np.int64]
Basis = tuple[float, float]
"""1.0 where prices are in units of the underlying; 1.0 where that is a forward."""

_FIRST_PERCENTILE, _FIRST_TENOR = 3, 10
_SKEW, _WINGS, _LATE = 15, 19, 21


@inline
def _price(bid: float, ask: float, mark: float) -> float:
    """Return the mark, else the mid of a quote with both sides, else NaN."""
    if mark > 0.0:
        return mark
    return 0.5 * (bid + ask) if bid > 0.0 and ask > 0.0 else nan


@inline
def _volatility(
    quote: Float, strike: float, right: float, years: float, basis: Basis
) -> float:
    """Return what the source says of the mark, else of bid and ask, else of a price."""
    if quote[5] > 0.0:
        return quote[5]  # type: ignore[no-any-return]
    if quote[3] > 0.0 and quote[4] > 0.0:
        return 0.5 * (quote[3] + quote[4])  # type: ignore[no-any-return]
    spot, rate = quote[6], quote[7]
    price = _price(quote[0], quote[1], quote[2])
    if basis[0] > 0.0:
        price *= spot
    dividend = rate if basis[1] > 0.0 else 0.0
    found, _ = implied_volatility(spot, strike, years, rate, dividend, price, right)
    return found  # type: ignore[no-any-return]


@inline
def absorb(
    held: Float, stamps: Stamps, slot: int, quote: Float, at_ns: int, basis: Basis
) -> None:
    """Put a quote, laid out as `QUOTE`, in its slot, unless a later one is there."""
    if at_ns < stamps[slot, 1]:
        return
    stamps[slot, 1] = at_ns
    years = (stamps[slot, 0] - at_ns) / NS_PER_YEAR
    held[slot, 2] = _volatility(quote, held[slot, 0], held[slot, 1], years, basis)
    growth = 1.0 if basis[1] > 0.0 else exp(quote[7] * years)
    held[slot, 3] = quote[6] * growth
    held[slot, 4], held[slot, 5] = quote[8], quote[9]


@inline
def _counts(stamps: Stamps, slot: int, at_ns: int, max_age_ns: int) -> bool:
    last = stamps[slot, 1]
    return last != NEVER and stamps[slot, 0] > at_ns and at_ns - last <= max_age_ns  # type: ignore[no-any-return]


@inline
def _percentiles(values: Float, row: Float) -> None:
    """Percentiles by a line between neighbours, as NumPy has them."""
    values, n = np.sort(values), values.size
    for j in range(len(PERCENTILES)):
        place = PERCENTILES[j] * (n - 1)
        low = int(place)
        high = min(low + 1, n - 1)
        row[_FIRST_PERCENTILE + j] = (
            values[low] + (values[high] - values[low]) * (place - low) if n > 0 else nan
        )


@inline
def _totals(
    held: Float, stamps: Stamps, order: Stamps, at_ns: int, max_age_ns: int, row: Float
) -> None:
    """Count, ratios and percentiles over all contracts with a fresh quote."""
    calls, puts, known = np.zeros(2), np.zeros(2), np.empty(order.size)
    n = 0
    for slot in order:
        if not _counts(stamps, slot, at_ns, max_age_ns):
            continue
        side = calls if held[slot, 1] > 0.0 else puts
        for j in range(2):
            amount = held[slot, 4 + j]
            side[j] += amount if amount == amount else 0.0
        if held[slot, 2] > 0.0:
            known[n] = held[slot, 2]
            n += 1
    row[0] = n
    for j in range(2):
        row[1 + j] = puts[j] / calls[j] if calls[j] > 0.0 else nan
    _percentiles(known[:n], row)


@inline
def _forward(held: Float, stamps: Stamps, slots: Stamps) -> float:
    """Return the forward of the expiry's last quote that brings one."""
    last, found = NEVER, nan
    for slot in slots:
        if held[slot, 3] > 0.0 and stamps[slot, 1] >= last:
            last, found = stamps[slot, 1], held[slot, 3]
    return found


@inline
def _smile(
    held: Float, stamps: Stamps, slots: Stamps, at_ns: int, smile: Float
) -> None:
    """Describe one expiry; of two contracts on a strike, the one out of the money."""
    years = (stamps[slots[0], 0] - at_ns) / NS_PER_YEAR
    forward = _forward(held, stamps, slots)
    k, iv, n, last = np.empty(slots.size), np.empty(slots.size), 0, nan
    for slot in slots:
        strike = held[slot, 0]
        if not (held[slot, 2] > 0.0 and forward > 0.0):
            continue
        outside = (strike >= forward) == (held[slot, 1] > 0.0)
        if strike != last:
            n, last = n + 1, strike
            k[n - 1], iv[n - 1] = log(strike / forward), held[slot, 2]
        elif outside:
            iv[n - 1] = held[slot, 2]
    atm = at_the_money(k, iv, n)
    smile[0], smile[1], smile[2], smile[3] = years, forward, n, atm
    smile[4], smile[5], smile[6] = parabola(k, iv, n)
    smile[7], smile[8] = wings(k, iv, n, years, atm)


@inline
def _smiles(
    held: Float,
    stamps: Stamps,
    order: Stamps,
    at_ns: int,
    max_age_ns: int,
    smiles: Float,
) -> int:
    """Describe every expiry with a fresh quote, near ones first; return their count."""
    fresh, m = np.empty(order.size, np.int64), 0
    for slot in order:
        if _counts(stamps, slot, at_ns, max_age_ns):
            fresh[m] = slot
            m += 1
    found = start = 0
    for j in range(1, m + 1):
        if j == m or stamps[fresh[j], 0] != stamps[fresh[start], 0]:
            _smile(held, stamps, fresh[start:j], at_ns, smiles[found])
            found, start = found + 1, j
    return found


@inline
def _between(smiles: Float, n: int, column: int, years: float, power: int) -> float:
    """Value of a column at a time to expiry, by a line in time; NaN outside.

    With power 2 the line is one of total variance: squares times time.
    """
    before = -1
    for j in range(n):
        right = smiles[j, column]
        if right != right:
            continue
        if smiles[j, 0] == years:
            return right  # type: ignore[no-any-return]
        if smiles[j, 0] < years:
            before = j
            continue
        if before < 0:
            return nan
        left, near, far = smiles[before, column], smiles[before, 0], smiles[j, 0]
        share = (years - near) / (far - near)
        if power == 1:
            return left + (right - left) * share  # type: ignore[no-any-return]
        left, right = left * left * near, right * right * far
        return np.sqrt((left + (right - left) * share) / years)  # type: ignore[no-any-return]
    return nan


@inline
def _surface(smiles: Float, n: int, row: Float) -> None:
    """Columns of the nearest expiries, and of fixed times to expiry."""
    row[8:] = nan
    for j in range(n - 1, -1, -1):
        days = smiles[j, 0] * DAYS_PER_YEAR
        if smiles[j, 3] == smiles[j, 3]:
            row[8], row[9] = smiles[j, 3], days
        if smiles[j, 4] == smiles[j, 4]:
            row[_SKEW : _SKEW + 3], row[_SKEW + 3] = smiles[j, 4:7], days
        if smiles[j, 8] == smiles[j, 8]:
            row[_WINGS : _WINGS + 2] = smiles[j, 7:9]
    for j in range(len(TENORS)):
        years = TENORS[j] / DAYS_PER_YEAR
        row[_FIRST_TENOR + j] = _between(smiles, n, 3, years, 2)
    for j in range(len(AT_30)):
        row[_LATE + j] = _between(smiles, n, 5 + j, 30 / DAYS_PER_YEAR, 1)


@inline
def observe(
    held: Float,
    stamps: Stamps,
    order: Stamps,
    at_ns: int,
    max_age_ns: int,
    row: Float,
    smiles: Float,
) -> int:
    """Fill ``row`` with `COLUMNS` and ``smiles`` with `SMILE`; return the expiries."""
    _totals(held, stamps, order, at_ns, max_age_ns, row)
    n = _smiles(held, stamps, order, at_ns, max_age_ns, smiles)
    _surface(smiles, n, row)
    return n  # type: ignore[no-any-return]
