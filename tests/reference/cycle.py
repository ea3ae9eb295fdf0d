"""Sine and cosine of the share of a period that has passed."""

from math import cos, fmod, sin, tau

import numpy as np


def expected(columns, _name, x, period, phase=0.0):
    turns = [fmod(value + phase, period) / period for value in columns[x].tolist()]
    return {
        "sin": np.array([sin(tau * turn) for turn in turns]),
        "cos": np.array([cos(tau * turn) for turn in turns]),
    }
