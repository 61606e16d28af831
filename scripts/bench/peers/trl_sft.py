"""TRL's SFTTrainer.

Tried with TRL 1.16.0 (CPU seconds of a step of 16 rows, mean of steps 2 to 4, and peak memory; one thread, on a machine
with other work, so that two tries of one setting differ by up to a tenth):

    sampling random                                     12.8 s  4.4 GB
    group_by_length                              11.5 and 12.3 s  4.3 GB
    group_by_length, padding_free                       12.3 s  3.7 GB
    packing bfd, packs of 672 tokens                    10.3 s  3.6 GB
    batch_rebalance, micro-batches of 8                 11.3 s  2.6 GB
    batch_rebalance, micro-batches of 4                  9.3 s  1.9 GB  best
    batch_rebalance, micro-batches of 4, padding_free   10.5 s  1.9 GB
    batch_rebalance, micro-batches of 2                 10.9 s  1.6 GB
    micro-batches of 4, torch_compile        no step within 5 minutes

Without padding the loss is the same: transformers masks the rows from one another in sdpa too. Packing `wrapped` cuts
rows apart and lets them see one another. `loss_type="chunked_nll"` is the default's old name: in tiles, but on a CPU
for every position, supervised or not; `dft` is another loss, and with `compute_loss_func` the network runs twice.
Liger's kernels are Triton's, for GPUs. Gradient checkpointing, on by default, is off. Its entropy and accuracy of each
step can't be switched off. Nothing waits for data, so there are no worker processes.

With 500 tokens more in each row (a step of 4 rows): a micro-batch of 4 takes 35.9 s and 8.8 GB, four of 1 take 36.0 s
and 3.1 GB, which is taken.
"""

from typing import Any

from common import Clock, Job
from datasets import Dataset
from huggingface import Ends, arguments, counted, finish, network
from transformers import AutoTokenizer
from trl import SFTConfig, SFTTrainer

job = Job.read()
micro = 1 if job.long else 4
best: dict[str, Any] = {
    "train_sampling_strategy": "batch_rebalance",
    "per_device_train_batch_size": micro,
    "gradient_accumulation_steps": job.batch_size // micro,
}
own = {"max_length": None, **best, **job.settings}
attention = own.pop("attention", "sdpa")
samples = job.samples()
data = {
    "input_ids": [prompt + answer for prompt, answer in samples],
    "completion_mask": [[0] * len(prompt) + [1] * len(answer) for prompt, answer in samples],
}
if own.get("train_sampling_strategy") in ("group_by_length", "batch_rebalance"):
    data["length"] = [len(prompt) + len(answer) for prompt, answer in samples]
clock, model = Clock(), network(job, attention)
trainer = counted(SFTTrainer, clock)(
    model=model,
    args=SFTConfig(**arguments(job, {"completion_only_loss": True, **own})),
    train_dataset=Dataset.from_dict(data),
    processing_class=AutoTokenizer.from_pretrained(job.base),
    optimizers=job.optimizer(model.parameters()),
    callbacks=[Ends(clock)],
)
trainer.train()
finish(job, clock, model, {**own, "attention": attention}, ["trl", "datasets"])
