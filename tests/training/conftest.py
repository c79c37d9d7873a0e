import pytest
from training_tools import NUMERICS


@pytest.fixture
def fixed_numerics(monkeypatch):
    """Without the probe, whose answer on a busy machine may differ from one run to the next."""
    monkeypatch.setattr("polydistill.training.numerics.remembered", lambda width: NUMERICS)
