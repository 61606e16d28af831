"""What a campaign varies, how it chooses, and what it may cost."""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar
from urllib.parse import urlsplit

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import HpoConfig
from shipworthy.core.schema import schema
from shipworthy.evaluation.metric import direction, title
from shipworthy.track.hpo.space import parse

SAMPLERS = ("tpe", "gp", "cmaes", "random")
PRUNERS: dict[str, tuple[str, ...]] = {
    "none": (),
    "median": ("first_step", "startup"),
    "hyperband": ("first_step", "last_step", "reduction"),
    "asha": ("first_step", "reduction"),
    "forecast": ("first_step", "startup", "chance"),
}
"""Which of their settings each of them has."""
METRIC = "metric"
OBJECTIVES = {
    METRIC: "",
    "val_loss": "minimize",
    "seconds": "minimize",
    "trainable_parameters": "minimize",
    "peak_memory_mb": "minimize",
    "size_mb": "minimize",
}
"""What a trial can be judged by, and in which direction; the metric has its own."""
ON_THE_WAY = (METRIC, "val_loss")
"""Those that are known before a trial's end."""
ENVIRONMENT = "env:"
UNDER_RAY = {"sampler": ("tpe", "cmaes", "random"), "pruner": ("none", "median", "asha")}
"""What Ray's environment has of them: no torch, which gp needs, and hyperband as asha, its form without waiting."""


@dataclass
class Sampler:
    """What chooses a trial's values from those of the trials before it.

    Attributes:
        name: `tpe` (tree-structured Parzen estimators, Bergstra et al. 2011), `gp` (Gaussian process), `cmaes`
            (covariance matrix adaptation, Hansen 2016) or `random`.
        startup: how many trials are drawn at random first (null: 10, or 1 of cmaes).
        multivariate: tpe: take dependences between the values into account.
    """

    name: str = "tpe"
    startup: int | None = None
    multivariate: bool = False

    def __post_init__(self) -> None:
        if self.name not in SAMPLERS:
            raise UsageError(f"hpo.sampler.name={self.name} must be one of {', '.join(SAMPLERS)}.")
        if self.multivariate and self.name != "tpe":
            raise UsageError(f"hpo.sampler.multivariate has no effect with {self.name}: drop it, or take tpe.")
        if self.startup is not None and (self.name == "random" or self.startup < 1):
            raise UsageError(
                f"hpo.sampler.startup={self.startup} "
                + ("has no effect with random: drop it." if self.name == "random" else "must be at least 1.")
            )


@dataclass
class Pruner:
    """What ends a trial early that falls behind the others.

    Attributes:
        name: `none`, `median` (worse than half of the others at this step), `hyperband` (Li et al. 2018), `asha`
            (asynchronous successive halving, Li et al. 2020) or `forecast` (would hardly end as the best, by the curves
            of the whole trials: slow ones are given their time).
        first_step: no trial is ended before it (training steps, or boosting rounds; null: the first validation).
        last_step: hyperband: a whole trial's steps (null: as the config says).
        reduction: hyperband and asha: one of so many goes on to the next rung (null: 3, or 4 of asha).
        startup: median and forecast: how many trials go to their end before any is ended early (null: 5).
        chance: forecast: of becoming the best, below which a trial is ended (0 to 1; null: 0.1).
    """

    name: str = "none"
    first_step: int | None = None
    last_step: int | None = None
    reduction: int | None = None
    startup: int | None = None
    chance: float | None = None

    def __post_init__(self) -> None:
        if self.name not in PRUNERS:
            raise UsageError(f"hpo.pruner.name={self.name} must be one of {', '.join(PRUNERS)}.")
        least_startup = 4 if self.name == "forecast" else 0
        lowest = {"first_step": 1, "last_step": 1, "reduction": 2, "startup": least_startup, "chance": 0}
        for name, least in lowest.items():
            if (value := getattr(self, name)) is None:
                continue
            if name not in PRUNERS[self.name]:
                raise UsageError(f"hpo.pruner.{name} has no effect with {self.name}: drop it.")
            if value < least:
                raise UsageError(f"hpo.pruner.{name}={value} must be at least {least}.")
        if self.chance is not None and self.chance >= 1:
            raise UsageError(f"hpo.pruner.chance={self.chance} is no chance: give 0 to below 1.")


@dataclass
class Objective:
    """What a trial is judged by.

    Attributes:
        name: `metric` (the task's, on validation), `val_loss`, `seconds` (of training), `trainable_parameters`,
            `peak_memory_mb`, or `size_mb` (of the weights, in 10^6 bytes).
        direction: `maximize` or `minimize` (empty: what is better by nature; of the metric no other can be given).
    """

    name: str = METRIC
    direction: str = ""

    def __post_init__(self) -> None:
        if self.name not in OBJECTIVES:
            raise UsageError(f"hpo.objectives: there is no '{self.name}': take of {', '.join(OBJECTIVES)}.")
        self.direction = self.direction or OBJECTIVES[self.name]
        if self.direction not in ("maximize", "minimize", *([""] if self.name == METRIC else [])):
            raise UsageError(f"hpo.objectives: {self.name}'s direction must be maximize or minimize.")


