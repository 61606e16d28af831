"""A run's environment: machine, packages, environment variables that it may depend on, Slurm job, campaign."""

import json
import os
from typing import Any

from shipworthy.core import gpus
from shipworthy.core.identity import environment
from shipworthy.core.lock import installed
from shipworthy.core.secrets import names_one, redact

VARIABLES = (
    "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER",
    "CUDA_LAUNCH_BLOCKING",
    "CUBLAS_WORKSPACE_CONFIG",
    "NVIDIA_VISIBLE_DEVICES",
    "PYTORCH_CUDA_ALLOC_CONF",
    "TOKENIZERS_PARALLELISM",
    "RANK",
    "LOCAL_RANK",
    "WORLD_SIZE",
    "LANG",
    "LC_ALL",
    "TZ",
)
FAMILIES = ("OMP_", "MKL_", "KMP_", "OPENBLAS_", "NCCL_", "GLOO_", "PYTHON", "SHIPWORTHY_")
"""Prefixes of variables' names."""
SLURM = {
    "job": "SLURM_JOB_ID",
    "array": "SLURM_ARRAY_JOB_ID",
    "task": "SLURM_ARRAY_TASK_ID",
    "name": "SLURM_JOB_NAME",
    "cluster": "SLURM_CLUSTER_NAME",
    "partition": "SLURM_JOB_PARTITION",
    "account": "SLURM_JOB_ACCOUNT",
    "qos": "SLURM_JOB_QOS",
    "nodes": "SLURM_JOB_NODELIST",
    "node": "SLURMD_NODENAME",
    "tasks": "SLURM_NTASKS",
    "cpus_per_task": "SLURM_CPUS_PER_TASK",
    "memory_per_node_mb": "SLURM_MEM_PER_NODE",
    "gpus": "SLURM_JOB_GPUS",
    "restarts": "SLURM_RESTART_COUNT",
}
"""Fact → Slurm's variable; none of the others is recorded, for Slurm hands over a key of its own as well."""


def hardware() -> dict[str, Any]:
    """Lock, Python, libraries, processor and GPUs, with the driver's version (empty: there is none)."""
    driver = gpus.driver()
    return {**environment(), "driver": driver.version if driver else ""}


def packages() -> str:
    """Every installed package, as `pip freeze` lists them: lines `name==version`, sorted."""
    found: dict[str, str] = {}
    for name, version in installed():
        found.setdefault(name.lower(), f"{name}=={version}\n")
    return "".join(line for _, line in sorted(found.items()))


def variables() -> dict[str, str]:
    """The variables that are known to change what a run does; no other one is recorded."""
    slurm = set(SLURM.values())
    return {
        name: redact(value, name)
        for name, value in sorted(os.environ.items())
        if (name in VARIABLES or name in slurm or name.startswith(FAMILIES)) and not names_one(name)
    }


def slurm() -> dict[str, str] | None:
    """What Slurm says of the job that this process belongs to; None outside of one."""
    if "SLURM_JOB_ID" not in os.environ:
        return None
    return {fact: redact(os.environ[name]) for fact, name in SLURM.items() if os.environ.get(name)}


def campaign() -> dict[str, Any] | None:
    """The campaign that this run is a trial of, as its worker says; None if it is of none."""
    name, trial = os.environ.get("SHIPWORTHY_CAMPAIGN"), os.environ.get("SHIPWORTHY_TRIAL")
    return {"name": name, "trial": int(trial)} if name and trial else None


SWEEP = "SHIPWORTHY_SWEEP"


def sweep() -> dict[str, Any] | None:
    """The sweep that this run is a job of; None if it is of none.

    `name`; `job`, its number; `overrides`, all of the job's; `common`, those that every job has; `varied`, which keys
    the others set, in words; `command`, by which to go on with it.
    """
    found: dict[str, Any] | None = json.loads(os.environ.get(SWEEP) or "null")
    return found
