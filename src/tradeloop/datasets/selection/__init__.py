"""Which features a model gets: fitted on training rows, with the reasons recorded."""

from tradeloop.datasets.selection.clusters import (
    clusters,
    correlations,
    representatives,
)
from tradeloop.datasets.selection.information import (
    information_gain,
    mutual_information,
)
from tradeloop.datasets.selection.scores import Scores, score
from tradeloop.datasets.selection.select import Dropped, Selection, select
from tradeloop.datasets.selection.settings import SelectionRule
from tradeloop.datasets.selection.stability import Stability, stability

__all__ = [
    "Dropped",
    "Scores",
    "Selection",
    "SelectionRule",
    "Stability",
    "clusters",
    "correlations",
    "information_gain",
    "mutual_information",
    "representatives",
    "score",
    "select",
    "stability",
]
