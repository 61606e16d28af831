"""Trains by TRL's SFTTrainer, on rows that are tokens already, in the order in which they stand.

Loading, adapter, optimizer and schedule are the project's own functions, on whose environment this one stands; loss,
steps, validation and checkpoints are TRL's.

argv: a file with {"parent", "base", "name", "out", "train", "validation", "adapter", "optimizer", "schedule",
    "precision", "steps", "batch_size", "micro_batch_size", "validate_every", "keep", "clip",
    "activation_checkpointing", "threads", "seed"}.
stdout: a line {"step", …} of numbers for each step and each validation; at the end {"best": step}.
out/: checkpoint-N, TRL's own; at the end `best` (of the lowest validation loss) and history.json, what it logged.
Exit 75: it was asked to stop, or its parent is gone, and its step is saved.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import torch
from datasets import Dataset
from transformers import AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer

from shipworthy.core.extensions import import_schemas
from shipworthy.core.schema import SCHEMAS, from_plain
from shipworthy.models import parquet
from shipworthy.models.adapters.build import attach
from shipworthy.models.adapters.network import save, trained_of
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.precision import PRECISIONS, allow_tf32
from shipworthy.train.optimizers.build import build as build_optimizer
from shipworthy.train.schedules.build import build as build_schedule

STOPPED = 75  # EX_TEMPFAIL of sysexits.h
SAID, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints is none of the lines
asked = []


def say(**line):
    print(json.dumps(line), file=SAID, flush=True)


def configured(group, value):
    return from_plain(SCHEMAS[group][value["kind"]], value, group)


def network_of(job):
    """The network as the project's own trainer begins with it, in transformers' own forward pass."""
    precision = PRECISIONS[job["precision"]]
    allow_tf32(precision)
    network = load_network(Path(job["base"]), dtype=precision.weights)
    torch.manual_seed(job["seed"])
    network = attach(network, configured("adapter", job["adapter"]))
    network.set_attn_implementation("sdpa")
    return network.train()


def rows_of(path):
    """Tokens, and labels of those that are predicted."""
    return Dataset.from_dict(parquet.read(Path(path)).to_dict(as_series=False))


class Timed(SFTTrainer):
    """Notes beside each step how long it took and what memory it needed."""

    ended = 0.0

    def log(self, logs, start_time=None):
        if "loss" in logs:
            logs["step_s"] = time.monotonic() - self.ended
            logs["memory_mb"] = psutil.Process().memory_info().rss / 1e6
        super().log(logs, start_time)
        say(step=self.state.global_step, **{key: value for key, value in logs.items() if isinstance(value, float)})
        self.ended = time.monotonic()


class Stops(TrainerCallback):
    """Validates the last step, whichever it is; saves and ends where that is asked for, or where the parent is gone."""

    def __init__(self, parent):
        self.parent = parent

    def on_step_end(self, args, state, control, **_):
        if state.global_step >= state.max_steps:
            control.should_evaluate = control.should_save = True
        elif asked or os.getppid() != self.parent:
            asked.append("parent")
            control.should_save = control.should_training_stop = True


def settings(job):
    """The job as TRL calls it."""
    return SFTConfig(
        output_dir=job["out"],
        max_steps=job["steps"],
        per_device_train_batch_size=job["micro_batch_size"],
        per_device_eval_batch_size=job["micro_batch_size"],
        gradient_accumulation_steps=job["batch_size"] // job["micro_batch_size"],
        max_grad_norm=job["clip"],
        train_sampling_strategy="sequential",
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        eval_strategy="steps",
        eval_steps=job["validate_every"],
        save_strategy="steps",
        save_steps=job["validate_every"],
        save_total_limit=job["keep"],
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        gradient_checkpointing=job["activation_checkpointing"] == "full",
        bf16=PRECISIONS[job["precision"]].products == torch.bfloat16,
        fp16=PRECISIONS[job["precision"]].products == torch.float16,
        tf32=PRECISIONS[job["precision"]].tf32 or None,
        seed=job["seed"],
        logging_steps=1,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
    )


def newest(out):
    """TRL's newest whole checkpoint (None: there is none); it writes trainer_state.json last."""
    found = [path.parent for path in Path(out).glob("checkpoint-*/trainer_state.json")]
    return str(max(found, key=lambda path: int(path.name.rpartition("-")[2]))) if found else None


def main():
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, lambda number, _: asked.append(number))
    torch.set_num_threads(job["threads"])
    import_schemas()
    network = network_of(job)
    optimizer = build_optimizer(trained_of(network).items(), configured("optimizer", job["optimizer"]))
    trainer = Timed(
        model=network,
        args=settings(job),
        train_dataset=rows_of(job["train"]),
        eval_dataset=rows_of(job["validation"]),
        processing_class=AutoTokenizer.from_pretrained(job["base"]),
        optimizers=(optimizer, build_schedule(optimizer, configured("schedule", job["schedule"]), job["steps"])),
        callbacks=[Stops(job["parent"])],
    )
    trainer.ended = time.monotonic()
    trainer.train(resume_from_checkpoint=newest(job["out"]))
    if asked:
        return STOPPED
    out = Path(job["out"])
    save(trainer.accelerator.unwrap_model(trainer.model), out / "best", job["name"])
    (out / "history.json").write_text(json.dumps(trainer.state.log_history), encoding="utf-8")
    say(best=int(Path(trainer.state.best_model_checkpoint).name.rpartition("-")[2]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
