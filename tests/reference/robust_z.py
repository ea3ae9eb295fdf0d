"""The robust z of a return by those before it, row by row, as it is written down."""

import math
from statistics import fmean, median


def robust_z(returns, width=101, least=20):
    found, past = [], []
    for x in returns:
        if math.isnan(x):
            found.append(math.nan)
            continue
        if len(past) < least:
            found.append(math.nan)
        else:
            centre = median(past)
            away = sorted(abs(r - centre) for r in past)
            # Of two middle distances the lower one.
            mad = away[(len(away) - 1) // 2] if len(away) % 2 == 0 else median(away)
            scale = max(1.4826 * mad, 1.2533 * fmean(away) / 4)
            found.append((x - centre) / scale if scale > 0 else math.nan)
        past = [*past, x][-width:]
    return found
