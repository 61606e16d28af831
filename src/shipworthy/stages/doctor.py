"""Says what this machine, its cluster and its network lack for a run of this config; changes nothing."""

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import psutil

from shipworthy.architect.compute.machine import usable_memory
from shipworthy.core import disk, events, gpus, lock
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.finding import Finding, Level, checked
from shipworthy.core.groups import (
    DataConfig,
    EngineConfig,
    GeneralConfig,
    ModelConfig,
    NetworkConfig,
    TrackerConfig,
    TrainerConfig,
)
from shipworthy.core.lazy import Lazy
from shipworthy.core.machine import cores
from shipworthy.core.progress import say
from shipworthy.core.project import cache_folder, project_root
from shipworthy.core.workspace import Workspace
from shipworthy.data import snapshot
from shipworthy.data.schema import Data
from shipworthy.launch import doctor as cluster
from shipworthy.track.trackers.schema import Mlflow
from shipworthy.train.network import interface
from shipworthy.train.network.schema import Network

RUN_BYTES = 1e9
"""A run writes this, and of each number of its base weights:"""
NUMBER_BYTES = 12  # merged in 32 bits, in 16, and the quantized ones
CACHE_BYTES = 2e9  # downloads, or a build, that are still to come
SQLITE = "sqlite:///"
BASES, TOOLCHAINS, HARNESSES = Lazy("{model}.base"), Lazy("{engine}.toolchain"), Lazy("{general}.toolchain")


def run(
    *,
    data: DataConfig,
    model: ModelConfig,
    trainer: TrainerConfig,
    general: GeneralConfig,
    engine: EngineConfig,
    tracker: TrackerConfig,
    network: NetworkConfig,
    workspace: Workspace,
) -> None:
    """Prints one line per check.

    Raises:
        ShipworthyError: something is missing.
    """
    assert isinstance(network, Network)
    devices = int(getattr(trainer, "devices", 1))
    about: dict[str, Any] = {"data": data, "model": model, "general": general, "engine": engine, "network": network}
    about["devices"] = devices
    found = []
    for finding in chain(_machines(devices, network, about), [_tracker(tracker)], cluster.examine(project_root())):
        say(str(finding))
        found.append(finding)
    events.emit(checks=[{"level": str(one.level), "what": one.what, "said": one.said} for one in found])
    if missing := [one.what for one in found if one.level is Level.MISSING]:
        raise ShipworthyError(
            f"{len(missing)} of {len(found)} checks found something missing ({', '.join(missing)}): their lines say "
            "what to do."
        )
    say(f"nothing is missing; warnings: {sum(one.level is Level.WARNING for one in found)} of {len(found)} checks")


def _machines(devices: int, network: Network, about: dict[str, Any]) -> Iterator[Finding]:
    """This machine, or each node of the job that this process is the first of; and what the processes exchange."""
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    found = [] if several else look(**about)
    yield from found
    if several or devices > 1:
        if any(one.level is Level.MISSING and one.what in ("GPU", "network") for one in found):
            yield Finding(Level.WARNING, "all-reduce", "not timed, for what is missing above.")
            return
        from shipworthy.train.network.node_checks import check_nodes

        if not several:
            say(f"... starting {devices} processes, to time what they exchange")
        try:
            yield from check_nodes(devices, network, look if several else None, about)
        except ShipworthyError as error:
            if several:
                raise
            yield Finding(Level.MISSING, "all-reduce", str(error))


def look(
    *, data: Data, model: ModelConfig, general: GeneralConfig, engine: EngineConfig, network: Network, devices: int
) -> list[Finding]:
    """What a training and the commands after it need on the machine on which this is called."""
    found = [lock.examine(), _machine(), gpus.examine(gpus.driver(), gpus.torch_cuda(), devices)]
    found.append(checked("raw data", lambda: _raw(data)))
    numbers = 0
    fetched: list[Finding] = []
    if BASES.name(model):
        weights = BASES.load(model)
        try:
            numbers = weights.numbers(model)
            said = f"{weights.place(model)}, {weights.size(model) / 1e6:.0f} MB"
            fetched.append(Finding(Level.OK, "base weights", said))
        except ShipworthyError as error:
            fetched.append(Finding(Level.MISSING, "base weights", str(error)))
    if TOOLCHAINS.name(engine):
        toolchain = TOOLCHAINS.load(engine)
        fetched.append(checked("toolchain", lambda: f"{engine.kind} in {toolchain.locate().folder}"))
    if HARNESSES.name(general):
        harness = HARNESSES.load(general)
        fetched.append(checked("benchmarks", lambda: f"{general.kind} in {harness.locate()}"))
    to_come = any(one.level is Level.MISSING for one in fetched)
    needs = {project_root(): RUN_BYTES + NUMBER_BYTES * numbers, cache_folder(): CACHE_BYTES * to_come}
    return [*found, *fetched, *disk.examine(needs), interface.examine(network, devices)]


def _raw(data: Data) -> str:
    paths, _ = snapshot.raw(data, project_root() / snapshot.FOLDER)
    return f"{paths[0]} as pinned" if len(paths) == 1 else f"{len(paths)} files of {data.file} as pinned"


def _machine() -> Finding:
    memory, free = usable_memory(), psutil.virtual_memory().available
    return Finding(
        Level.OK, "machine", f"cores: {cores()}, memory: {memory / 1e9:.1f} GB, {min(free, memory) / 1e9:.1f} GB free"
    )


def _tracker(tracker: TrackerConfig, mounts: Path = disk.MOUNTS) -> Finding:
    if not isinstance(tracker, Mlflow) or not tracker.uri.startswith(SQLITE):
        return Finding(Level.OK, "tracker", f"{tracker.kind} {getattr(tracker, 'uri', '')}".strip())
    file = project_root() / tracker.uri.removeprefix(SQLITE)
    kind = disk.file_system(file, mounts)
    if kind in disk.SHARED:
        return Finding(
            Level.WARNING,
            "tracker",
            f"{file} is SQLite on {kind}, where several nodes that write at once can damage it: for a sweep on several "
            "nodes, serve it (`mlflow server`) and set tracker.uri=http://HOST:PORT.",
        )
    return Finding(Level.OK, "tracker", f"{tracker.kind}, {file} on {kind}")