@dataclass
class Budget:
    """What a campaign may take; no trial is begun when one of them is used up, and those that run go to their end.

    Attributes:
        trials: how many; the first of them is the recipe itself, and never ended early.
        gpu_hours: GPUs times the hours that they were held (0: no limit).
        money: hours of the machines times compute.price_per_hour (in compute.currency; 0: no limit).
        hours: in which it was worked at (wall time; 0: no limit).
    """

    trials: int = 20
    gpu_hours: float = 0.0
    money: float = 0.0
    hours: float = 0.0

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise UsageError(f"hpo.budget.trials={self.trials} must be at least 1.")
        for name in ("gpu_hours", "money", "hours"):
            if getattr(self, name) < 0:
                raise UsageError(f"hpo.budget.{name}={getattr(self, name)} is negative: give 0 for no limit.")


@schema("hpo", "optuna")
class Search(HpoConfig):
    """A search by Optuna: workers that ask for a trial's values and tell its result, each at its own pace.

    Attributes:
        driver: `optuna` (workers on this machine or a cluster), or `ray`: Ray Tune chooses, ends early and restarts the
            same trials on this machine, from an environment of its own (toolchains/ray).
        space: dotted key of the config, or group → its distribution (track/hpo/space.py tells the language).
        sampler: what chooses the values.
        pruner: what ends trials early.
        objectives: what a trial is judged by; with several, the best are those that no other beats in all.
        budget: when it ends.
        workers: how many trials run at a time.
        seed: of the search (null: the pipeline's).
        storage: where Optuna keeps the trials: empty for a journal in the campaign's folder, the URL of a database, or
            `env:NAME` for the environment variable that holds the URL.
        unseen: share of the validation rows that no trial sees (0 to below 1): winner and recipe are compared on them.
        retries: how often a trial whose worker was killed is taken up again; preemptions don't count.
        lease_s: a worker that did not renew its lease for so long counts as gone (seconds).
    """

    non_identity: ClassVar[tuple[str, ...]] = ("budget", "workers", "retries", "lease_s")

    driver: str = "optuna"
    space: dict[str, Any] = field(default_factory=dict)
    sampler: Sampler = field(default_factory=Sampler)
    pruner: Pruner = field(default_factory=Pruner)
    objectives: list[Objective] = field(default_factory=lambda: [Objective()])
    budget: Budget = field(default_factory=Budget)
    workers: int = 1
    seed: int | None = None
    storage: str = ""
    unseen: float = 0.3
    retries: int = 1
    lease_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuses searches that can't work, and settings without an effect."""
        dimensions = parse(self.space)
        if not self.objectives:
            raise UsageError("hpo.objectives is empty: name at least one, e.g. metric.")
        names = [one.name for one in self.objectives]
        if len({*names}) < len(names):
            raise UsageError(f"hpo.objectives names one twice: {', '.join(names)}.")
        self._check_numbers()
        if self.pruner.name != "none" and (len(names) > 1 or names[0] not in ON_THE_WAY):
            raise UsageError(
                f"hpo.pruner.name={self.pruner.name} ends trials by one value that is known on their way "
                f"({' or '.join(ON_THE_WAY)}), and hpo.objectives are {', '.join(names)}: set hpo.pruner.name=none."
            )
        if self.sampler.name == "cmaes":
            numbers = [one for one in dimensions if one.kind != "categorical" and not one.when]
            if len(names) > 1:
                raise UsageError("hpo.sampler.name=cmaes knows one objective only: take tpe or gp for several.")
            if dimensions and len(numbers) < 2:
                raise UsageError(
                    "hpo.sampler.name=cmaes adapts two or more numbers that are always there; the rest of hpo.space "
                    "would be drawn at random: take tpe or gp."
                )
        _check_storage(self.storage)
        self._check_driver()

    def measured_by(self, metric: str) -> "Search":
        """The same search where the objective `metric` has its direction.

        Args:
            metric: the name of the task's deciding metric.

        Raises:
            UsageError: hpo.objectives gives it the other one.
        """
        own = direction(metric)
        for one in self.objectives:
            if one.name == METRIC and one.direction not in ("", own):
                raise UsageError(
                    f"hpo.objectives: {one.direction} is not the direction of {METRIC}, which is {title(metric)} here, "
                    f"the task's: {own} it, or leave the direction out."
                )
        return replace(
            self, objectives=[replace(one, direction=own) if one.name == METRIC else one for one in self.objectives]
        )

    def _check_driver(self) -> None:
        if self.driver not in ("optuna", "ray"):
            raise UsageError(f"hpo.driver={self.driver} must be optuna or ray.")
        for part, names in UNDER_RAY.items():
            if self.driver == "ray" and (name := getattr(self, part).name) not in names:
                raise UsageError(f"hpo.driver=ray has no hpo.{part}.name={name}: take {', '.join(names)}.")

    def _check_numbers(self) -> None:
        if not 0 <= self.unseen < 1:
            raise UsageError(f"hpo.unseen={self.unseen} is no share of the validation rows: give 0 to below 1.")
        for name, least in {"workers": 1, "retries": 0, "lease_s": 1}.items():
            if getattr(self, name) < least:
                raise UsageError(f"hpo.{name}={getattr(self, name)} must be at least {least}.")
        if self.seed is not None and self.seed < 0:
            raise UsageError(f"hpo.seed={self.seed} is negative: choose a whole number from 0.")


def _check_storage(storage: str) -> None:
    if not storage or storage.startswith(ENVIRONMENT):
        return
    if "://" not in storage:
        raise UsageError(
            "hpo.storage is no URL: leave it empty for a journal, or give one such as postgresql://host/db."
        )
    if urlsplit(storage).password is not None:
        raise UsageError(
            "hpo.storage holds a password, which would be written into records: put the URL into an environment "
            "variable, and set hpo.storage=env:ITS_NAME."
        )
