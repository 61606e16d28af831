"""What the contenders of scripts/bench/train share: their job, the clock of their steps, and the count of their work.

Each contender is a process of its own, in its own environment, called with a job file; it trains on the job's rows and
leaves a result file. Python's standard library only: what needs torch is imported where it is used.
"""

import json
import resource
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

IGNORED = -100
"""The label of a token that is not supervised, as transformers and LitGPT have it."""

STEP = "benchmark step "
"""What the clock's lines begin with, by which the driver sees how far a contender is."""


@dataclass(frozen=True)
class Job:
    """What a contender is asked to do.

    Attributes:
        name: the contender's.
        base: folder of the base weights in Hugging Face layout.
        rows: JSON file, a list of {"prompt": ids, "answer": ids} in the order of our plan.
        out: folder for the weights and result.json.
        steps, batch_size: optimizer steps, and rows in each.
        lr: the highest rate; `rates` are the shares of it, step by step.
        clip: the largest global gradient norm.
        threads: CPU threads.
        settings: of the contender's own, instead of those that its script found best.
    """

    name: str
    base: str
    rows: str
    out: str
    steps: int
    batch_size: int
    lr: float
    rates: list[float]
    beta1: float
    beta2: float
    eps: float
    weight_decay: float
    clip: float
    rank: int
    alpha: int
    targets: list[str]
    seed: int
    threads: int
    settings: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """The job as a file that `read` understands."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read() -> "Job":
        """The job that this process was called with."""
        import torch

        job = Job(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
        torch.set_num_threads(job.threads)
        torch.manual_seed(job.seed)
        return job

    def samples(self) -> list[tuple[list[int], list[int]]]:
        """Prompt and answer of each row."""
        return [(row["prompt"], row["answer"]) for row in json.loads(Path(self.rows).read_text(encoding="utf-8"))]

    @property
    def long(self) -> bool:
        """Whether rows are so long that 16 of them at once would need more memory than most machines have."""
        return max(len(prompt) + len(answer) for prompt, answer in self.samples()) > 128

    def optimizer(self, parameters: Iterable[Any]) -> tuple[Any, Any]:
        """AdamW in its fused form, and its schedule."""
        import torch

        optimizer = torch.optim.AdamW(
            [p for p in parameters if p.requires_grad],
            lr=self.lr,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
            weight_decay=self.weight_decay,
            fused=True,
        )
        return self.scheduled(optimizer)

    def scheduled(self, optimizer: Any) -> tuple[Any, Any]:
        """An optimizer, and the schedule of its rates."""
        import torch

        # One rate more than steps: the schedule looks ahead after the last one.
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: self.rates[min(s, len(self.rates) - 1)])
        return optimizer, schedule


class Clock:
    """What is measured at the end of each optimizer step: the work of loading, waiting and bookkeeping is in it.

    Attributes:
        ends, cpu: when it was, and the seconds of CPU that the process had used by then.
        supervised, tokens: what the step saw.
        peak_memory_mb: the most resident memory that the process had at any moment until the last step's end.
    """

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.cpu: list[float] = []
        self.supervised: list[int] = []
        self.tokens: list[int] = []
        self.peak_memory_mb = 0.0
        self._pending = [0, 0]

    def saw(self, supervised: int, tokens: int) -> None:
        """Tokens of one micro-batch: supervised ones, and all (without padding)."""
        self._pending[0] += supervised
        self._pending[1] += tokens

    def tick(self) -> None:
        """The end of an optimizer step."""
        self.ends.append(time.perf_counter())
        self.cpu.append(time.process_time())
        self.supervised.append(self._pending[0])
        self.tokens.append(self._pending[1])
        self.peak_memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        self._pending = [0, 0]
        print(f"{STEP}{len(self.ends)}", flush=True)

    def finish(self, job: Job, *, packages: Sequence[str], settings: dict[str, Any], **found: Any) -> None:
        """Writes result.json.

        Args:
            packages: whose versions belong in the report.
            found: `adapter` (a PEFT folder) or `weights` (a Hugging Face folder), and what else is to be told.
        """
        result = {
            "ends": self.ends,
            "cpu": self.cpu,
            "supervised": self.supervised,
            "tokens": self.tokens,
            "peak_memory_mb": self.peak_memory_mb,
            "settings": settings,
            "versions": {name: version(name) for name in packages},
            **found,
        }
        (Path(job.out) / "result.json").write_text(json.dumps(result), encoding="utf-8")


def timed(result: dict[str, Any], warm: int) -> dict[str, float]:
    """Speeds of the steps after the warm ones, of which there must be at least one, for it starts the clock.

    Returns:
        step_s: median seconds of a step; total_s: of all timed steps; supervised_per_s, tokens_per_s: over `total_s`.
    """
    ends = result["ends"]
    if not 1 <= warm < len(ends):
        raise ValueError(f"{warm} warm steps of {len(ends)}: at least one, and at least one more to time.")
    seconds = sorted(after - before for before, after in zip(ends[warm - 1 :], ends[warm:], strict=False))
    middle = len(seconds) // 2
    median = seconds[middle] if len(seconds) % 2 else (seconds[middle - 1] + seconds[middle]) / 2
    total = ends[-1] - ends[warm - 1]
    return {
        "step_s": median,
        "total_s": total,
        "supervised_per_s": sum(result["supervised"][warm:]) / total,
        "tokens_per_s": sum(result["tokens"][warm:]) / total,
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The contenders below one another; `error` instead of numbers where one did not run."""
    head = ("contender", "answer tok/s", "all tok/s", "s/step", "total s", "peak MB", "val loss")
    lines = [head]
    for row in rows:
        if "error" in row:
            continue
        lines.append(
            (
                row["name"],
                f"{row['supervised_per_s']:.1f}",
                f"{row['tokens_per_s']:.0f}",
                f"{row['step_s']:.2f}",
                f"{row['total_s']:.1f}",
                f"{row['peak_memory_mb']:.0f}",
                f"{row['validation_loss']:.4f}",
            )
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    text = ["  ".join(c.ljust(w) if not i else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True)))
            for line in lines]  # fmt: skip
    return "\n".join([*text, *(f"{row['name']}: not run: {row['error']}" for row in rows if "error" in row)])
