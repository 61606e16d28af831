"""Ray Tune as a campaign's driver: toolchains/ray/drive.py, in an environment of its own.

Ray chooses the values, ends trials early and starts again what was killed; each trial is a process of this environment
(shipworthy.execution.campaigns.trial), the same training with the same records as under Optuna's workers.
"""

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import psutil

from shipworthy.core import toolchain
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.lazy import project_files
from shipworthy.core.project import project_root
from shipworthy.execution.executors.local import LocalExecutor, last_line
from shipworthy.execution.executors.protocol import SlotState, SlotStatus
from shipworthy.track.hpo.campaign import FINAL, RECIPE, Campaign
from shipworthy.track.hpo.schema import Pruner
from shipworthy.track.hpo.space import Dimension, inside, parse

NAME = "ray"
FOLDER = project_files("toolchains/ray")
TEMPORARY = "RAY_TMPDIR"
"""Where Ray keeps what it needs while it runs; the trials don't inherit it."""
LOG = Path("ray") / "log.txt"
NO_END = 10**9
"""Steps of a trial whose config does not say how many it has."""


def locate() -> Path:
    """The interpreter that has Ray.

    Raises:
        ShipworthyError: it is not built.
    """
    remedy = "(a minute, once), or set hpo.driver=optuna"
    return toolchain.locate(NAME, title="Ray", remedy=remedy) / "env" / "bin" / "python"


def order(campaign: Campaign) -> dict[str, Any]:
    """What the driver is to do, as JSON; it can't import this package.

    `known` are the trials that were begun before, each with its `state`, and the recipe itself: `waiting` ones are to
    be asked for again. Where the recipe lies outside the space its trial has other values than the driver chose, so
    that it is to learn nothing from it (`recipe_outside`).
    """
    settings, recipe = campaign.settings, campaign.recipe(RECIPE)
    return {
        "asked_for": campaign.asked_for,
        "retries": settings.retries,
        "seed": campaign.record["seed"],
        "objectives": [asdict(one) for one in settings.objectives],
        "sampler": asdict(settings.sampler),
        "pruner": _pruner(settings.pruner, campaign.record["first_step"], campaign.record["last_step"]),
        "space": [_dimension(one) for one in parse(settings.space)],
        "known": _known(campaign),
        "recipe_outside": recipe is not None and not inside(recipe, parse(settings.space)),
    }


def _pruner(config: Pruner, first_step: int | None, last_step: int | None) -> dict[str, Any]:
    """With what is left open filled in, as study.pruner does."""
    first = config.first_step or (first_step if config.name == "asha" else None) or 1
    startup = 5 if config.startup is None else config.startup
    return {
        "name": config.name,
        "first_step": first,
        "last_step": last_step or NO_END,
        "reduction": config.reduction or 4,
        "startup": startup,
    }


def _dimension(one: Dimension) -> dict[str, Any]:
    when = {key: list(values) for key, values in one.when.items()}
    return {**asdict(one), "choices": list(one.choices), "when": when}


def _known(campaign: Campaign) -> list[dict[str, Any]]:
    records = {trial["number"]: trial for trial in campaign.trials()}
    recipe, dimensions, found = campaign.recipe(RECIPE), parse(campaign.settings.space), []
    for trial in campaign.optuna().all()[: max(records, default=-1 if recipe is None else RECIPE) + 1]:
        first = recipe if trial.number == RECIPE and recipe is not None and inside(recipe, dimensions) else {}
        record = records.get(trial.number, {"state": "waiting", "values": {}})
        found.append(
            {
                "number": trial.number,
                "state": record["state"] if record["state"] in FINAL else "waiting",
                "params": trial.params or first,
                "values": record["values"],
                "reports": sorted(trial.intermediate_values.items()),
            }
        )
    return found


