"""LitGPT's `finetune lora`, called as a function.

Tried with LitGPT 0.5.13 (as in trl_sft.py: CPU seconds of a step on one busy thread, peak memory):

    micro-batches of 16, our order (rows of like length)   7.1 s  3.8 GB  best
    micro-batches of 4, our order                          8.4 s  2.2 GB

It neither packs rows nor sorts them by length, so it is given our order. Its script knows no clipping and another
schedule; both are put in below. The mean of its micro-batches' losses is not the mean over tokens, unless there is one
micro-batch. It has copies of the vocabulary's weights for both of their uses, and takes the logits of every position.
Long rows get micro-batches of 4, for the memory.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from common import IGNORED, Clock, Job
from litgpt.args import EvalArgs, TrainArgs
from litgpt.data import DataModule, get_sft_collate_fn
from litgpt.finetune import lora
from litgpt.prompts import Default
from litgpt.scripts.convert_lit_checkpoint import convert_lit_checkpoint
from safetensors.torch import save_file
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

NAME = "SmolLM2-135M-Instruct"
LORA = {f"lora_{part}": True for part in ("query", "key", "value", "projection", "mlp")}

job = Job.read()
best: dict[str, Any] = {"micro_batch_size": 4 if job.long else 16, "shuffle": False}
own = {**best, **job.settings}
clock = Clock()


class Clipped(torch.optim.AdamW):
    """AdamW that clips the global norm first, which LitGPT's script cannot, and ticks."""

    def step(self, closure: Any = None) -> Any:
        """One update."""
        torch.nn.utils.clip_grad_norm_([p for group in self.param_groups for p in group["params"]], job.clip)
        done = super().step(closure)
        clock.tick()
        return done


class Rows(DataModule):
    """The job's rows, as token ids."""

    def __init__(self) -> None:
        super().__init__()
        self.prompt_style = Default()
        self.size = 1

    def connect(self, tokenizer: Any = None, batch_size: int = 1, max_seq_length: int | None = None, **_: Any) -> None:
        """The size of a micro-batch."""
        self.size = batch_size

    def train_dataloader(self) -> DataLoader[Any]:
        """All rows, counted as they are collated."""
        collate = get_sft_collate_fn()

        def counting(samples: list[dict[str, Any]]) -> dict[str, Any]:
            labels = [sample["labels"] for sample in samples]
            clock.saw(sum(int((label != IGNORED).sum()) for label in labels), sum(map(len, labels)))
            return collate(samples)

        return DataLoader(samples, batch_size=self.size, shuffle=own["shuffle"], collate_fn=counting)

    def val_dataloader(self) -> DataLoader[Any]:
        """One row: the script insists on trying its validation."""
        return DataLoader(samples[:1], collate_fn=get_sft_collate_fn())


def sample(prompt: list[int], answer: list[int]) -> dict[str, Any]:
    """A row as LitGPT's SFTDataset gives it."""
    ids = torch.tensor(prompt + answer)
    labels = torch.tensor([IGNORED] * len(prompt) + answer)
    return {"input_ids": ids, "labels": labels, "token_counts": {"raw": len(ids), "raw_plus_prompt_template": len(ids)}}


samples = [sample(prompt, answer) for prompt, answer in job.samples()]
out = Path(job.out)
base = out / "lit" / NAME
shutil.copytree(job.base, base)
tool = str(Path(sys.executable).with_name("litgpt"))
subprocess.run([tool, "convert_to_litgpt", str(base), "--model_name", NAME], check=True)
# The script's own rise starts at a rate of 0 and its cosine ends there: everyone gets the same schedule.
lora.get_lr_scheduler = lambda optimizer, **_: LambdaLR(optimizer, lambda s: job.rates[min(s, job.steps - 1)])
# It reads its own command line again for the record that merging then reads.
options = {"lora_r": job.rank, "lora_alpha": job.alpha, "lora_dropout": 0.0, "precision": "32-true", **LORA}
sys.argv = ["litgpt", "finetune_lora", str(base), *(f"--{name}={value}".lower() for name, value in options.items())]
lora.setup(
    checkpoint_dir=base,
    out_dir=out / "litgpt",
    devices=1,
    data=Rows(),
    train=TrainArgs(
        global_batch_size=job.batch_size,
        micro_batch_size=own["micro_batch_size"],
        epochs=1,
        max_steps=job.steps,
        save_interval=None,
        log_interval=10**9,
        lr_warmup_steps=0,
    ),
    eval=EvalArgs(interval=10**9, max_new_tokens=1, max_iters=1, initial_validation=False, final_validation=False),
    optimizer={
        "class_path": "__main__.Clipped",
        "init_args": {
            "lr": job.lr,
            "betas": (job.beta1, job.beta2),
            "eps": job.eps,
            "weight_decay": job.weight_decay,
            "fused": True,
        },
    },
    seed=job.seed,
    **options,
)
weights = out / "weights"
convert_lit_checkpoint(out / "litgpt" / "final", weights)
tensors = torch.load(weights / "model.pth", weights_only=True)
tensors.pop("lm_head.weight")  # tied to the embeddings, and frozen like them
save_file(
    {name: tensor.contiguous() for name, tensor in tensors.items()}, weights / "model.safetensors", {"format": "pt"}
)
(weights / "model.pth").unlink()
shutil.copy(Path(job.base) / "config.json", weights)
shutil.rmtree(out / "lit")
shutil.rmtree(out / "litgpt")
clock.finish(job, packages=["litgpt", "torch", "lightning"], settings=own, weights=str(weights))
