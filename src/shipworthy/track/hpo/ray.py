"""Ray Tune as a campaign's driver: toolchains/ray/drive.py, in an environment of its own.

Ray chooses the values, ends trials early and starts again what was killed; each trial is `python -m shipworthy.trial`,
the same training with the same records as under Optuna's workers.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from shipworthy.core import interrupt
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.core.lazy import project_files
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.track.hpo.campaign import FINAL, Campaign
from shipworthy.track.hpo.local import SECONDS_BETWEEN_LOOKS, Crew, interrupted_as
from shipworthy.track.hpo.schema import Pruner
from shipworthy.track.hpo.space import Dimension, parse

FOLDER = project_files("toolchains/ray")
BUILD = FOLDER / "build"
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
    command = [sys.executable, str(project_root() / BUILD), "--where"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    folder = Path(result.stdout.strip())
    if result.returncode != 0:
        raise ShipworthyError(f"Ray is not built in {folder}: run {BUILD} (a minute, once), or set hpo.driver=optuna.")
    return folder / "env" / "bin" / "python"


def order(campaign: Campaign) -> dict[str, Any]:
    """What the driver is to do, as JSON; it can't import this package.

    `known` are the trials that were begun before, each with its `state`: `waiting` ones are to be asked for again.
    """
    settings = campaign.settings
    return {
        "asked_for": campaign.asked_for,
        "retries": settings.retries,
        "seed": campaign.record["seed"],
        "objectives": [asdict(one) for one in settings.objectives],
        "sampler": asdict(settings.sampler),
        "pruner": _pruner(settings.pruner, campaign.record["first_step"], campaign.record["last_step"]),
        "space": [_dimension(one) for one in parse(settings.space)],
        "known": _known(campaign),
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
    found = []
    for trial in campaign.optuna().all()[: max(records, default=-1) + 1]:
        record = records.get(trial.number, {"state": "waiting", "values": {}})
        found.append(
            {
                "number": trial.number,
                "state": record["state"] if record["state"] in FINAL else "waiting",
                "params": trial.params,
                "values": record["values"],
                "reports": sorted(trial.intermediate_values.items()),
            }
        )
    return found


class Ray:
    """A campaign's trials under Ray Tune on this machine.

    Args:
        crew: its places are where the trials run; when they have ended, it measures the winner.
        command: what runs one trial, but for its number and place.
    """

    def __init__(self, crew: Crew, command: list[str]) -> None:
        self.crew, self.campaign, self.command = crew, crew.campaign, command
        self.log = crew.campaign.folder / LOG

    def supervise(self) -> None:
        """Keeps Ray at work until the campaign is over, then measures the winner.

        Raises:
            StopRequestedError: this process was asked to stop; the trials have saved what they were at.
            ShipworthyError: Ray is not built, or failed, or a trial met what no trial could do anything about.
        """
        if not self.campaign.over(self.campaign.trials()):
            self._drive()
        self.crew.supervise()

    def _drive(self) -> None:
        python = locate()
        with (
            interrupt.listening(),
            interrupted_as("SIGINT"),
            TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder,
        ):
            process = self._start(python, folder)
            try:
                self._follow(process)
            finally:
                if process.poll() is None:
                    process.kill()
                if process.wait() < 0:
                    _clear(process.pid)
        trials = self.campaign.trials()
        if process.returncode != 0:
            raise ShipworthyError(self._failure(process.returncode))
        if not self.campaign.over(trials):
            ended = {trial["number"] for trial in trials if trial["state"] in FINAL}
            left = next(number for number in range(self.campaign.asked_for) if number not in ended)
            raise ShipworthyError(
                f"trial {left}'s process was killed too often before it could begin: look into "
                f"{self.crew.log(0).parents[1]}, where the processes said why, and {self.log}."
            )

    def _start(self, python: Path, folder: str) -> "subprocess.Popen[str]":
        for place in self.crew.places:
            self.crew.log(place.number).parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(exist_ok=True)
        # What PYTHONPATH adds is of our environment, not of Ray's.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {TEMPORARY: folder}
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [str(python), "-u", str(project_root() / FOLDER / "drive.py")],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,  # Ctrl-C is for us: we tell it
            )
        places = [
            {"cores": self.crew.cores_of(place.number), "environment": self.crew.environment_of(place.number)}
            for place in self.crew.places
        ]
        paths = {"folder": str(self.campaign.folder), "root": str(self.campaign.root)}
        self._tell(process, json.dumps({**order(self.campaign), **paths, "command": self.command, "places": places}))
        return process

    def _follow(self, process: "subprocess.Popen[str]") -> None:
        told = False
        while process.poll() is None:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            trials = self.campaign.trials()
            self.crew.teller.tell(trials)
            if not told and self.campaign.used_up(trials):
                self._tell(process, "enough")
                told = True
            if why := interrupt.asked():
                self._stop(process)
                said = f"stopped by {why}: the trials that ran are saved; run it again to go on."
                raise StopRequestedError(why, said)

    def _tell(self, process: "subprocess.Popen[str]", text: str) -> None:
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it is gone; its exit code says why
            process.stdin.write(text + "\n")
            process.stdin.flush()

    def _stop(self, process: "subprocess.Popen[str]") -> None:
        """Asks all trials to stop at a step's end, and waits until they have; asked again, it does not wait."""
        say("asked to stop: the trials save what they are at; Ctrl-C once more does not wait for them")
        interrupt.withdraw(interrupt.asked())
        assert process.stdin is not None
        process.stdin.close()
        while process.poll() is None and not interrupt.asked():
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _failure(self, code: int) -> str:
        if code < 0:
            return f"Ray's driver was killed by {signal.Signals(-code).name}: run it again to go on ({self.log})."
        lines = [one for one in self.log.read_text(errors="replace").splitlines() if one.strip()]
        return f"Ray's driver failed: {lines[-1] if lines else 'it said nothing.'} ({self.log})"


def _clear(session: int) -> None:
    """Ends what a killed driver left of Ray's own processes, which would wait for a minute."""
    for pid in psutil.pids():
        with suppress(ProcessLookupError):
            if os.getsid(pid) == session:
                os.kill(pid, signal.SIGKILL)
