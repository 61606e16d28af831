"""What is refused before a submission, against the partitions that a real Slurm listed."""

from dataclasses import replace
from pathlib import Path

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.launch.checks import Request, check_account, check_partition
from shipworthy.launch.records import partitions_of

RECORDED = Path(__file__).parent / "recorded"
PARTITIONS = partitions_of((RECORDED / "partitions.txt").read_text(), (RECORDED / "nodes.txt").read_text())


def refusal(request, partitions=PARTITIONS):
    with pytest.raises(UsageError) as caught:
        check_partition(request, partitions)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.mark.parametrize(
    "fits",
    [
        Request(),
        Request(partition="low", nodes=2, tasks_per_node=2, cpus_per_task=2, gpus_per_node=2, mem_gb=7.8),
        Request(partition="low,high", timeout_min=100000),
    ],
)
def test_what_fits(fits):
    check_partition(fits, PARTITIONS)


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (Request(partition="hihg"), "no partition 'hihg' on this cluster: did you mean high? There are main, low"),
        (Request(partition="gpu"), "There is no partition 'gpu' on this cluster: there are main, low, high."),
        (Request(partition="low,nope"), "There is no partition 'nope'"),
        (Request(gpus_per_node=3), "A node of partition main has at most 2 GPUs, not 3: set hydra.launcher"),
        (Request(nodes=3), "hydra.launcher.nodes=3, but a job can have at most 2 nodes of partition main"),
        (Request(tasks_per_node=2, cpus_per_task=3), "are 6 cores, but a node of partition main has at most 4"),
        (Request(mem_gb=8), "hydra.launcher.mem_gb=8 is more than a node of partition main has (7.8)"),
    ],
)  # fmt: skip
def test_what_there_is_not(request_, sentence):
    assert sentence in refusal(request_)


def test_no_gpus_here_but_elsewhere():
    main = replace(PARTITIONS[0], nodes=tuple(replace(node, gpus=0) for node in PARTITIONS[0].nodes))
    said = refusal(Request(gpus_per_node=1), [main, *PARTITIONS[1:]])
    assert said == "A node of partition main has no GPU, not 1: take partition low or high."


def test_no_single_node_has_it_all():
    first, second = PARTITIONS[0].nodes
    main = replace(PARTITIONS[0], nodes=(replace(first, gpus=0), replace(second, cpus=1)))
    assert "at most 0 nodes of partition main with 4 cores, 1 GPU" in refusal(
        Request(gpus_per_node=1, cpus_per_task=4), [main]
    )


def test_limits_of_a_partition():
    main = replace(PARTITIONS[0], minutes=60.0, most_nodes=1)
    assert "timeout_min=61 is more than partition main allows (60 minutes)" in refusal(Request(timeout_min=61), [main])
    assert "at most 1 node of partition main" in refusal(Request(nodes=2), [main])
    assert "Partition main is not up" in refusal(Request(), [replace(main, up=False)])
    assert "no default partition" in refusal(Request(), [replace(main, default=False)])


def test_of_several_partitions_one_is_enough():
    short = replace(PARTITIONS[0], minutes=60.0)
    check_partition(Request(partition="main,low", timeout_min=61), [short, PARTITIONS[1]])
    check_partition(Request(partition="low,main", timeout_min=61), [short, PARTITIONS[1]])


def test_accounts():
    check_account(Request(account="lab"), ["lab", "root"])
    check_account(Request(), ["lab"])
    with pytest.raises(UsageError, match=r"the account 'lob': did you mean lab\? Yours: lab, root\."):
        check_account(Request(account="lob"), ["lab", "root"])
    with pytest.raises(UsageError, match="you have none on it"):
        check_account(Request(), [])


def test_the_request_is_read_from_the_script():
    script = """#!/bin/bash

# Parameters
#SBATCH --account=lab
#SBATCH --array=0-5%2
#SBATCH --cpus-per-task=4
#SBATCH --gpus-per-node=a100:2
#SBATCH --mem=16GB
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=3
#SBATCH --partition=low
#SBATCH --qos=high
#SBATCH --time=1-00:00:00
"""
    assert Request.of(script) == Request("low", "lab", "high", 2, 3, 4, 2, 16.0, 1440.0)
    assert Request.of("#!/bin/bash\ntrue\n") == Request()
    assert Request.of("#SBATCH --gres=gpu:v100:1\n#SBATCH --mem=2048\n#SBATCH --time=30\n") == Request(
        gpus_per_node=1, mem_gb=2.0, timeout_min=30
    )
