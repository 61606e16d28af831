"""Killed at any moment, a run ends with the weights, the moments and the ledger of the undisturbed one.

They are spread over the moments at which a kill could hurt; the long form kills a hundred times.
"""

import multiprocessing
import os
import random
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import pytest
import torch

from shipworthy.core.artifact import MANIFEST
from shipworthy.core.files import read_json
from shipworthy.core.sources.schema import Folder
from shipworthy.models.causal_lm.schema import CausalLM
from tests.train.lightning.runs import adapter_hash, model_in, rows, run, weights

STEPS = 60
SECONDS = {1: 6.0, 2: 25.0}
"""About how long an undisturbed process runs, by the number of processes."""
pytestmark = pytest.mark.e2e


def times(kills: int) -> list[pytest.MarkDecorator]:
    """The time that so many kills may take."""
    return [pytest.mark.timeout(120 + 120 * kills)]


# Libraries are imported once, and each run is forked from there: else nine tenths of the test would be imports.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.train.lightning.runs"])


def train(cache: str, hub: str, folder: Path, devices: int, log: Path) -> None:
    """One run, in a process and a session of its own."""
    os.setsid()
    # The server forks with the environment of the test that was the first to need it.
    os.environ["SHIPWORTHY_CACHE"] = cache
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    model = CausalLM(name="tiny", licence="none", source=Folder(path=hub))
    how = {"steps": STEPS, "validate_every": 7, "checkpoint_every": 2, "validation_rows": 2, "devices": devices}
    run(model, folder, table=rows(model, 42), **how)


class Run:
    """One run, started as often as it takes."""

    def __init__(self, hub: Path, folder: Path, devices: int) -> None:
        self.hub, self.folder, self.devices = hub, folder, devices
        self.log = folder.with_suffix(".log")
        self.log.touch()
        folder.mkdir()

    def start(self) -> BaseProcess:
        cache = os.environ["SHIPWORTHY_CACHE"]
        process = FORKS.Process(target=train, args=(cache, str(self.hub), self.folder, self.devices, self.log))
        process.start()
        return process

    def finish(self) -> None:
        process = self.start()
        process.join(timeout=300)
        assert process.exitcode == 0, self.said()[-2000:]

    def said(self) -> str:
        return self.log.read_text()

    def steps(self) -> list[int]:
        return sorted(int(path.name.removeprefix("step-")) for path in self.folder.glob("step-*"))


@dataclass(frozen=True)
class Before:
    """What stood when a process was started."""

    newest: int
    validations: int
    until: float


def new(run: Run, before: Before, pattern: str) -> list[Path]:
    """What stands now of checkpoints that this process is the first to make."""
    found = ((path, int(re.findall(r"step-(\d+)", str(path))[0])) for path in run.folder.glob(pattern))
    return [path for path, step in found if step > before.newest]


def saving(run: Run, before: Before) -> bool:
    """A checkpoint is being written: its folder has not its name yet."""
    return bool(new(run, before, ".step-*.tmp"))


def renaming(run: Run, before: Before) -> bool:
    """The manifest stands, the name does not; or it has it just now."""
    return bool(new(run, before, f".step-*.tmp/{MANIFEST}") or new(run, before, "step-*"))


def validating(run: Run, before: Before) -> bool:
    """A best adapter is being written, or a validation was just made."""
    return any(run.folder.glob(".best-*")) or run.said().count("validation metric") > before.validations


def epoch_end(run: Run, before: Before) -> bool:
    """The last step of an epoch (40 rows by 4) is saved."""
    return any(int(path.name.removeprefix("step-")) % 10 == 0 for path in new(run, before, "step-*"))


def at_random(run: Run, before: Before) -> bool:
    """Any moment, start-up included."""
    return time.monotonic() > before.until


MOMENTS: list[Callable[[Run, Before], bool]] = [saving, renaming, validating, epoch_end, at_random]


