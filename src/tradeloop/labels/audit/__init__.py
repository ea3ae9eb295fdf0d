"""How good labels are: agreement, noise, stability, maturity, drift; pure and exact."""

from tradeloop.labels.audit.agreement import Agreement, agreement, kappa, signs
from tradeloop.labels.audit.drift import Alarms, ClassDrift, drift
from tradeloop.labels.audit.maturity import Maturity, maturity
from tradeloop.labels.audit.noise import NoiseAudit, check_out_of_fold, noise
from tradeloop.labels.audit.overlap import rows_spanned, uniqueness
from tradeloop.labels.audit.report import LabelAudit, audit
from tradeloop.labels.audit.stability import Stability, stability, tick_sizes

__all__ = [
    "Agreement",
    "Alarms",
    "ClassDrift",
    "LabelAudit",
    "Maturity",
    "NoiseAudit",
    "Stability",
    "agreement",
    "audit",
    "check_out_of_fold",
    "drift",
    "kappa",
    "maturity",
    "noise",
    "rows_spanned",
    "signs",
    "stability",
    "tick_sizes",
    "uniqueness",
]
