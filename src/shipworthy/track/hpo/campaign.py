"""A campaign as it is in its folder: what was asked for, each trial's record, what was spent.

runs/campaigns/<name>/
campaign.json       what was asked for
params.yaml         the config that the trials change
journal.log         Optuna's trials (unless hpo.storage is a database)
trials/<n>.json     a trial: its values, its attempts, how it ended
leases/             which worker works at what
workers/<k>/log.txt
winner.json         the best trial and the recipe itself on rows that no trial saw

Trial 0 of a search is the recipe itself: what the search found is worth something if it is better than that.
"""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from shipworthy.core import records
from shipworthy.core.commands import beside, command
from shipworthy.core.files import read_json, write_json
from shipworthy.track.cost.cost import Cost, of_trials
from shipworthy.track.cost.spans import HOUR_S
from shipworthy.track.hpo.leases import Leases
from shipworthy.track.hpo.schema import Search
from shipworthy.track.hpo.space import Params
from shipworthy.track.hpo.study import Trials, make, open_storage

FOLDER = "campaigns"
RECORD, PARAMS, WINNER = "campaign.json", "params.yaml", "winner.json"
FINAL = ("finished", "pruned", "failed")
RECIPE = 0
"""The trial of a search that is the recipe itself."""
Trial = dict[str, Any]


