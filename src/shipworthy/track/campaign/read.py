"""Reads a campaign from its folder: settings, trials, and the cost of each trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna

from shipworthy.core import yaml_text
from shipworthy.core.commands import DEFAULT_WORKSPACE
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json
from shipworthy.evaluation import predictions, scores
from shipworthy.evaluation.intervals import Interval
from shipworthy.track.cost.cost import Cost, history, of_campaign, of_run
from shipworthy.track.hpo import campaign as hpo
from shipworthy.track.hpo.schema import METRIC
from shipworthy.track.hpo.space import Dimension, parse
from shipworthy.track.hpo.study import JOURNAL, open_storage
from shipworthy.track.runs import registry
from shipworthy.track.runs.registry import Run

FINISHED, PRUNED, FAILED = "finished", "pruned", "failed"
WHOLE_STEPS = ("trainer.steps", "model.rounds")
"""What says how many steps a whole trial has."""
VALIDATED = "val_metric"


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        state: `finished`, `pruned`, `failed`, `running` or `waiting`.
        params: dotted key → value; a key that had no meaning beside the others is missing.
        overrides: the same as on the command line; of an ablation, what the training changed.
        values: objective → value (empty where it did not finish).
        step: how far it came; `steps`: how far it was to go (None: not known).
        curve: (step, first objective on the way), in order.
        attempts: how often it was begun.
        said: why it failed, in a sentence.
        cost: of all its attempts.
        run: its run (None: it has none on this disk).
        is_recipe: whether it is the recipe itself.
    """

    number: int
    state: str
    params: Mapping[str, Any]
    overrides: Sequence[str]
    values: Mapping[str, float]
    step: int | None
    steps: int | None
    curve: list[tuple[int, float]]
    attempts: int
    said: str
    cost: Cost
    run_id: str
    run: Run | None
    is_recipe: bool = False

    @property
    def money(self) -> float:
        """What it cost, in the campaign's currency (0: no price was noted)."""
        return sum(self.cost.money.values())

    def interval(self, objective: str) -> Interval | None:
        """Of its metric, by the rows it was validated on, as the training noted it; None for what is no metric."""
        if self.run is None or objective != METRIC or objective not in self.values:
            return None
        if self.run.interval:
            return Interval(self.values[objective], *self.run.interval)
        answers = self.run.folder / "checkpoint" / "validation.parquet"
        if not answers.is_file():
            return None
        rows = predictions.scored(answers)
        return scores.interval(self.run.metric, predictions.rows(rows), predictions.resampling(rows))


@dataclass(frozen=True)
class Campaign:
    """All of it.

    Attributes:
        kind: `tune` or `ablate`.
        settings: its group of the config (hpo or ablation).
        space: what varied (empty for an ablation).
        objectives: name → whether more is better.
        metric: what the task calls its deciding metric.
        workspace: as the recipe names it.
        cost: of all attempts at its trials.
        currency: of all money here (empty: no price was noted).
        winner: winner.json; empty until the winner was measured on rows that no trial saw.
        ablation: ablation.json; empty of a search, and until a training came to an end.
        overrides: the base recipe's.
        validation_share: of all rows, as the recipe asks for it (0: it has another way).
        over: whether it will not go on by itself.
    """

    folder: Path
    name: str
    kind: str
    made: float
    settings: Mapping[str, Any]
    space: list[Dimension]
    objectives: Mapping[str, bool]
    metric: str
    workspace: str
    trials: list[Trial]
    cost: Cost
    currency: str
    winner: Mapping[str, Any] = field(default_factory=dict)
    ablation: Mapping[str, Any] = field(default_factory=dict)
    overrides: Sequence[str] = ()
    validation_share: float = 0.0
    over: bool = True

    @property
    def recipe(self) -> Trial | None:
        """The trial that is the recipe itself; None where there is none."""
        return next((trial for trial in self.trials if trial.is_recipe), None)

    @property
    def first(self) -> str:
        """The objective that trials are ranked by."""
        return next(iter(self.objectives))

    def of(self, state: str) -> list[Trial]:
        """The trials in a state."""
        return [trial for trial in self.trials if trial.state == state]

    @property
    def different(self) -> list[Trial]:
        """The finished ones, but for those whose run is that of an earlier one."""
        by_run: dict[str, Trial] = {}
        for trial in self.of(FINISHED):
            by_run.setdefault(trial.run_id or str(trial.number), trial)
        return list(by_run.values())

    @property
    def ranked(self) -> list[Trial]:
        """The finished ones, the best by the first objective first."""
        done = [trial for trial in self.of(FINISHED) if self.first in trial.values]
        return sorted(done, key=lambda trial: trial.values[self.first], reverse=self.objectives[self.first])


