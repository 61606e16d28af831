"""shipworthy: the functions that its trainer calls at each step, with nothing around them."""

from pathlib import Path
from typing import Any

import torch
from common import Clock, Job
from spent import shares

from shipworthy.models.causal_lm.flops import Work
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, pack
from shipworthy.train.adapters.build import build as build_adapter
from shipworthy.train.adapters.schema import Lora
from shipworthy.train.lightning.gradients import gradients
from shipworthy.train.lightning.order import micro_batches
from shipworthy.train.optimizers import build as build_optimizer
from shipworthy.train.schema import AdamW

# As conf/trainer has them: one pack for each of two cores, side by side. Workers 0: as many as threads.
BEST: dict[str, Any] = {"micro_batch_size": 8, "workers": 0, "share": True}

job = Job.read()
own = {**BEST, **job.settings}
workers = own["workers"] or job.threads
network = build_adapter(load_network(Path(job.base)), Lora(rank=job.rank, alpha=job.alpha), job.seed).train()
parameters = [p for p in network.parameters() if p.requires_grad]
rule = AdamW(
    lr=job.lr,
    beta1=job.beta1,
    beta2=job.beta2,
    eps=job.eps,
    weight_decay=job.weight_decay,
    warmup=job.warmup,
    floor=job.floor,
)
optimizer, schedule = build_optimizer(parameters, rule, job.steps)
rows = [Row(prompt, answer) for prompt, answer in job.samples()]
clock, losses, operations = Clock(), [], []
work = Work(network.get_base_model())
for step in range(job.steps):
    batch = range(step * job.batch_size, (step + 1) * job.batch_size)
    packs = [
        pack([rows[i] for i in part], share=own["share"]) for part in micro_batches(batch, own["micro_batch_size"])
    ]
    supervised = sum(len(rows[i].answer) for i in batch)
    loss, found = gradients(network.get_base_model(), packs, parameters, supervised, workers)
    for parameter, gradient in zip(parameters, found, strict=True):
        parameter.grad = gradient
    torch.nn.utils.clip_grad_norm_(parameters, job.clip)
    optimizer.step()
    schedule.step()
    optimizer.zero_grad()
    losses.append(loss)
    operations.append(work.of(packs))
    clock.saw(supervised, sum(len(rows[i]) for i in batch))
    clock.tick()
pack_of_last = packs[0]
profiled = shares(lambda: gradients(network.get_base_model(), [pack_of_last], parameters, supervised))
adapter = Path(job.out) / "adapter"
network.save_pretrained(str(adapter), save_embedding_layers=False)
clock.finish(
    job,
    packages=["shipworthy", "torch", "transformers", "peft"],
    settings={**own, "workers": workers},
    adapter=str(adapter),
    losses=losses,
    operations=operations,
    profile=profiled,
)
