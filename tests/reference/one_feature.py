"""How tests of microstructure run one feature on columns given by name."""

import numpy as np

from tradeloop.features.bank import Bank
from tradeloop.features.checks import run_history

SECOND = 1_000_000_000
DAY = 18_000.0


def values(feature, columns):
    bank = Bank([feature])
    found = run_history(bank, np.array([columns[name] for name in bank.inputs], float))
    names = feature.family.kernel.outputs
    return dict(zip(names, found, strict=True))
