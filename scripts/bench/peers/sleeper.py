"""The objective of scripts/bench/sweep that only sleeps, as a worker of our campaigns: `sleeper.py CAMPAIGN K`."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

LEAST_S, MORE_S = 1.0, 7.0
"""A trial sleeps between LEAST_S and LEAST_S + MORE_S seconds, mostly short."""
NAPS = "naps.txt"


def nap(folder: Path, length: float, place: float) -> float:
    """Sleeps as long as `length` (0 to 1) says, notes from when to when, and returns what `place` (0 to 1) is worth."""
    begun = time.time()
    time.sleep(LEAST_S + MORE_S * length**2)
    with (folder / NAPS).open("a", encoding="utf-8") as file:
        file.write(f"{begun} {time.time()}\n")
    return 1 - (place - 0.3) ** 2


def main(folder: str, number: str) -> None:
    """A worker."""
    from shipworthy.core.files import read_json
    from shipworthy.execution.campaigns.handle import TrialHandle
    from shipworthy.execution.campaigns.worker import Worker
    from shipworthy.track.hpo.campaign import RECORD, Campaign

    campaign = Campaign(Path(folder), read_json(Path(folder) / RECORD))

    def objective(trial: TrialHandle) -> Mapping[str, float]:
        params = trial.record["params"]
        return {"metric": nap(campaign.folder, params["length"], params["place"])}

    Worker(campaign, int(number)).work(objective)


if __name__ == "__main__":
    main(*sys.argv[1:])
