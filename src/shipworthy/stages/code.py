"""Writes what each command's result depends on in the code: a small file per command, for the stages of dvc.yaml.

A comment, a docstring or a formatting changes none of them; an edit changes those of the commands that import it.
"""

from shipworthy.core.files import write_text
from shipworthy.core.groups import (
    AdapterConfig,
    ComputeConfig,
    DataConfig,
    EngineConfig,
    GeneralConfig,
    JudgeConfig,
    ModelConfig,
    ObjectiveConfig,
    OptimizerConfig,
    QuantConfig,
    ScheduleConfig,
    StrategyConfig,
    TaskConfig,
    TrackerConfig,
    TrainerConfig,
)
from shipworthy.core.lineage.lineage import lineage
from shipworthy.core.workspace import Workspace

COMMANDS = (
    "plan",
    "prepare",
    "baseline",
    "train",
    "evaluate",
    "general",
    "judge",
    "compress",
    "bench",
    "package",
    "report",
)


def run(
    *,
    task: TaskConfig,
    data: DataConfig,
    model: ModelConfig,
    adapter: AdapterConfig,
    objective: ObjectiveConfig,
    trainer: TrainerConfig,
    optimizer: OptimizerConfig,
    schedule: ScheduleConfig,
    strategy: StrategyConfig,
    general: GeneralConfig,
    judge: JudgeConfig,
    quant: QuantConfig,
    engine: EngineConfig,
    tracker: TrackerConfig,
    compute: ComputeConfig,
    workspace: Workspace,
) -> None:
    """Writes `code/<command>`: the digest, then each module and file with its hash."""
    groups = {
        "task": task,
        "data": data,
        "model": model,
        "adapter": adapter,
        "objective": objective,
        "trainer": trainer,
        "optimizer": optimizer,
        "schedule": schedule,
        "strategy": strategy,
        "general": general,
        "judge": judge,
        "quant": quant,
        "engine": engine,
        "tracker": tracker,
        "compute": compute,
    }
    for command in COMMANDS:
        write_text(workspace.root / "code" / command, lineage(command, groups).lines())
