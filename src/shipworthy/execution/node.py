"""What runs on a node: `python -m shipworthy.execution.node SWEEP`.

It is one task of a Slurm array, or several that train together. The first process runs the command's stage and writes
the job's status; the others wait for their part of the training.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from shipworthy.core import events, interrupt
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json, write_json
from shipworthy.core.interrupt import PeerLostError, StopRequestedError
from shipworthy.core.progress import say
from shipworthy.launch.requeue import requeue, wait_for_the_end
from shipworthy.launch.status import Status, job_id, restarts
from shipworthy.launch.sweep import PARAMS, STATUS, Sweep
from shipworthy.track.record.environment import SWEEP

if TYPE_CHECKING:
    from shipworthy.config.root import Config

BY_TORCHRUN = "TORCHELASTIC_RUN_ID"
FROM_SLURM = {
    "RANK": "SLURM_PROCID",
    "LOCAL_RANK": "SLURM_LOCALID",
    "NODE_RANK": "SLURM_NODEID",
    "WORLD_SIZE": "SLURM_STEP_NUM_TASKS",
}
"""What torch wants to know, and what srun calls it."""
PEER_REPORT_WAIT_S = 5.0
"""How long a process that failed may take to note why, before the others assume that its node is gone (seconds)."""


def main(folder: str) -> int:
    """Runs this array task's job; the exit code of its process."""
    interrupt.listen()  # before anything that takes time
    sweep = Sweep(Path(folder), read_json(Path(folder) / "sweep.json"))
    number = int(os.environ["SLURM_ARRAY_TASK_ID"])
    if BY_TORCHRUN not in os.environ:
        os.environ.update({ours: os.environ[theirs] for ours, theirs in FROM_SLURM.items()})
    together = int(os.environ["WORLD_SIZE"]) > 1
    if not together:  # torch must not look for others
        for name in FROM_SLURM:
            os.environ.pop(name, None)
    rank = int(os.environ.get("RANK", "0"))
    try:
        code = _first(sweep, number, together) if rank == 0 else _other(sweep, number, rank)
    finally:
        interrupt.ignore()
    return code


def _first(sweep: Sweep, number: int, together: bool) -> int:
    """The process that speaks for the job."""
    folder = sweep.job(number)
    for path in folder.glob("failed-*.json"):
        path.unlink()
    status = Status(folder / STATUS)
    status.begin()
    if "campaign" not in sweep.record:  # a worker's steps are those of its trials
        events.subscribe(status.note)
    say(f"== job {job_id()}, start {restarts() + 1}, on {os.environ.get('SLURMD_NODENAME')}: {sweep.overrides(number)}")
    try:
        _not_too_often(int(sweep.record["settings"]["max_restarts"]))
        _run(sweep, number, together)
        interrupt.ignore()
        _all_steps(status)
    except StopRequestedError as error:
        return _go_on_later(status, error.signal_name, str(error))
    except PeerLostError as error:
        return _alone(status, folder, error)
    except ShipworthyError as error:
        return _fail(status, str(error))
    except BaseException as error:
        _fail(status, f"{type(error).__name__}: {error}".splitlines()[0])
        raise
    status.end("finished", "finished")
    return 0


def _not_too_often(most: int) -> None:
    if restarts() > most:
        raise ShipworthyError(f"started again {restarts()} times, and hydra.launcher.max_restarts allows {most}.")


def _all_steps(status: Status) -> None:
    done, planned = status.value.get("step"), status.value.get("steps")
    if planned is not None and done != planned:
        raise ShipworthyError(f"it ended after {done} of {planned} steps.")


def _alone(status: Status, folder: Path, error: PeerLostError) -> int:
    """Another process is gone: it failed, and said so, or its node is gone with it."""
    time.sleep(PEER_REPORT_WAIT_S)
    if said := [read_json(path)["said"] for path in sorted(folder.glob("failed-*.json"))]:
        return _fail(status, said[0])
    return _go_on_later(status, "a process was lost", str(error))


def _run(sweep: Sweep, number: int, together: bool) -> None:
    if "campaign" in sweep.record:
        from shipworthy.execution.campaigns.serve import serve
        from shipworthy.track.hpo.campaign import RECORD, Campaign

        folder = sweep.root / sweep.record["campaign"]
        serve(Campaign(folder, read_json(folder / RECORD)), number, job_id())
        return
    from shipworthy.config.load import read_params
    from shipworthy.execution.stage import execute

    config = read_params(sweep.job(number) / PARAMS)
    os.environ[SWEEP] = json.dumps(sweep.about(number))
    if together:
        _join(config)
    arguments = ("--params", str(sweep.job(number) / PARAMS))
    launched = sweep.record["jobs"][number]["overrides"]
    execute(sweep.record["command"], config, publish=False, arguments=arguments, launched=launched)
    if together:
        from shipworthy.train.lightning.processes import dismiss, leave

        dismiss()
        leave()


def _join(config: "Config") -> None:
    """Connects the processes, and measures what the connection carries."""
    from shipworthy.train.lightning.processes import join, others_may_end
    from shipworthy.train.network.rate import all_reduce_rate, sentence
    from shipworthy.train.network.schema import Network

    assert isinstance(config.network, Network)
    os.environ.update(config.network.variables())
    join(config.network.timeout_s)
    with others_may_end():
        rate = all_reduce_rate()
    if os.environ["RANK"] == "0":
        say(sentence(rate, int(os.environ["WORLD_SIZE"]), config.network))


def _other(sweep: Sweep, number: int, rank: int) -> int:
    """Another process of a training."""
    from shipworthy.config.load import read_params
    from shipworthy.train.lightning.processes import leave, wait_for_part

    try:
        _join(read_params(sweep.job(number) / PARAMS))
        wait_for_part()
        leave()
    except (StopRequestedError, PeerLostError) as error:
        say(str(error))
        interrupt.ignore()
        wait_for_the_end()
    except BaseException as error:
        said = f"process {rank}: {error}" if isinstance(error, ShipworthyError) else f"process {rank}: {error!r}"
        write_json(sweep.job(number) / f"failed-{rank}.json", {"said": said.splitlines()[0]})
        raise
    return 0


def _go_on_later(status: Status, why: str, said: str) -> int:
    interrupt.ignore()
    say(said)
    status.end("stopped", f"requeued: {why}", said)  # before it is: Slurm may end this process at once
    if refusal := requeue():
        status.end("stopped", f"stopped: {why}", f"{said} Slurm did not take it back ({refusal}).")
        return StopRequestedError.exit_code
    wait_for_the_end()
    return StopRequestedError.exit_code


def _fail(status: Status, said: str) -> int:
    interrupt.ignore()
    print(f"shipworthy: {said}", file=sys.stderr, flush=True)
    status.end("failed", "failed", said)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
