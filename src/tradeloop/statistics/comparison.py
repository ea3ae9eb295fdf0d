"""Tell a model that is better than the benchmark from the luckiest of many."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import InputError, MissingExtraError
from tradeloop.statistics.samples import Floats, at_least, finite_rows


@dataclass(frozen=True, slots=True)
class SpaResult:
    """P-values of "no model is better than the benchmark".

    Parameters
    ----------
    lower, consistent, upper : float
        They differ in which bad models may weigh on the test: the upper one counts
        all (White's reality check), the lower one none; quote the consistent one.
    """

    lower: float
    consistent: float
    upper: float


def _mean_variance(differences: Floats, block_rows: int) -> Floats:
    """Variance of ``sqrt(n) mean`` under the stationary bootstrap, per column."""
    n = len(differences)
    centred = differences - differences.mean(axis=0)
    size = 2 ** int(np.ceil(np.log2(2 * n)))
    power = np.abs(np.fft.rfft(centred, size, axis=0)) ** 2
    covariances = np.fft.irfft(power, size, axis=0)[:n] / n
    lag = np.arange(n)
    stay = 1 - 1 / block_rows
    weights = (1 - lag / n) * stay**lag + (lag / n) * stay ** (n - lag)
    weights[1:] *= 2
    weights[0] = 1.0
    return np.asarray(weights @ covariances, dtype=np.float64)


def superior_predictive_ability(
    losses_benchmark: ArrayLike,
    losses_models: ArrayLike,
    *,
    block_rows: int,
    seed: int,
    repeats: int = 1000,
) -> SpaResult:
    """Hansen's test of superior predictive ability, studentised.

    The loss differences of each model are divided by their long-run deviation before
    the bootstrap, because `arch.bootstrap.SPA` itself uses the deviation only to choose
    which models to recentre. So no model dominates the maximum by its scale alone.

    Parameters
    ----------
    losses_benchmark : array_like of shape (n_rows,)
        Loss per row in time order, lower is better; at least 3.
    losses_models : array_like of shape (n_rows, n_models)
        Losses of the models on the same rows. A model with the very losses of the
        benchmark is no rival and is left out; with no rival every p-value is 1.
    block_rows : int
        Mean length of a block in rows, at least 1.
    seed : int
        Seed of the generator: the same seed gives the same p-values.
    repeats : int
        Number of resamples.

    Raises
    ------
    InputError
        A loss is not finite, the shapes differ, there are too few rows, or a model
        differs from the benchmark by a constant other than 0.
    MissingExtraError
        The ``arch`` package is not installed.

    References
    ----------
    Hansen (2005), JBES 23(4), 365-380; Politis and Romano (1994), JASA 89.
    """
    try:
        from arch.bootstrap import SPA  # noqa: PLC0415
    except ImportError as missing:
        raise MissingExtraError("arch", "models") from missing
    block = at_least(block_rows, 1, name="block_rows")
    at_least(repeats, 2, name="repeats")
    differences = _differences(losses_benchmark, losses_models)
    if not differences.shape[1]:
        return SpaResult(1.0, 1.0, 1.0)
    # Rows that cancel one another may round a variance down to 0 or below.
    least = np.finfo(np.float64).eps * differences.var(axis=0)
    scaled = differences / np.sqrt(
        np.maximum(_mean_variance(differences, block), least)
    )
    generator = np.random.default_rng(seed)
    zero = np.zeros(len(scaled))
    test = SPA(zero, -scaled, block_size=block, reps=repeats, seed=generator)
    test.compute()
    found = test.pvalues
    return SpaResult(
        lower=float(found["lower"]),
        consistent=float(found["consistent"]),
        upper=float(found["upper"]),
    )


def _differences(losses_benchmark: ArrayLike, losses_models: ArrayLike) -> Floats:
    """Benchmark less model, without the models that are the benchmark itself."""
    base = finite_rows(losses_benchmark, name="losses_benchmark", at_least=3)
    models = finite_rows(losses_models, name="losses_models", at_least=3, axes=2)
    if len(models) != len(base) or models.shape[1] == 0:
        raise InputError(
            f"losses_models must have {len(base)} rows and at least one model, had the "
            f"shape {models.shape}.",
            way_out="Give one column per model, on the rows of the benchmark.",
            source="losses_models",
        )
    found: Floats = base[:, None] - models
    rounding = 1e-12 * max(float(np.abs(base).max()), float(np.abs(models).max()))
    flat = np.ptp(found, axis=0) <= rounding
    constant = flat & (np.abs(found[0]) > rounding)
    if constant.any():
        model = int(constant.argmax())
        raise InputError(
            f"The loss of model {model} must not differ by the same amount on every "
            f"row, was {found[0, model]}.",
            way_out="Give losses per row, not averages.",
            source="losses_models",
        )
    return found[:, ~flat]
