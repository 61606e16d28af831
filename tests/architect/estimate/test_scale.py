"""From one size to another."""

import pytest

from shipworthy.architect.estimate.scale import Size, memory_mb, parse, time
from shipworthy.core.errors import UsageError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("data=10x", Size(data=10)),
        ("data=10x model=360m", Size(data=10, parameters=360e6)),
        ("model=1.7B,data=0.5x", Size(data=0.5, parameters=1.7e9)),
        ("model=3x", Size(times=3)),
    ],
)
def test_sizes(text: str, size: Size) -> None:
    assert parse(text) == size


@pytest.mark.parametrize("text", ["", "data=10", "model=big", "data=0x", "rows=10x", "data=10m"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="project="):
        parse(text)


def test_time_grows_with_tokens_and_operations() -> None:
    same = time(1, 1)
    assert (same.low, same.value, same.high) == (0.75, 1.0, 1.5)
    large = time(10, 4)
    assert large.value == 40
    assert large.low == pytest.approx(10 * 4**0.85 * 0.75) and large.high == pytest.approx(10 * 4**1.1 * 1.5)
    small = time(1, 0.25)
    assert small.low < small.value < small.high and small.value == 0.25


def test_memory_grows_with_the_model_but_for_the_libraries() -> None:
    assert memory_mb(1700, 700, 1).value == pytest.approx(1700)
    found = memory_mb(1700, 700, 8)
    assert found.low == pytest.approx(0.9 * (700 + 4000)) and found.high == pytest.approx(1.1 * (700 + 8000))


def test_another_model_needs_to_know_this_one() -> None:
    assert Size(parameters=360e6).model(120e6) == 3
    assert Size(times=2).model(None) == 2
    assert Size(data=3).model(None) == 1
    with pytest.raises(UsageError, match="number of parameters"):
        Size(parameters=360e6).model(None)
