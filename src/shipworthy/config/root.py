"""The root config: one field for each group, and what belongs to no group."""

from dataclasses import dataclass, fields

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import (
    AblationConfig,
    AdapterConfig,
    ComputeConfig,
    DataConfig,
    EngineConfig,
    GeneralConfig,
    HpoConfig,
    JudgeConfig,
    ModelConfig,
    NetworkConfig,
    ObjectiveConfig,
    OptimizerConfig,
    QuantConfig,
    ScheduleConfig,
    StrategyConfig,
    TaskConfig,
    TrackerConfig,
    TrainerConfig,
)
from shipworthy.core.schema import MISSING, SCHEMAS, Schema


@dataclass
class Config:
    """The whole pipeline in one config.

    Attributes:
        seed: the seed of everything that draws (a whole number from 0).
        workspace: the folder of the pipeline's artifacts, relative to the project's root.
        sample: train on a share of the rows (`1%`) or a number of them (`500`), and say what the whole would take.
        preflight: `on` (checks before a new run), `only` (checks, no run) or `off`.
        resume: `auto` (go on if there is something to go on from), `never` (begin anew) or `must`.
        validation_share: share of the validation rows that a training may see (above 0, at most 1); a campaign leaves
            the rest unseen until its winner stands.
        note: why this run is made: a hypothesis, in a sentence; kept with the run.
    """

    task: TaskConfig = MISSING
    data: DataConfig = MISSING
    model: ModelConfig = MISSING
    adapter: AdapterConfig = MISSING
    objective: ObjectiveConfig = MISSING
    trainer: TrainerConfig = MISSING
    optimizer: OptimizerConfig = MISSING
    schedule: ScheduleConfig = MISSING
    strategy: StrategyConfig = MISSING
    general: GeneralConfig = MISSING
    judge: JudgeConfig = MISSING
    quant: QuantConfig = MISSING
    engine: EngineConfig = MISSING
    tracker: TrackerConfig = MISSING
    compute: ComputeConfig = MISSING
    network: NetworkConfig = MISSING
    hpo: HpoConfig = MISSING
    ablation: AblationConfig = MISSING
    seed: int = 17
    workspace: str = "artifacts"
    sample: str = ""
    preflight: str = "on"
    resume: str = "auto"
    validation_share: float = 1.0
    note: str = ""

    def __post_init__(self) -> None:
        """Refuses combinations that cannot work; each part refuses its own in its own `__post_init__`."""
        self._check_own()
        self._check_model()
        ignored = self.trainer.ignores if isinstance(self.trainer, TrainerConfig) else {}
        for name, part in self.groups().items():
            if name in ignored:
                continue
            for group, wanted in part.needs.items():
                chosen: Schema = getattr(self, group)
                if not chosen.fits(wanted):
                    fit = sorted(kind for kind, cls in SCHEMAS[group].items() if cls.fits(wanted))
                    raise UsageError(
                        f"{name} '{part.kind}' needs {group} to be {' or '.join(fit)}, not '{chosen.kind}': "
                        f"change one of the two, or take a whole recipe with experiment=NAME."
                    )
            self._check_excluded(name, part)
        self._check_ignored()

    def _check_excluded(self, name: str, part: Schema) -> None:
        """What a part cannot be combined with in the settings of others."""
        for key, (values, why) in part.excludes.items():
            group, _, setting = key.partition(".")
            if (value := getattr(getattr(self, group), setting, None)) in values:
                raise UsageError(
                    f"{name} '{part.kind}' does not go with {key}={str(value).lower()}: {why}, or take another {name}."
                )

    def _check_ignored(self) -> None:
        """What the trainer does not read is as it usually is."""
        if not isinstance(self.trainer, TrainerConfig):
            return
        for group, usual in self.trainer.ignores.items():
            chosen: Schema = getattr(self, group)
            if chosen.kind != usual or chosen != type(chosen)():
                raise UsageError(
                    f"{group} '{chosen.kind}', as it is set, has no effect with trainer '{self.trainer.kind}': leave "
                    f"{group} out."
                )

    def _check_own(self) -> None:
        """What belongs to no group."""
        if self.seed < 0:
            raise UsageError(f"seed={self.seed} is negative: choose a whole number from 0.")
        if not 0 < self.validation_share <= 1:
            raise UsageError(f"validation_share={self.validation_share} is no share: give more than 0 and at most 1.")
        for name, choices in {"preflight": ("on", "only", "off"), "resume": ("auto", "never", "must")}.items():
            if (value := getattr(self, name)) not in choices:
                raise UsageError(f"{name}={value} must be one of {', '.join(choices)}.")
        if self.sample and isinstance(self.trainer, TrainerConfig) and not hasattr(self.trainer, "steps"):
            raise UsageError(
                f"sample={self.sample} needs a trainer that makes steps, not '{self.trainer.kind}': leave it out."
            )

        if self.sample and getattr(self.trainer, "continue_from", ""):
            raise UsageError(
                f"sample={self.sample} sees other rows than the run that trainer.continue_from names: leave one out."
            )

    def _check_model(self) -> None:
        """The model against the task, and the judge against what the task asks of one."""
        if isinstance(self.model, ModelConfig) and self.task.kind not in self.model.learns:
            learned = " or ".join(self.model.learns)
            other = ", with another model.objective" if self.task.kind in type(self.model).tasks else ""
            raise UsageError(
                f"model '{self.model.kind}', as it is set, learns {learned}, and the task is {self.task.kind}: choose "
                f"another model{other}, or take a whole recipe with experiment=NAME."
            )
        if isinstance(self.task, TaskConfig) and (setting := self.task.asks_judge) and self.judge.kind == "none":
            raise UsageError(f"{setting} needs a judge: choose judge=openai or judge=local, or drop it.")

    def groups(self) -> dict[str, Schema]:
        """Group → its config."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Schema)}


GROUPS = [f.name for f in fields(Config) if isinstance(f.type, type) and issubclass(f.type, Schema)]
"""Those of its fields that are config groups."""
