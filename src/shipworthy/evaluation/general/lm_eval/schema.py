"""Benchmarks in the format of lm-evaluation-harness."""

from collections.abc import Mapping
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import GeneralConfig
from shipworthy.core.schema import MISSING, schema
from shipworthy.core.validation import above, at_least, one_of

DTYPES = ("float32", "bfloat16", "float16")


@schema("general", "lm_eval")
class LmEval(GeneralConfig):
    """EleutherAI's lm-evaluation-harness, in an environment of its own (toolchains/lm_eval).

    Attributes:
        tasks: names of tasks, groups or tags: those of `include_path`, or the harness's own.
        include_path: folder with YAML files of tasks, from the project's root, as are the data files that they name.
        limit: documents of each task, the first ones (0: all).
        num_fewshot: examples before each question (null: as the task says).
        batch_size: requests that are computed at once.
        apply_chat_template: whether a prompt is put as a user's turn, by the template of the model's tokenizer.
        dtype: in which the weights are loaded: float32, bfloat16 or float16.
        margin: how much of a score may be lost (a share, above 0; 0.02: two points).
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"model": ("causal_lm",)}

    tasks: list[str] = MISSING
    include_path: str = MISSING
    watched: str = "${.include_path}"
    limit: int = 0
    num_fewshot: int | None = None
    batch_size: int = 8
    apply_chat_template: bool = False
    dtype: str = "float32"
    margin: float = 0.02

    def __post_init__(self) -> None:
        if not self.tasks or len(set(self.tasks)) < len(self.tasks):
            raise UsageError(f"general.tasks={self.tasks}: name at least one task, each once.")
        if not self.include_path:
            raise UsageError("general.include_path is empty: name the folder of your tasks' YAML files.")
        at_least("general.batch_size", self.batch_size, 1)
        above("general.margin", self.margin, 0)
        one_of("general.dtype", self.dtype, DTYPES)
