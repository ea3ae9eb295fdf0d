"""A chain at a time, slowly: dictionaries, np.polyfit, np.percentile, one contract
after another."""

from itertools import pairwise
from math import erfc, log, sqrt

import numpy as np

NS_PER_YEAR = 365 * 86_400 * 10**9
TENORS = (7, 14, 30, 60, 90)


def last_quotes(quotes, at_ns, max_age_ns):
    """The quote of the latest time of each contract, of those received by then."""
    held = {}
    known = [q for q in quotes if q["received_ns"] <= at_ns]
    for quote in sorted(known, key=lambda q: (q["received_ns"], q["event_ns"])):
        before = held.get(quote["instrument"])
        if before is None or quote["event_ns"] >= before["event_ns"]:
            held[quote["instrument"]] = quote
    fresh = (q for q in held.values() if at_ns - q["event_ns"] <= max_age_ns)
    return [q for q in fresh if q["expiry_ns"] > at_ns]


def crossing(points, delta, last):
    """Volatility where the delta of a call falls through a value."""
    found = None
    for (near, low), (far, high) in pairwise(points):
        if near >= delta >= far and near > far:
            found = low + (high - low) * (near - delta) / (near - far)
            if not last:
                break
    return found


def smile(quotes, at_ns):
    """Describe one expiry; None where the strikes do not tell."""
    forward = max(quotes, key=lambda q: q["event_ns"])["underlying_price"]
    years = (quotes[0]["expiry_ns"] - at_ns) / NS_PER_YEAR
    by_strike = {}
    for q in quotes:
        outside = (q["right"] == "call") == (q["strike"] >= forward)
        if outside or q["strike"] not in by_strike:
            by_strike[q["strike"]] = q["mark_iv"]
    strikes = sorted(by_strike)
    k = [log(strike / forward) for strike in strikes]
    iv = [by_strike[strike] for strike in strikes]
    enclosed = k[0] <= 0.0 <= k[-1]
    found = {"years": years, "atm": None, "fit": None, "call": None, "put": None}
    if enclosed:
        found["atm"] = float(np.interp(0.0, k, iv))
        if len(k) >= 3:
            curve, slope, level = np.polyfit(k, iv, 2)
            found["fit"] = (level, slope, 2 * curve)
    points = []
    for x, volatility in zip(k, iv, strict=True):
        spread = volatility * sqrt(years)
        points.append((erfc((x / spread - spread / 2) / sqrt(2)) / 2, volatility))
    found["call"] = crossing(points, 0.25, last=False)
    found["put"] = crossing(points, 0.75, last=True)
    return found


def at_tenor(known, years, power):
    """A line in time between expiries: of values, or of total variances."""
    if len(known) < 1 or not known[0][0] <= years <= known[-1][0]:
        return None
    times = [t for t, _ in known]
    if power == 1:
        return float(np.interp(years, times, [v for _, v in known]))
    return sqrt(np.interp(years, times, [v * v * t for t, v in known]) / years)


def chain(quotes, at_ns, max_age_ns):
    """The columns of a chain; None where it does not tell."""
    fresh = last_quotes(quotes, at_ns, max_age_ns)
    found = {"contracts": len(fresh)}
    for column in ("volume", "open_interest"):
        totals = {
            right: sum(q[column] or 0.0 for q in fresh if q["right"] == right)
            for right in ("put", "call")
        }
        share = totals["put"] / totals["call"] if totals["call"] else None
        found[f"put_call_{column}"] = share
    for share in (10, 25, 50, 75, 90):
        values = [q["mark_iv"] for q in fresh]
        found[f"iv_p{share}"] = np.percentile(values, share) if values else None
    expiries = sorted({q["expiry_ns"] for q in fresh})
    smiles = [smile([q for q in fresh if q["expiry_ns"] == e], at_ns) for e in expiries]
    money = [(s["years"], s["atm"]) for s in smiles if s["atm"] is not None]
    fits = [(s["years"], s["fit"]) for s in smiles if s["fit"] is not None]
    winged = [s for s in smiles if None not in (s["call"], s["put"], s["atm"])]
    reversal = [(s["years"], s["call"] - s["put"]) for s in winged]
    fly = [(s["years"], (s["call"] + s["put"]) / 2 - s["atm"]) for s in winged]
    found["atm_iv"] = money[0][1] if money else None
    found["atm_days"] = money[0][0] * 365 if money else None
    for days in TENORS:
        found[f"iv_{days}"] = at_tenor(money, days / 365, 2)
    for place, name in enumerate(("skew_level", "skew_slope", "skew_curvature")):
        found[name] = fits[0][1][place] if fits else None
    found["skew_days"] = fits[0][0] * 365 if fits else None
    found["risk_reversal_25"] = reversal[0][1] if reversal else None
    found["butterfly_25"] = fly[0][1] if fly else None
    found["skew_slope_30"] = at_tenor([(t, f[1]) for t, f in fits], 30 / 365, 1)
    found["skew_curvature_30"] = at_tenor([(t, f[2]) for t, f in fits], 30 / 365, 1)
    found["risk_reversal_25_30"] = at_tenor(reversal, 30 / 365, 1)
    found["butterfly_25_30"] = at_tenor(fly, 30 / 365, 1)
    return found
