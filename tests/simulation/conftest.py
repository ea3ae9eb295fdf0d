"""Markets that are made once."""

import pytest

from simulation.made import small, strong
from tradeloop.simulation import simulate


@pytest.fixture(scope="session")
def fx():
    return small("fx", days=0.5)


@pytest.fixture(scope="session")
def crypto():
    return small("crypto", days=0.01)


@pytest.fixture(scope="session")
def edge():
    """Four days with an edge strong enough to be measured."""
    return simulate(strong(1.0), days=4.0, seed=11)


@pytest.fixture(scope="session")
def honest():
    return simulate(strong(0.08), days=4.0, seed=11)


@pytest.fixture(scope="session")
def edgeless():
    return simulate(strong(0.0), days=4.0, seed=11)
