"""A campaign with an objective that takes no time, and a worker of it as a process: `cheap.py CAMPAIGN K`.

Each step of a trial is a line in `steps/<trial>.txt`, and the file is its checkpoint: a trial goes on behind its lines.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from shipworthy.core import interrupt
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json, write_json
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.execution.campaigns.handle import PrunedError, TrialHandle
from shipworthy.execution.campaigns.worker import Worker
from shipworthy.track.hpo.campaign import RECORD, Campaign
from shipworthy.track.hpo.schema import Search

SPACE = {"x": {"float": [0.0, 1.0]}, "y": {"int": [1, 8], "log": True}}


def new(
    folder: Path,
    *,
    plan: Any = None,
    recipe: Any = None,
    steps: int = 4,
    pace_s: float = 0.0,
    metric: str = "exact_match",
    **settings: Any,
) -> Campaign:
    """A campaign whose trials have so many steps, each of which takes so long."""
    loaded = OmegaConf.to_object(
        OmegaConf.merge(OmegaConf.structured(Search), {"space": {} if plan else SPACE, **settings})
    )
    assert isinstance(loaded, Search)
    campaign = Campaign.new(
        folder,
        loaded.measured_by(metric),
        kind="ablate",  # no winner is measured
        root=folder,
        seed=17,
        plan=plan,
        recipe=recipe,
        first_step=1,
        last_step=steps,
        price_per_hour=3600.0,
        currency="USD",
    )
    campaign.make()
    write_json(folder / "pace.json", {"steps": steps, "pace_s": pace_s})
    return campaign


def quality(params: Mapping[str, Any], share: float = 1.0) -> float:
    """Of a trial after this share of its steps; the best is at x = 0.3."""
    return (1.0 - (float(params.get("x", 0.0)) - 0.3) ** 2) * share


class Cheap:
    """The objective. `odd` may do something else with a trial."""

    def __init__(
        self, campaign: Campaign, odd: Callable[[TrialHandle], Mapping[str, float] | None] = lambda trial: None
    ) -> None:
        self.folder, self.odd = campaign.folder, odd
        self.pace = read_json(campaign.folder / "pace.json")

    def __call__(self, trial: TrialHandle) -> Mapping[str, float]:
        if (found := self.odd(trial)) is not None:
            return found
        path = self.folder / "steps" / f"{trial.number}.txt"
        path.parent.mkdir(exist_ok=True)
        done = len(path.read_text().splitlines()) if path.exists() else 0
        steps = self.pace["steps"]
        for step in range(done + 1, steps + 1):
            time.sleep(self.pace["pace_s"])
            with path.open("a") as file:
                file.write(f"{step} {os.getpid()}\n")
            trial.at(step)
            if step < steps and trial.report(step, quality(trial.record["params"], step / steps)):
                raise PrunedError
            if why := interrupt.asked():
                raise StopRequestedError(why, f"stopped by {why} at step {step}")
        names = [one.name for one in trial.campaign.settings.objectives]
        values = {"metric": quality(trial.record["params"]), "seconds": float(trial.record["params"].get("y", 1))}
        return {name: values[name] for name in names}


def main(folder: str, number: str) -> int:
    """A worker."""
    interrupt.listen()
    campaign = Campaign(Path(folder), read_json(Path(folder) / RECORD))
    try:
        Worker(campaign, int(number)).work(Cheap(campaign))
    except StopRequestedError as error:
        return error.exit_code
    except ShipworthyError as error:
        print(f"shipworthy: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