@dataclass
class Campaign:
    """A campaign.

    Attributes:
        folder: absolute.
        record: the content of campaign.json: `name`; `kind` (tune or ablate); `made` (epoch seconds); `settings` (group
            hpo); `root` (the project's, from its folder on); `snapshot` (the code's folder, from the root on); `sweeps`
            (those on Slurm); `overrides` (the base recipe's); `recipe` (its own values of the keys of the space; None:
            no trial is the recipe); `dataset` (the digest of what trials are trained on); `about_hydra` (the overrides
            of Hydra's launcher); `plan` (a fixed list of trials, each with `name` and `overrides`; None: a search);
            `seed`; `first_step` and `last_step` (of validations; None: unknown);
            `price_per_hour` and `currency`.
    """

    folder: Path
    record: dict[str, Any]
    _ended: dict[int, Trial] = field(default_factory=dict, repr=False)

    @classmethod
    def new(
        cls,
        folder: Path,
        settings: Search,
        *,
        kind: str,
        root: Path,
        seed: int,
        snapshot: Path = Path(),
        overrides: Sequence[str] = (),
        recipe: Params | None = None,
        dataset: str = "",
        plan: Sequence[Mapping[str, Any]] | None = None,
        first_step: int | None = None,
        last_step: int | None = None,
        price_per_hour: float = 0.0,
        currency: str = "",
    ) -> "Campaign":
        """A campaign of which nothing is written yet."""
        return cls(
            folder,
            {
                "name": folder.name,
                "kind": kind,
                "made": time.time(),
                "settings": OmegaConf.to_container(OmegaConf.structured(settings)),
                "root": os.path.relpath(root, folder),
                "snapshot": os.path.relpath(snapshot, root),
                "sweeps": [],
                "overrides": list(overrides),
                "recipe": recipe,
                "dataset": dataset,
                "plan": None if plan is None else [dict(one) for one in plan],
                "seed": seed if settings.seed is None else settings.seed,
                "first_step": first_step,
                "last_step": last_step,
                "price_per_hour": price_per_hour,
                "currency": currency,
            },
        )

    def make(self) -> None:
        """Makes its trials, as far as there are fewer than were asked for, and writes campaign.json."""
        settings = self.settings
        directions = [one.direction for one in settings.objectives]
        self.folder.mkdir(parents=True, exist_ok=True)
        make(open_storage(self.folder, settings.storage), self.name, directions, self.asked_for)
        self.save()

    @classmethod
    def find(cls, runs: Path, name: str) -> "Campaign":
        """The campaign of this name, in the folder of the runs.

        Raises:
            UsageError: there is none; the sentence names the newest.
        """
        folder = records.find(runs / FOLDER, name, RECORD, "campaign")
        return cls(folder, read_json(folder / RECORD))

    @property
    def runs(self) -> Path:
        """The folder of the runs, the trials' too: beside the workspace."""
        return self.folder.parents[1]

    @property
    def name(self) -> str:
        """Its id."""
        return self.folder.name

    @property
    def command(self) -> str:
        """What goes on with it."""
        return command(f"{self.record['kind']} campaign={self.name}", workspace=beside(self.runs))

    @property
    def settings(self) -> Search:
        """How it searches."""
        loaded = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Search), self.record["settings"]))
        assert isinstance(loaded, Search)
        return loaded

    @property
    def root(self) -> Path:
        """The project's."""
        return Path(os.path.normpath(self.folder / self.record["root"]))

    @property
    def snapshot(self) -> Path:
        """The code's folder."""
        return Path(os.path.normpath(self.root / self.record["snapshot"]))

    def save(self) -> None:
        """Writes campaign.json."""
        write_json(self.folder / RECORD, self.record)

    def leases(self) -> Leases:
        """Which worker works at what."""
        return Leases(self.folder / "leases", self.settings.lease_s)

    def optuna(self) -> Trials:
        """The trials as Optuna knows them."""
        settings = self.settings
        storage = open_storage(self.folder, settings.storage)
        steps = self.record["first_step"], self.record["last_step"]
        return Trials(storage, self.name, settings, self.record["seed"], *steps)

    def recipe(self, number: int) -> Params | None:
        """The recipe's own values of the keys of the space, where this trial is the recipe itself; else None."""
        found: Params | None = self.record.get("recipe")
        return found if number == RECIPE else None

    @property
    def asked_for(self) -> int:
        """How many trials."""
        return int(self.record["settings"]["budget"]["trials"])

    def path(self, number: int) -> Path:
        """A trial's record."""
        return self.folder / "trials" / f"{number}.json"

    def trial(self, number: int) -> Trial | None:
        """A trial's record; None: it has not begun."""
        if number in self._ended:
            return self._ended[number]
        path = self.path(number)
        found: Trial | None = read_json(path) if path.is_file() else None
        if found is not None and found["state"] in FINAL:
            self._ended[number] = found
        return found

    def trials(self) -> list[Trial]:
        """Every trial that has begun, in the order of their numbers."""
        return [found for number in range(self.asked_for) if (found := self.trial(number)) is not None]

    def write(self, trial: Trial) -> None:
        """Writes a trial's record."""
        write_json(self.path(trial["number"]), trial)

    def over(self, trials: Sequence[Trial]) -> bool:
        """Whether nothing is left to do: every trial has ended, or the budget has."""
        open_ones = [trial for trial in trials if trial["state"] not in FINAL]
        return not open_ones and (len(trials) == self.asked_for or bool(self.used_up(trials)))

    def used_up(self, trials: Sequence[Trial]) -> str:
        """Which limit was reached, as words; empty: none."""
        budget = self.record["settings"]["budget"]
        limits = {name: budget[name] for name in ("gpu_hours", "money", "hours") if budget[name]}
        spent = self.spent(trials) if limits else {}
        for name, limit in limits.items():
            if spent[name] >= limit:
                return f"hpo.budget.{name}={limit:g} is used up"
        return ""

    def cost(self, trials: Iterable[Trial]) -> Cost:
        """What was spent so far. Workers on one machine share its hours."""
        return of_trials(trials, self.leases(), self.record["price_per_hour"], self.record["currency"])

    def spent(self, trials: Iterable[Trial]) -> dict[str, float]:
        """What the budget limits: GPU-hours, hours in which it was worked at, and money."""
        found = self.cost(trials)
        money = sum(found.money.values())
        return {"gpu_hours": found.gpu_s / HOUR_S, "hours": found.wall_s / HOUR_S, "money": money}

    def best(self, trials: Iterable[Trial]) -> list[Trial]:
        """The finished trial that is best; of several objectives all that no other beats, the first's best first."""
        objectives = self.record["settings"]["objectives"]
        signs = [1 if one["direction"] == "maximize" else -1 for one in objectives]

        def worth(trial: Trial) -> tuple[float, ...]:
            return tuple(sign * trial["values"][one["name"]] for sign, one in zip(signs, objectives, strict=True))

        done = [trial for trial in trials if trial["state"] == "finished"]
        front = [one for one in done if not any(_beats(worth(other), worth(one)) for other in done)]
        return sorted(front, key=lambda trial: (*(-value for value in worth(trial)), trial["number"]))[
            : 1 if len(objectives) == 1 else None
        ]


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    return one != other and all(mine >= theirs for mine, theirs in zip(one, other, strict=True))


def counts(trials: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """State → how many trials."""
    states = [trial["state"] for trial in trials]
    return {state: states.count(state) for state in ("running", "waiting", *FINAL)}