def kill_until_done(run: Run, kills: int, kill: Callable[[BaseProcess], None]) -> Counter[str]:
    """Starts the run again and again, kills it at one moment or another, and lets it end at last."""
    done: Counter[str] = Counter()
    while sum(done.values()) < kills:
        moment = MOMENTS[sum(done.values()) % len(MOMENTS)]
        steps = run.steps()
        said = run.said().count("validation metric") if steps else 0
        before = Before(max(steps, default=-1), said, time.monotonic() + random.uniform(0.0, SECONDS[run.devices]))
        process = run.start()
        while process.exitcode is None and not moment(run, before):
            time.sleep(0.0005)
        if process.exitcode is not None:
            assert process.exitcode == 0, run.said()[-2000:]
            # It got through: what it had done is taken away but for its beginning, so that there is more to kill.
            for step in [step for step in run.steps() if step]:
                shutil.rmtree(run.folder / f"step-{step:07d}")
            shutil.rmtree(run.folder / "done")
            continue
        kill(process)
        process.join(timeout=60)
        done[moment.__name__] += 1
        assert max(run.steps(), default=-1) >= before.newest, "a checkpoint was lost"
    return done


def kill_all(process: BaseProcess) -> None:
    with suppress(ProcessLookupError):  # it may have come to its end just now
        os.kill(process.pid, signal.SIGKILL)


def kill_one(process: BaseProcess) -> None:
    """One of the run's processes, now the first, now the other; those that are left must end by themselves."""
    family = [process.pid, *followers(process.pid)]
    with suppress(ProcessLookupError):  # it may have come to its end just now
        os.kill(random.choice(family), signal.SIGKILL)
    process.join(timeout=120)
    until = time.monotonic() + 60
    while any(runs(pid) for pid in family):
        assert time.monotonic() < until, "a process of the run outlived it"
        time.sleep(0.1)


def followers(pid: int) -> list[int]:
    """The processes that train with this one."""
    found = []
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children():
            with suppress(psutil.NoSuchProcess):
                found += [child.pid] if "spawn_main" in str(child.cmdline()) else []
    return found


def runs(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        return psutil.Process(pid).status() != "zombie"
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("devices", "kill", "kills"),
    [
        pytest.param(1, kill_all, 10, marks=times(10)),
        pytest.param(2, kill_one, 5, marks=times(5)),  # each moment once
        pytest.param(1, kill_all, 100, marks=[*times(100), pytest.mark.long]),
        pytest.param(2, kill_one, 100, marks=[*times(100), pytest.mark.long]),
    ],
)
def test_killed_at_any_moment(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    devices: int,
    kill: Callable[[BaseProcess], None],
    kills: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    random.seed(int(os.environ.get("KILL_SEED", "1")))
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    hub = Path(model_in(tmp_path / "hub").source.path)
    whole, cut = Run(hub, tmp_path / "whole", devices), Run(hub, tmp_path / "cut", devices)
    whole.finish()
    done = kill_until_done(cut, kills, kill)
    cut.finish()
    left, right = weights(whole.folder), weights(cut.folder)
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left), "weights, moments or random states differ"
    assert adapter_hash(whole.folder) == adapter_hash(cut.folder)
    histories = [read_json(run.folder / "done" / "history.json") for run in (whole, cut)]
    for key in ("step", "ledger", "loss", "grad_norm", "val_metric", "val_loss"):
        assert [e.get(key) for e in histories[0]] == [e.get(key) for e in histories[1]], key
    assert [entry["step"] for entry in histories[1]] == list(range(1, STEPS + 1))
    damaged, resumed = cut.said().count("damaged"), cut.said().count("going on from step")
    leftovers = [path.name for path in cut.folder.iterdir() if path.name.endswith(".tmp")]
    with capsys.disabled():
        print(f"\n{devices} process(es), {sum(done.values())} kills {dict(done)}, {resumed} resumes: bit for bit")
    assert damaged == 0, "a half-written checkpoint was looked at"
    assert leftovers == []
