"""``/api/v1/training-data``: one decision's row, features, datasets and outcomes."""

from typing import Any

from fastapi import APIRouter, Request

from tradeloop.apps.api import answers
from tradeloop.apps.api.wire import (
    CollectAnswer,
    CollectRequest,
    DatasetInfo,
    EngineerAnswer,
    EngineerRequest,
    LabelAnswer,
    LabelRequest,
)
from tradeloop.clock import NS_PER_MINUTE
from tradeloop.events import DatasetType
from tradeloop.pipelines.collect import Collector
from tradeloop.pipelines.collected import Include
from tradeloop.pipelines.engineer import engineer

router = APIRouter(prefix="/api/v1/training-data", tags=["training data"])


def _collector(request: Request) -> Collector:
    collector: Collector = request.app.state.collector
    return collector


@router.post("/collect", response_model=CollectAnswer)
def collect(request: Request, asked: CollectRequest) -> Any:
    """Gather what was known at a captured decision, label it, store the row.

    Sentiment is null: no source of sentiment is connected.
    """
    include = Include(
        ticks=asked.include_tick_data,
        market=asked.include_market_context,
        lookback_ns=_minutes(asked.lookback_minutes),
        lookahead_ns=_minutes(asked.lookahead_minutes),
    )
    return answers.collected(_collector(request).collect(asked.decision_id, include))


@router.post("/engineer-features", response_model=EngineerAnswer)
def engineer_features(asked: EngineerRequest) -> Any:
    """Compute features of bars that come along, with what the decision could know."""
    bars, interval_ns = answers.raw_bars(asked.raw_data)
    wanted = [name.removeprefix("market_") for name in asked.feature_types]
    found = engineer(
        bars,
        interval_ns,
        decision_ns=answers.ns_of(asked.decision_context.decision_timestamp),
        categories=wanted,
        normalization=asked.normalization_method,
    )
    return answers.engineered(found)


@router.get("/datasets/{dataset_type}", response_model=list[DatasetInfo])
def datasets(request: Request, dataset_type: DatasetType) -> Any:
    """List the versions of a type of dataset, newest first."""
    found = _collector(request).datasets(dataset_type)
    return [answers.dataset_info(record) for record in found]


@router.post("/label-outcome", response_model=LabelAnswer)
def label_outcome(request: Request, asked: LabelRequest) -> Any:
    """Grade a captured decision by what the market did after it."""
    horizon_ns = _minutes(asked.horizon_minutes)
    return answers.labelled(_collector(request).label(asked.decision_id, horizon_ns))


def _minutes(count: int | None) -> int | None:
    return None if count is None else count * NS_PER_MINUTE
