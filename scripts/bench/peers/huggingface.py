"""What the two contenders on Hugging Face's Trainer share: PEFT's network, the clock, and how the weights are left."""

from pathlib import Path
from typing import Any

import torch
from common import IGNORED, Clock, Job
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, TrainerCallback
from transformers.trainer_pt_utils import BatchRebalanceSampler
from transformers.utils.logging import disable_progress_bar

disable_progress_bar()


def network(job: Job, attention: str = "sdpa") -> PeftModel:
    """The base in float32 with LoRA on its linear layers; the same first weights as ours, for the seed is the same."""
    base = AutoModelForCausalLM.from_pretrained(job.base, dtype=torch.float32, attn_implementation=attention)
    torch.manual_seed(job.seed)
    config = LoraConfig(
        r=job.rank, lora_alpha=job.alpha, lora_dropout=0.0, target_modules=job.targets, task_type="CAUSAL_LM"
    )
    return get_peft_model(base, config)


def arguments(job: Job, own: dict[str, Any]) -> dict[str, Any]:
    """Arguments of Trainer and SFTTrainer: nothing is logged, saved or evaluated while the clock runs."""
    return {
        "output_dir": str(Path(job.out) / "trainer"),
        "per_device_train_batch_size": job.batch_size,
        "num_train_epochs": 1,
        "max_grad_norm": job.clip,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "dataloader_pin_memory": False,
        "logging_strategy": "no",
        "save_strategy": "no",
        "eval_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "seed": job.seed,
        **own,
    }


class Ends(TrainerCallback):
    """Ticks at the end of each optimizer step."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """Called by the trainer, after the optimizer."""
        self.clock.tick()


def counted(trainer: type, clock: Clock) -> type:
    """The trainer's class, with the tokens of each micro-batch counted, and each step's rows those of the job.

    How rows are put together within a step stays the sampler's. Without this the losses of so few steps would differ
    for the order alone, by several per cent.
    """

    class Counted(trainer):  # type: ignore[misc]
        def _get_train_sampler(self, *given: Any) -> Any:
            sampler = super()._get_train_sampler(*given)
            if isinstance(sampler, BatchRebalanceSampler):
                sampler.shuffle = False
            return sampler

        def training_step(self, model: Any, inputs: dict[str, Any], *rest: Any, **more: Any) -> Any:
            labels = inputs["labels"]
            mask = inputs.get("attention_mask")
            clock.saw(int((labels != IGNORED).sum()), int(mask.sum()) if mask is not None else labels.numel())
            return super().training_step(model, inputs, *rest, **more)

    return Counted


def finish(job: Job, clock: Clock, trained: PeftModel, settings: dict[str, Any], packages: list[str]) -> None:
    """Leaves the adapter and the result."""
    adapter = Path(job.out) / "adapter"
    trained.save_pretrained(str(adapter), save_embedding_layers=False)
    clock.finish(job, packages=[*packages, "torch", "transformers", "peft", "accelerate"], settings=settings,
                 adapter=str(adapter))  # fmt: skip
