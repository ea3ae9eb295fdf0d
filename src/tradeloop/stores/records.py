"""What the catalog takes and gives: frozen records, one per table of the contract."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tradeloop.events import DatasetType, Principal, SignalType

Json = Mapping[str, Any]
Change = Literal["added", "changed", "unchanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRecord:
    """A dataset that lies in the lake.

    Parameters
    ----------
    dataset_id : str
        Unique within the tenant, up to 100 characters.
    dataset_type : DatasetType
        What it is made to teach.
    creation_ns : int
        When it was built, ns UTC; kept to the microsecond.
    sample_count, feature_count : int
        Rows and features.
    label_distribution : mapping of str to int
        Rows of each class.
    quality_score : float
        0 to 1.
    storage_location : str
        Path in the lake, up to 500 characters.
    feature_schema, label_schema : mapping
        Definitions, as JSON.
    """

    dataset_id: str
    dataset_type: DatasetType
    creation_ns: int
    sample_count: int
    feature_count: int
    label_distribution: Mapping[str, int]
    quality_score: float
    storage_location: str
    feature_schema: Json
    label_schema: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureDefinition:
    """A feature as it is computed.

    Parameters
    ----------
    feature_name : str
        Unique within the tenant, up to 100 characters.
    feature_type : str
        Such as ``float64``, up to 50 characters.
    feature_category : str
        Such as ``technical``, up to 50 characters.
    calculation_method : str
        Formula, with its parameters.
    normalization_method : str
        Such as ``none``, up to 50 characters.
    data_sources : tuple of str
        Inputs that it reads.
    enabled : bool
        Whether new datasets use it.
    """

    feature_name: str
    feature_type: str
    feature_category: str
    calculation_method: str
    normalization_method: str = "none"
    data_sources: tuple[str, ...] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelingRule:
    """A rule that turns an outcome into a label.

    Parameters
    ----------
    rule_name : str
        Unique within the tenant, up to 100 characters.
    rule_type : str
        Such as ``outcome``, up to 50 characters.
    criteria : mapping
        What is measured, as JSON.
    thresholds : mapping
        Bounds of the classes, as JSON.
    enabled : bool
        Whether new datasets use it.
    """

    rule_name: str
    rule_type: str
    criteria: Json
    thresholds: Json
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRecord:
    """A quality report of a dataset.

    Parameters
    ----------
    dataset_id : str
        Dataset of the same tenant.
    report_ns : int
        When it was measured, ns UTC; kept to the microsecond.
    quality_metrics, validation_results, anomaly_results, data_lineage : mapping
        The report, as JSON.
    """

    dataset_id: str
    report_ns: int
    quality_metrics: Json
    validation_results: Json = field(default_factory=dict)
    anomaly_results: Json = field(default_factory=dict)
    data_lineage: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportanceRecord:
    """How much a feature mattered, at one time, to models of one type of dataset.

    Parameters
    ----------
    at_ns : int
        When it was found out, ns UTC; kept to the microsecond.
    feature_name : str
        Up to 100 characters.
    dataset_type : DatasetType
        What the models learned from.
    importance_score : float
        Mean absolute Shapley value on rows that the models had not seen, logits.
    correlation_with_outcome, information_gain, mutual_information : float, optional
        On training rows: Pearson correlation with the class, and nats; None for a
        column that is no feature, such as one that says whether another is known.
    """

    at_ns: int
    feature_name: str
    dataset_type: DatasetType
    importance_score: float
    correlation_with_outcome: float | None = None
    information_gain: float | None = None
    mutual_information: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRecord:
    """A signal that a model gave.

    Parameters
    ----------
    symbol : str
        Instrument, up to 50 characters.
    signal_type : SignalType
        What it says to do.
    confidence : float
        Calibrated, 0 to 1.
    model_version : str
        Model and version, up to 100 characters.
    created_ns : int
        When the model gave it, ns UTC; kept to the microsecond.
    features : mapping
        The feature row that it was made from; a missing number is null.
    reasoning : str
        Why, in words.
    target_price, stop_loss, position_size : float, optional
        Quote currency; share of capital.
    expires_ns : int, optional
        After that it holds no longer, ns UTC.
    executed : bool
        Whether it was traded.
    performance : mapping, optional
        What came of it, as JSON.
    signal_key : str
        Unique within the tenant: the same key is the same signal. Empty: model version,
        symbol and time.
    """

    symbol: str
    signal_type: SignalType
    confidence: float
    model_version: str
    created_ns: int
    features: Json = field(default_factory=dict)
    reasoning: str = ""
    target_price: float | None = None
    stop_loss: float | None = None
    position_size: float | None = None
    expires_ns: int | None = None
    executed: bool = False
    performance: Json | None = None
    signal_key: str = ""

    @property
    def key(self) -> str:
        """What tells it from other signals of the tenant."""
        made = f"{self.model_version}:{self.symbol}:{self.created_ns}"
        return self.signal_key or made


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """A signal with its number in the catalog and who stored it."""

    id: int
    principal: Principal
    signal: SignalRecord
