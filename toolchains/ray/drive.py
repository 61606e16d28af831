"""Runs a campaign's trials under Ray Tune, which keeps its own files in RAY_TMPDIR.

The order is the first line of stdin; what comes after it:

    enough      a budget is used up: no trial is begun any more, those that run go to their end
    (the end)   stop: the trials save what they are at and are given back

Ray asks for values (its Searcher interface, with Optuna's samplers behind it), decides which trials end early, and
starts again what was killed. Each trial is a process of shipworthy's own environment, which trains and keeps the
trial's record. It talks in JSON lines, and waits for an answer, `on` or `stop`, where it says how far it is:

    {"step": 20, "value": 0.81}                                            a validation
    {"state": "finished", "step": 60, "values": {"metric": 0.83}}          the end; or `pruned`, `failed`, `waiting`
    {"error": "There is no dataset."}                                      what no trial can do anything about
"""

import contextlib
import fcntl
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ASKED_TO_STOP = 75  # the exit code of a process that was asked to stop, and did
SECONDS_BETWEEN_LOOKS = 1.0
OBJECT_STORE_BYTES = 80 * 2**20  # about the least that Ray takes: nothing but numbers passes through it
os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # CUDA_VISIBLE_DEVICES is ours to say
    "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": os.urandom(32).hex(),  # Ray's ports answer to this run alone, and no token is left in the home
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # of several objectives only the first is known on the way
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the campaign's records hold all that Ray's would
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
}
OURS = [name for name in os.environ if not name.startswith(("RAY_", "TUNE_"))]
"""What a trial's process is to inherit; Ray sets more for its own."""

import optuna  # noqa: E402 (Ray reads what is set above when it is imported)
import ray  # noqa: E402
from choose import Chosen  # noqa: E402
from early import scheduler  # noqa: E402
from ray import tune  # noqa: E402


class Signs:
    """What the driver tells its trials: files, which all of Ray's processes see."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def stop(self, why):
        """Stops everything; the first reason stays."""
        if not self.stopping():
            (self.folder / "stop").write_text(why, encoding="utf-8")

    def stopping(self):
        return (self.folder / "stop").exists()

    def end_early(self, number):
        """The scheduler ends this trial; whatever else ends a trial of Ray's leaves it to the next driver."""
        (self.folder / f"early{number}").touch()

    def ends_early(self, number):
        return (self.folder / f"early{number}").exists()

    def enough(self):
        return self.stopping() or (self.folder / "enough").exists()


class Training(tune.Trainable):
    """A trial: a process in one of the campaign's slots; Ray's step is one validation of it."""

    def setup(self, config, order, folder):
        self.signs, self.step_now, self.asks, self.process = Signs(folder), 0, False, None
        self.objectives, self.number = [one["name"] for one in order["objectives"]], config["number"]
        if self.signs.stopping():
            return
        slot, self.slot = take_slot(Path(folder), len(order["slots"]))
        about = order["slots"][slot]
        with (Path(order["folder"]) / "workers" / str(slot) / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [*order["command"], str(self.number), str(slot)],
                cwd=order["root"],
                env={name: os.environ[name] for name in order["inherit"] if name in os.environ} | about["environment"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        os.sched_setaffinity(self.process.pid, about["cores"])
        self.slot.write(str(self.process.pid))
        self.slot.flush()
        self.answer(json.dumps(config["values"]))

    def step(self):
        if self.asks:
            self.answer("on")
        line = self.process.stdout.readline() if self.process else ""
        if not line:
            code = self.process.wait() if self.process else ASKED_TO_STOP
            if code != ASKED_TO_STOP and not self.signs.stopping():
                raise RuntimeError(f"the trial's process ended with code {code}")  # Ray starts it again
            return self.end("waiting", {})
        told = json.loads(line)
        if "error" in told:
            self.signs.stop(told["error"])
            return self.end("waiting", {})
        self.step_now = told["step"]
        if "state" in told:
            return self.end(told["state"], told["values"])
        self.asks = True
        return {"step": told["step"], self.objectives[0]: told["value"]}

    def end(self, state, values):
        numbers = {name: values.get(name, math.nan) for name in self.objectives}
        return {"state": state, "step": self.step_now, **numbers, "done": True}

    def answer(self, text):
        with contextlib.suppress(BrokenPipeError):  # it is gone; `step` reads why
            self.process.stdin.write(text + "\n")
            self.process.stdin.flush()

    def reset_config(self, new_config):
        """The next trial in the same process of Ray's, which takes seconds to start."""
        self.cleanup()
        self.setup(new_config)
        return True

    def cleanup(self):
        """Ray has done with the trial."""
        if self.process is None:
            return
        if self.signs.ends_early(self.number):
            self.answer("stop")
        self.process.communicate()  # closes its stdin, which asks to stop, and waits until it has saved
        self.slot.close()


def take_slot(folder, slots):
    """A free slot's number, and the open file that holds it for as long as this process lives."""
    while True:
        for number in range(slots):
            file = (folder / f"slot{number}").open("a+", encoding="utf-8")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                continue
            file.truncate(0)
            return number, file
        time.sleep(SECONDS_BETWEEN_LOOKS)


def listen(said, signs, over):
    """Hears what comes on stdin; its end asks to stop."""
    for line in said:
        if line.strip() == b"enough":
            (signs.folder / "enough").touch()
    if not over.is_set():
        signs.stop("asked to stop")


def halt(signs, over):
    """Once all is to stop, asks the trials' processes to; again and again, for one may just begin."""
    while not over.wait(SECONDS_BETWEEN_LOOKS):
        for path in signs.folder.glob("slot*") if signs.stopping() else ():
            with path.open(encoding="utf-8") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # nobody's: its process is gone
                except BlockingIOError:
                    if pid := file.read():
                        terminate(int(pid))


def terminate(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


def tuner(order, signs):
    """Ray's part."""
    trial = tune.with_parameters(Training, order={**order, "inherit": OURS}, folder=str(signs.folder))
    ended = sum(one["state"] != "waiting" for one in order["known"])
    return tune.Tuner(
        tune.with_resources(trial, {"cpu": 1}),
        tune_config=tune.TuneConfig(
            search_alg=Chosen(order, signs),
            scheduler=scheduler(order),
            num_samples=order["asked_for"] - ended,
            max_concurrent_trials=len(order["slots"]),
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            storage_path=str(signs.folder / "results"),
            name="campaign",
            verbose=0,
            # Once more than it may be killed: that time its process says so in the trial's record.
            failure_config=tune.FailureConfig(max_failures=order["retries"] + 1),
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    )


def main():
    """0 if Ray has done what it could; 1 with a sentence as the last line if that is not all."""
    said = open(0, "rb", buffering=0)  # noqa: SIM115 (no buffer, which the thread would hold at the end)
    order = json.loads(said.readline())
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    over, signs = threading.Event(), Signs(os.environ["RAY_TMPDIR"])
    threading.Thread(target=listen, args=(said, signs, over), daemon=True).start()
    threading.Thread(target=halt, args=(signs, over), daemon=True).start()
    ray.init(
        num_cpus=len(order["slots"]),
        num_gpus=0,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
        object_store_memory=OBJECT_STORE_BYTES,
    )
    try:
        tuner(order, signs).fit()
        why = (signs.folder / "stop").read_text(encoding="utf-8") if signs.stopping() else ""
    finally:
        over.set()
        ray.shutdown()
        shutil.rmtree(signs.folder, ignore_errors=True)
    if why:
        print(why, flush=True)
    return int(bool(why))


if __name__ == "__main__":
    sys.exit(main())
