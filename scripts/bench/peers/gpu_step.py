"""One contender of scripts/bench/gpu on one case: a process of its own, so that memory and compilation are its own.

Called with a case file; writes the result beside it. All train the same network with random weights in bf16, on the
same rows of one length, with AdamW and clipping; what is timed are whole steps.
"""

import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedModel

from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.network import base_of, trained_of
from shipworthy.models.adapters.schema import Lora, NoAdapter
from shipworthy.models.causal_lm import attention
from shipworthy.models.causal_lm.fitness import make_batch, settle
from shipworthy.models.causal_lm.flops import FlopCounter
from shipworthy.models.causal_lm.packed import Pack, Row
from shipworthy.models.causal_lm.padded import pad
from shipworthy.models.precision import PRECISIONS
from shipworthy.train.lightning.gradients import gradients
from shipworthy.train.optimizers.build import build as build_optimizer
from shipworthy.train.optimizers.schema import AdamW

IGNORED, SEED, CLIP, RATE = -100, 17, 1.0, 1e-4
RANK, ALPHA = 16, 32
LINEAR = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]
BF16 = PRECISIONS["bf16"]


@dataclass(frozen=True)
class Case:
    """What a contender is asked to do.

    Attributes:
        who: the contender, a key of CONTENDERS.
        shape: of the Llama, as LlamaConfig takes it.
        adapter: `lora` or `none` (all weights).
        length, prefix: tokens of each row, and those at its start that all rows share.
        rows: of a step.
        warm, timed: steps.
        device: cuda or cpu.
    """

    who: str
    shape: dict[str, Any]
    adapter: str
    length: int
    prefix: int
    rows: int
    warm: int
    timed: int
    device: str

    def samples(self) -> list[Row]:
        """The rows; a quarter of each is its answer."""
        draw = torch.Generator().manual_seed(SEED)

        def tokens(count: int) -> list[int]:
            drawn: list[int] = torch.randint(3, self.shape["vocab_size"], (count,), generator=draw).tolist()
            return drawn

        shared, answer = tokens(self.prefix), self.length // 4
        return [Row([*shared, *tokens(self.length - self.prefix - answer)], tokens(answer)) for _ in range(self.rows)]

    def network(self) -> PreTrainedModel:
        """Random weights, drawn where they are computed."""
        torch.manual_seed(SEED)
        with torch.device(self.device):
            made = AutoModelForCausalLM.from_config(LlamaConfig(**self.shape), dtype=BF16.weights)
        assert isinstance(made, PreTrainedModel)
        return made

    def with_peft(self) -> Any:
        """The network as PEFT leaves it, without anything of ours."""
        from peft import LoraConfig, get_peft_model

        if self.adapter == "none":
            return self.network()
        settings = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=LINEAR, task_type="CAUSAL_LM")
        return get_peft_model(self.network(), settings)