class RayExecutor:
    """Ray's driver, which holds all slots as long as it runs, and says itself which of them work.

    Args:
        local: its slots are where the trials run; when they have ended, its worker measures the winner.
        command: what runs one trial, but for its number and slot.
    """

    detached: ClassVar[bool] = False
    seconds_between_polls: ClassVar[float] = LocalExecutor.seconds_between_polls

    def __init__(self, local: LocalExecutor, command: Sequence[str]) -> None:
        self.local, self.campaign, self.command = local, local.campaign, command
        self.log = self.campaign.folder / LOG
        self.driver: subprocess.Popen[str] | None = None
        self.folder: TemporaryDirectory[str] | None = None
        self.told_enough = self.stopping = self.drove = False

    def submit(self, slots: Sequence[int]) -> None:
        """Starts the driver; when the trials have ended, a worker of this machine.

        Raises:
            ShipworthyError: Ray is not built.
        """
        if self.campaign.over(self.campaign.trials()):
            self.local.submit(slots)
        else:
            self._start(locate())

    def poll(self) -> list[SlotState]:
        """All slots run as long as the driver does; it is told when a budget is used up.

        Raises:
            ShipworthyError: the driver failed or was killed, or a trial failed for a reason outside of it.
        """
        if self.driver is None:
            drove = SlotStatus.FINISHED if self.drove else SlotStatus.IDLE
            idle = SlotStatus.IDLE
            return [replace(one, status=drove) if one.status is idle else one for one in self.local.poll()]
        if self.driver.poll() is None:
            if not (self.told_enough or self.stopping) and self.campaign.used_up(self.campaign.trials()):
                self._tell("enough")
                self.told_enough = True
            return self._all(SlotStatus.RUNNING)
        code = self._end()
        if not self.stopping:
            self._check(code)
        return self._all(SlotStatus.FINISHED)

    def stop(self, *, kill: bool = False) -> None:
        """Closes the driver's stdin, which asks its trials to stop; or kills it, and all that it started for itself."""
        self.local.stop(kill=kill)
        if self.driver is None:
            return
        self.stopping = True
        if kill:
            if self.driver.poll() is None:
                self.driver.kill()
            self._end()
        else:
            assert self.driver.stdin is not None
            self.driver.stdin.close()

    def _start(self, python: Path) -> None:
        for slot in self.local.slots:
            self.local.log(slot).parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(exist_ok=True)
        self.folder, self.told_enough = TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True), False
        # What PYTHONPATH adds is of our environment, not of Ray's.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with self.log.open("ab") as log:
            self.driver = subprocess.Popen(
                [str(python), "-u", str(project_root() / FOLDER / "drive.py")],
                env=environment | {TEMPORARY: self.folder.name},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # Ctrl-C is for the supervisor, which tells it
            )
        slots = [
            {"cores": self.local.cores_of(slot), "environment": self.local.environment_of(slot)}
            for slot in self.local.slots
        ]
        paths = {"folder": str(self.campaign.folder), "root": str(self.campaign.root)}
        self._tell(json.dumps({**order(self.campaign), **paths, "command": [*self.command], "slots": slots}))

    def _tell(self, text: str) -> None:
        assert self.driver is not None
        assert self.driver.stdin is not None
        with suppress(BrokenPipeError):  # it is gone; its exit code says why
            self.driver.stdin.write(text + "\n")
            self.driver.stdin.flush()

    def _end(self) -> int:
        """Removes what a driver that has ended, or was killed, left; its exit code."""
        assert self.driver is not None
        assert self.folder is not None
        if (code := self.driver.wait()) < 0:
            _clear(self.driver.pid)
        self.folder.cleanup()
        self.driver, self.folder, self.drove = None, None, True
        return code

    def _check(self, code: int) -> None:
        """Raises ShipworthyError if the driver failed, or has left trials."""
        if code < 0:
            how = f"was killed by {signal.Signals(-code).name}: run it again to go on"
            raise ShipworthyError(f"Ray's driver {how} ({self.log}).")
        if code > 0:
            raise ShipworthyError(f"Ray's driver failed: {last_line(self.log) or 'it said nothing'}. ({self.log})")
        trials = self.campaign.trials()
        if not self.campaign.over(trials):
            ended = {trial["number"] for trial in trials if trial["state"] in FINAL}
            left = next(number for number in range(self.campaign.asked_for) if number not in ended)
            raise ShipworthyError(
                f"trial {left}'s process was killed too often before it could begin: look into "
                f"{self.local.log(0).parents[1]}, where the processes said why, and {self.log}."
            )

    def _all(self, status: SlotStatus) -> list[SlotState]:
        return [SlotState(slot, status, log=self.log) for slot in self.local.slots]


def _clear(session: int) -> None:
    """Ends what a killed driver left of Ray's own processes, which would wait for a minute."""
    for pid in psutil.pids():
        with suppress(ProcessLookupError):
            if os.getsid(pid) == session:
                os.kill(pid, signal.SIGKILL)
