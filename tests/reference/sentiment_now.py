"""What is left of a level at a bar."""

import numpy as np


def expected(columns, level, half_life_ns):
    days = columns["day"] - columns["sentiment.day"]
    hours = days * 24 + (columns["ns_of_day"] - columns["sentiment.ns_of_day"]) / 3.6e12
    age = np.clip(hours, 0, None)
    return {
        "value": columns[level] * 0.5 ** (age * 3.6e12 / half_life_ns),
        "age_hours": age,
    }
