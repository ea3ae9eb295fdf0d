"""Fixtures that several floors share."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# A busy machine makes no test fail: how long things take is for the benchmark to say.
settings.register_profile(
    "tradeloop", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tradeloop")


@pytest.fixture(scope="session")
def market_data() -> Path:
    """Folder of the real market data; where it is absent the test says so."""
    folder = ROOT.parent / "shared" / "data"
    if not (folder / "README.md").is_file():
        pytest.skip(f"the real market data is not at {folder}")
    return folder
