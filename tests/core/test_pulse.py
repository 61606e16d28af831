"""Who started a run hears how far it is."""

import pytest

from shipworthy.core import pulse


@pytest.fixture(autouse=True)
def _nobody(monkeypatch):
    monkeypatch.setattr(pulse, "_listeners", [])


def test_everyone_who_feels_it_is_told():
    pulse.tell(step=1)
    one, other = [], []
    pulse.feel(one.append)
    pulse.tell(step=2, steps=3)
    pulse.feel(other.append)
    pulse.tell(metric=0.5)
    assert one == [{"step": 2, "steps": 3}, {"metric": 0.5}]
    assert other == [{"metric": 0.5}]
