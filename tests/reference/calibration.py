"""Calibration by a general minimiser on the formula as written."""

import numpy as np
from scipy.optimize import minimize


def penalised_loss(slope, shift, probabilities, classes, rates, ridge):
    """Log loss of softmax(log r + a (log p - log r) + c), plus the ridge."""
    total = ridge / 2 * (slope**2 + sum(value**2 for value in shift))
    for row, came in zip(probabilities, classes, strict=True):
        logits = np.log(rates) + slope * (np.log(row) - np.log(rates)) + shift
        total += np.log(np.exp(logits).sum()) - logits[came]
    return total


def calibration_oracle(probabilities, classes, rates, ridge):
    """Slope and biases at the minimum with slope >= 0."""
    found = minimize(
        lambda at: penalised_loss(at[0], at[1:], probabilities, classes, rates, ridge),
        np.zeros(4),
        method="L-BFGS-B",
        bounds=[(0, None), (None, None), (None, None), (None, None)],
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 1000},
    )
    slope, shift = found.x[0], found.x[1:]
    return slope, (1 - slope) * np.log(rates) + shift
