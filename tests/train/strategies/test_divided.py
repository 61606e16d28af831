"""Gradients, norms and updates of a network that is divided among three processes are those of one."""

import pytest

from tests.train.strategies import divided


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Case → what went wrong; all are computed by the same three processes."""
    return divided.run(tmp_path_factory.mktemp("divided"))


@pytest.mark.parametrize("case", divided.CASES)
def test_three_processes_compute_what_one_does(failed: dict[str, str], case: str) -> None:
    assert case not in failed, failed[case]
