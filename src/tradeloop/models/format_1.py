"""The first format of a model: one booster, three files and ``model.json``.

Read, never written: what was registered once stays readable.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tradeloop.models.boosting import Boosting
from tradeloop.models.meta import MemberMeta, Meta

FORMAT = "tradeloop-model-1"
NATIVE, ONNX = "model.ubj", "model.onnx"
HASHED = frozenset((NATIVE, ONNX, "calibration.json"))


def upgraded(found: Mapping[str, Any]) -> Meta:
    """Return the description in today's words; what was not written then is empty.

    Raises
    ------
    ArtefactError
        Other classes than down, flat and up.
    KeyError, TypeError, ValueError, InputError
        A field is missing, unknown or of another type.
    """
    if found["estimator"] != Boosting.name:
        raise ValueError(f"the estimator is {found['estimator']!r}")
    parity = float(found["parity"])
    member = MemberMeta(Boosting.name, Boosting.name, 1.0, 1, parity)
    later = {
        "members": [asdict(member)],
        "calibration": "shrunk",
        "parent": "",
        "input_ranges": {},
        "training_rows": 0,
        "training_period_ns": None,
        "metrics": {},
        "environment": {},
        "code_version": "",
    }
    if set(found) & set(later):
        raise ValueError(f"it has fields of a later format: {sorted(found)}")
    return Meta.from_mapping({**found, **later})
