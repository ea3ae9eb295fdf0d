"""The enumerations of the contract."""

from enum import StrEnum


class DecisionOutcome(StrEnum):
    """Outcome class of a decision by its outperformance in bps."""

    EXCELLENT = "EXCELLENT"
    GOOD = "GOOD"
    NEUTRAL = "NEUTRAL"
    POOR = "POOR"
    BAD = "BAD"


class MarketRegime(StrEnum):
    """State of the market as known at the decision."""

    TRENDING_UP = "TRENDING_UP"
    TRENDING_DOWN = "TRENDING_DOWN"
    SIDEWAYS = "SIDEWAYS"
    HIGH_VOLATILITY = "HIGH_VOLATILITY"
    LOW_VOLATILITY = "LOW_VOLATILITY"
    CRISIS = "CRISIS"


class DatasetType(StrEnum):
    """What a dataset is made to teach."""

    SIGNAL_GENERATION = "SIGNAL_GENERATION"
    RISK_PREDICTION = "RISK_PREDICTION"
    EXECUTION_OPTIMIZATION = "EXECUTION_OPTIMIZATION"
    MARKET_PREDICTION = "MARKET_PREDICTION"
    PORTFOLIO_OPTIMIZATION = "PORTFOLIO_OPTIMIZATION"


class DecisionState(StrEnum):
    """Where a received decision stands; each stands in exactly one."""

    LABELLED = "labelled"
    PENDING = "pending"
    CENSORED = "censored"
    QUARANTINED = "quarantined"


class SignalType(StrEnum):
    """What a signal says to do."""

    BUY = "BUY"
    SELL = "SELL"
    HOLD = "HOLD"
