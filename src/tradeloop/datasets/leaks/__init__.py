"""A public corpus of planted leaks, each with a clean twin.

>>> from tradeloop.datasets import leaks
>>> market = leaks.scene(seed=1)
>>> planted = leaks.ALL[0].plant(market, seed=2, size=0.4, place=0.7)
>>> planted.certify().passed
False
>>> leaks.ALL[0].clean(market, seed=2, size=0.4, place=0.7).certify().passed
True

Judge another leak detector by the same datasets: a `Specimen` holds the dataset, its
folds, the bars and the functions that made it. Everything is simulated.
"""

from tradeloop.datasets.leaks.fits import ALL as _FITS
from tradeloop.datasets.leaks.folds import ALL as _FOLDS
from tradeloop.datasets.leaks.joins import ALL as _JOINS
from tradeloop.datasets.leaks.leak import Leak, Where
from tradeloop.datasets.leaks.looking_ahead import ALL as _LOOKING_AHEAD
from tradeloop.datasets.leaks.outcomes import ALL as _OUTCOMES
from tradeloop.datasets.leaks.scene import Scene, Specimen, scene
from tradeloop.datasets.leaks.sources import ALL as _SOURCES
from tradeloop.datasets.leaks.whole_sample import ALL as _WHOLE_SAMPLE

ALL: tuple[Leak, ...] = (
    *_LOOKING_AHEAD,
    *_WHOLE_SAMPLE,
    *_JOINS,
    *_FOLDS,
    *_FITS,
    *_OUTCOMES,
    *_SOURCES,
)

__all__ = ["ALL", "Leak", "Scene", "Specimen", "Where", "scene"]