class Clock:
    """Ends of steps, with their losses."""

    def __init__(self, device: str) -> None:
        self.device, self.ends = torch.device(device), [time.perf_counter()]
        self.losses: list[float] = []

    def tick(self, loss: float) -> None:
        """A step is done; what it asked of a GPU, too."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        self.ends.append(time.perf_counter())
        self.losses.append(loss)

    def result(self, case: Case, operations: float, how: str) -> dict[str, Any]:
        """What is written.

        Args:
            operations: of a step, as many as its result needs.
            how: in words.
        """
        seconds = [after - before for before, after in zip(self.ends, self.ends[1:], strict=False)]
        step = statistics.median(seconds[case.warm :])
        on_gpu = self.device.type == "cuda"
        peak = (
            torch.cuda.max_memory_allocated() if on_gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        )
        return {
            **asdict(case),
            "step_s": step,
            "tokens_per_s": case.rows * case.length / step,
            "peak_mb": peak / 1e6,
            "operations_per_s": operations / step,
            "first_loss": self.losses[0],
            "how": how,
        }


def ours(case: Case) -> dict[str, Any]:
    """Our step: a pack behind the shared prefix, where the network is fit for it, fused LoRA, our optimizer."""
    base = case.network()
    attention.install(base)
    network = build(base, Lora(rank=RANK, alpha=ALPHA) if case.adapter == "lora" else NoAdapter(), SEED, BF16).train()
    settle(base_of(network), "auto")
    named = trained_of(network)
    trained, optimizer = list(named.values()), build_optimizer(named.items(), AdamW(lr=RATE))
    batch = make_batch(base_of(network), case.samples()).to(base.device)
    clock = Clock(case.device)
    for _ in range(case.warm + case.timed):
        loss, found = gradients(base_of(network), [batch], trained, len(batch.target_N), 1, BF16)
        norm = float(torch.stack(torch._foreach_norm(found)).norm())
        torch._foreach_mul_(found, min(1.0, CLIP / (norm + 1e-6)))
        for weight, gradient in zip(trained, found, strict=True):
            weight.grad = gradient.to(weight.dtype)
        optimizer.step()
        optimizer.zero_grad()
        clock.tick(loss)
    how = f"packs behind {case.prefix} shared tokens" if isinstance(batch, Pack) else "rows side by side"
    return clock.result(case, FlopCounter(base_of(network)).of([batch.shape]), how)


def plain(case: Case) -> dict[str, Any]:
    """Transformers' own forward pass and loss, with PEFT, under autocast as its Trainer computes in bf16."""
    network = case.with_peft().train()
    ids_BL, labels_BL = _batch(case)
    trained = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=RATE, weight_decay=0.0, fused=True)
    clock = Clock(case.device)
    for _ in range(case.warm + case.timed):
        with torch.autocast(case.device, dtype=torch.bfloat16):
            loss = network(input_ids=ids_BL, labels=labels_BL, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, CLIP)
        optimizer.step()
        optimizer.zero_grad()
        clock.tick(float(loss.detach()))
    return clock.result(case, _operations(case, network), "transformers and PEFT, sdpa, AdamW fused")


def trl(case: Case) -> dict[str, Any]:
    """TRL's SFTTrainer, on a GPU with Liger's kernels."""
    from datasets import Dataset
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    pad_token, eos_token, unknown = marks = ("<pad>", "<eos>", "<unk>")
    words = models.WordLevel({mark: place for place, mark in enumerate(marks)}, unk_token=unknown)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(words), pad_token=pad_token, eos_token=eos_token)
    steps, clock = case.warm + case.timed, Clock(case.device)

    class Ends(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            clock.tick(float("nan"))

    rows = [row for _ in range(steps) for row in case.samples()]
    data = {
        "input_ids": [[*row.prompt, *row.answer] for row in rows],
        "completion_mask": [[0] * len(row.prompt) + [1] * len(row.answer) for row in rows],
    }
    with tempfile.TemporaryDirectory() as out:
        trainer = SFTTrainer(
            model=case.with_peft(),
            args=SFTConfig(
                output_dir=out,
                max_steps=steps,
                per_device_train_batch_size=case.rows,
                max_length=None,
                completion_only_loss=True,
                learning_rate=RATE,
                max_grad_norm=CLIP,
                optim="adamw_torch_fused",
                bf16=True,
                use_cpu=case.device == "cpu",
                use_liger_kernel=case.device == "cuda",
                gradient_checkpointing=False,
                logging_strategy="no",
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
            ),
            train_dataset=Dataset.from_dict(data),
            processing_class=tokenizer,
            callbacks=[Ends()],
        )
        clock.ends = [time.perf_counter()]
        trainer.train()
    kernels = "Liger's kernels" if case.device == "cuda" else "without Liger's kernels, which are a GPU's"
    return clock.result(case, _operations(case, trainer.model), f"SFTTrainer, {kernels}")


CONTENDERS: dict[str, Callable[[Case], dict[str, Any]]] = {"shipworthy": ours, "transformers": plain, "TRL": trl}


def _batch(case: Case) -> Iterator[torch.Tensor]:
    """Token ids and labels of all rows, which have one length: ids_BL, labels_BL."""
    rows = case.samples()
    yield torch.tensor([[*row.prompt, *row.answer] for row in rows], device=case.device)
    yield torch.tensor([[IGNORED] * len(row.prompt) + list(row.answer) for row in rows], device=case.device)


def _operations(case: Case, network: Any) -> float:
    """Of a step whose rows are computed one by one."""
    base = network.get_base_model() if hasattr(network, "get_base_model") else network
    return FlopCounter(base).of([pad(case.samples()).shape])


def main() -> None:
    """Reads the case, writes the result."""
    path = Path(sys.argv[1])
    case = Case(**json.loads(path.read_text(encoding="utf-8")))
    result = CONTENDERS[case.who](case)
    path.with_name("result.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
