"""Who started a run hears how far it is."""

import pytest

from shipworthy.core import events


@pytest.fixture(autouse=True)
def _nobody(monkeypatch):
    monkeypatch.setattr(events, "_listeners", [])


def test_everyone_who_feels_it_is_told():
    events.emit(step=1)
    one, other = [], []
    events.subscribe(one.append)
    events.emit(step=2, steps=3)
    events.subscribe(other.append)
    events.emit(metric=0.5)
    assert one == [{"step": 2, "steps": 3}, {"metric": 0.5}]
    assert other == [{"metric": 0.5}]
