"""The measured rate: of two real processes, and what is said of it."""

import json
import os
import socket
import time
from pathlib import Path

import pytest
import torch.multiprocessing

from shipworthy.core.finding import Level
from shipworthy.train.lightning.processes import join, leave
from shipworthy.train.network.rate import MEGABYTES, ROUNDS, all_reduce_rate, finding, measured, sentence
from shipworthy.train.network.schema import Network

LINK = Network(link_gbit=100.0, least_share=0.3)


@pytest.mark.parametrize(
    ("rate", "level", "words"),
    [
        (30.0, Level.OK, "30.0 Gbit/s over 4 processes, 30% of the link's 100"),
        (29.9, Level.WARNING, "29.9 Gbit/s over 4 processes, only 29.9% of the link's 100: is network.interface"),
        (0.01, Level.WARNING, "only 0.01% of the link's 100"),
        (140.0, Level.OK, "140% of the link's 100"),
    ],
)
def test_a_rate_far_below_the_links_is_warned_of(rate, level, words):
    found = finding(rate, 4, LINK)
    assert found.level is level
    assert words in found.said
    said = sentence(rate, 4, LINK)
    assert said.startswith("warning: all-reduce: " if level is Level.WARNING else "all-reduce: ")
    assert words in said


def test_without_a_known_link_nothing_is_compared():
    found = finding(0.001, 2, Network())
    assert found.level is Level.OK
    assert "compared with nothing" in found.said


def exchange(rank: int, port: int, folder: Path) -> None:
    """What each of two processes does: the second of two measurements, and how long it took."""
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), WORLD_SIZE="2", GLOO_SOCKET_IFNAME="lo")
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank))
    torch.set_num_threads(1)
    join(60.0)
    all_reduce_rate()
    begun = time.monotonic()
    rate = all_reduce_rate()
    told = {"rate": rate, "seconds": time.monotonic() - begun, "measured": measured}
    (folder / f"{rank}.json").write_text(json.dumps(told))
    leave()


def test_two_processes_measure_what_they_exchange(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    torch.multiprocessing.spawn(exchange, (port, tmp_path), nprocs=2)
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    # Of two processes, each sends and receives the whole size once a round.
    overall = (ROUNDS + 1) * MEGABYTES * 8e-3 / first["seconds"]
    assert 1 / 4 < first["rate"] / overall < 4
    assert 1 / 4 < first["rate"] / second["rate"] < 4
    assert len(first["measured"]) == 2
    assert first["measured"][-1] == first["rate"]