def read(folder: Path) -> Campaign:
    """The campaign in `runs/campaigns/<name>`.

    Raises:
        ShipworthyError: there is none.
    """
    if not (folder / "campaign.json").is_file():
        raise ShipworthyError(f"{folder} holds no campaign.json: name the folder of a campaign, in runs/campaigns.")
    about = read_json(folder / "campaign.json")
    settings = about.get("settings") or {}
    params_file = folder / "params.yaml"
    params = yaml_text.read(params_file) if params_file.is_file() else {}
    reported = _reported(folder, about["name"], str(settings.get("storage") or ""))
    notes = sorted((read_json(path) for path in folder.glob("trials/*.json")), key=lambda note: int(note["number"]))
    begins_with_recipe = about.get("recipe") is not None
    trials = [_trial(note, folder, params, reported.get(int(note["number"]), []), begins_with_recipe) for note in notes]
    objectives = {one["name"]: one["direction"] == "maximize" for one in settings.get("objectives") or []}
    ablation = folder / "ablation.json"
    return Campaign(
        folder=folder,
        name=about["name"],
        kind=about["kind"],
        made=float(about["made"]),
        settings=settings,
        space=parse(settings.get("space") or {}),
        objectives=objectives or {METRIC: True},
        metric=str((params.get("task") or {}).get("metric", "metric")),
        workspace=str(params.get("workspace") or DEFAULT_WORKSPACE),
        trials=trials,
        cost=of_campaign(folder, [trial.run for trial in trials if trial.run]),
        currency=str(about.get("currency") or ""),
        winner=read_json(folder / "winner.json") if (folder / "winner.json").is_file() else {},
        ablation=read_json(ablation) if ablation.is_file() else {},
        overrides=about.get("overrides") or [],
        validation_share=_validation_share(params),
        over=about["kind"] != "tune" or hpo.Campaign(folder, about).over(notes),
    )


def _trial(
    note: Mapping[str, Any],
    folder: Path,
    params: Mapping[str, Any],
    reported: list[tuple[int, float]],
    begins_with_recipe: bool,
) -> Trial:
    run_id = str(note.get("run_id") or "")
    run = registry.find_whole(folder.parents[1] / run_id) if run_id else None
    entries = history(run) if run else []
    curve = reported or [(int(entry["step"]), float(entry[VALIDATED])) for entry in entries if VALIDATED in entry]
    step = note.get("step")
    return Trial(
        number=int(note["number"]),
        state=note["state"],
        params=note.get("params") or {},
        overrides=note.get("overrides") or [],
        values=note.get("values") or {},
        step=int(step) if step is not None else curve[-1][0] if curve else None,
        steps=_steps(params, note.get("params") or {}),
        curve=curve,
        attempts=len(note.get("attempts") or []),
        said=str(note.get("said") or ""),
        cost=of_run(run) if run else _by_attempts(note.get("attempts") or []),
        run_id=run_id,
        run=run,
        is_recipe=begins_with_recipe and int(note["number"]) == hpo.RECIPE,
    )


def _validation_share(params: Mapping[str, Any]) -> float:
    share = ((params.get("data") or {}).get("split") or {}).get("validation")
    return float(share) if isinstance(share, int | float) else 0.0


def _by_attempts(attempts: list[Mapping[str, Any]]) -> Cost:
    """Of a trial whose run is not on this disk: its time alone."""
    ended = [one for one in attempts if one.get("ended")]
    return Cost(runs=1, starts=len(attempts), seconds=sum(float(one["ended"]) - float(one["began"]) for one in ended))


def _steps(params: Mapping[str, Any], own: Mapping[str, Any]) -> int | None:
    """How far a whole trial goes."""
    for key in WHOLE_STEPS:
        group, name = key.split(".")
        value = own.get(key, (params.get(group) or {}).get(name))
        if value is not None:
            return int(value)
    return None


def _reported(folder: Path, name: str, storage: str) -> dict[int, list[tuple[int, float]]]:
    """What trials told Optuna on their way, by number; empty where there is no study."""
    if not storage and not (folder / JOURNAL).is_file():
        return {}
    try:
        study = optuna.load_study(study_name=name, storage=open_storage(folder, storage))
    except KeyError:  # it was never begun
        return {}
    return {one.number: sorted(one.intermediate_values.items()) for one in study.get_trials(deepcopy=False)}
