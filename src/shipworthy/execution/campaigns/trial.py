"""One trial of a campaign as a process: `python -m shipworthy.execution.campaigns.trial CAMPAIGN TRIAL SLOT`.

For drivers that live in another environment. The first line of stdin holds the trial's values as JSON. On stdout come
JSON lines: {"step", "value"} of each validation, which waits for `on` or `stop` on stdin; at the end {"state", "step",
"values"}, or {"error"}: a failure outside the trial itself. What the training itself says goes to stderr.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from shipworthy.core import interrupt
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.core.progress import say
from shipworthy.execution.campaigns.external import ExternalDriverWorker
from shipworthy.execution.campaigns.serve import stop_with_parent
from shipworthy.execution.campaigns.training import Training
from shipworthy.execution.campaigns.worker import Objective
from shipworthy.track.hpo.campaign import RECORD, Campaign


class Channel:
    """What the driver is told, and what it answers."""

    def __init__(self) -> None:
        self.out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(self, **facts: Any) -> None:
        """Writes a line."""
        self.out.write(json.dumps(facts) + "\n")
        self.out.flush()

    def ask(self, step: int, value: float) -> bool:
        """Tells a validation; whether the driver ends the trial early. A driver that is gone asks it to stop."""
        self.tell(step=step, value=value)
        answer = sys.stdin.readline().strip()
        if not answer:
            interrupt.ask("its driver has ended")
        return answer == "stop"


def main(arguments: Sequence[str], objective: Callable[[Campaign], Objective] = Training) -> int:
    """Works at the trial until it has ended; the exit code of this process."""
    folder, trial, slot = arguments
    interrupt.listen()
    stop_with_parent()
    channel = Channel()
    campaign = Campaign(Path(folder), read_json(Path(folder) / RECORD))
    try:
        worker = ExternalDriverWorker(campaign, int(slot), int(trial), json.loads(sys.stdin.readline()), channel.ask)
        record = worker.finish(objective(campaign))
    except StopRequestedError as error:
        say(str(error))
        return error.exit_code
    except (ShipworthyError, OSError) as error:
        say(f"shipworthy: {error}")
        channel.tell(error=str(error))
        return 1
    if record is None:
        channel.tell(state="waiting", step=0, values={})
    else:
        channel.tell(state=record["state"], step=record["step"], values=record["values"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
