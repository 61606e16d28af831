"""What the driver tells of a GPU at work."""

import pytest
import torch

from shipworthy.core import gpus

pytestmark = pytest.mark.gpu


def test_a_reading_shows_the_memory_and_the_power_of_a_gpu_at_work() -> None:
    with gpus.gauges() as read:
        before = read()[0]
        matrix = torch.ones(8192, 8192, device="cuda")
        for _ in range(200):
            matrix = (matrix @ matrix) / 8192
        torch.cuda.synchronize()
        after = read()[0]
    assert len(gpus.visible(torch.cuda.device_count())) == torch.cuda.device_count()
    assert before["memory_mb"] is not None and after["memory_mb"] is not None
    assert after["memory_mb"] > before["memory_mb"] + 200
    assert after["utilisation"] is not None and 0 <= after["utilisation"] <= 100
    assert after["power_w"] is None or after["power_w"] > 1
