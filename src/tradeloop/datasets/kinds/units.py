"""Every type of dataset, one line each."""

from collections.abc import Mapping
from types import MappingProxyType

from tradeloop.datasets.kinds.base import Kind
from tradeloop.datasets.kinds.execution_optimization import EXECUTION_OPTIMIZATION
from tradeloop.datasets.kinds.market_prediction import MARKET_PREDICTION
from tradeloop.datasets.kinds.portfolio_optimization import PORTFOLIO_OPTIMIZATION
from tradeloop.datasets.kinds.risk_prediction import RISK_PREDICTION
from tradeloop.datasets.kinds.signal_generation import SIGNAL_GENERATION
from tradeloop.errors import InputError
from tradeloop.events import DatasetType

ALL: Mapping[DatasetType, Kind] = MappingProxyType(
    {
        kind.dataset_type: kind
        for kind in (
            SIGNAL_GENERATION,
            RISK_PREDICTION,
            EXECUTION_OPTIMIZATION,
            MARKET_PREDICTION,
            PORTFOLIO_OPTIMIZATION,
        )
    }
)


def kind_of(dataset_type: str) -> Kind:
    """Return the kind of a dataset type.

    Raises
    ------
    InputError
        There is no such type; the known ones are named.
    """
    for known, kind in ALL.items():
        if known.value == dataset_type:
            return kind
    raise InputError(
        f"There is no dataset type {dataset_type!r}.",
        way_out=f"Known types are {', '.join(ALL)}.",
        column="dataset_type",
    )
