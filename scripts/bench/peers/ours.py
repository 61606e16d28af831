"""shipworthy: the functions that its trainer calls at each step, with nothing around them.

Tried (supervised tokens/s and peak memory; 2 threads, 8 to 12 steps of 16 rows, on a quiet machine):

    micro-batches of 8, two side by side   32.3   2.0 GB  best, 65% of a matrix product's rate (63% to 71% by the run)
    micro-batches of 4, two side by side   27.7   1.75 GB
    micro-batches of 6 (6, 6 and 4)        25.8   1.8 GB  one of them finds no partner
    micro-batches of 8, one malloc arena   29.5   1.93 GB

What limits it, of a pack's time on one thread: matrix products 70%, elementwise 11% (norms, SiLU, rotation, the
residuals), Python and autograd 7%, moving and allocating 7%, attention 4%, loss 1%. The products themselves run at 55
GFLOP/s, where two threads did 127 to 144 on large matrices: with a few hundred rows and 576 or 1,536 columns they are
small, and LoRA's, of rank 16, are smaller. Done against it already: the fused layers of models/adapters/fused.py (no
product for frozen weights, A x kept, the gated block's activation made again), the projection of supervised tokens
only, one pack per core. Longer rows do better: 68% behind 500 shared tokens.
"""

from pathlib import Path
from typing import Any

import torch
from common import Clock, Job
from spent import shares

from shipworthy.models.adapters.build import build as build_adapter
from shipworthy.models.adapters.network import trained_of
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm.flops import FlopCounter
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, pack
from shipworthy.train.lightning.batch_plan import micro_batches
from shipworthy.train.lightning.gradients import gradients
from shipworthy.train.optimizers.build import build as build_optimizer
from shipworthy.train.optimizers.schema import AdamW

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
)
optimizer, schedule = job.scheduled(build_optimizer(trained_of(network).items(), rule))
rows = [Row(prompt, answer) for prompt, answer in job.samples()]
clock, losses, operations = Clock(), [], []
counter = FlopCounter(network.get_base_model())
for step in range(job.steps):
    batch = range(step * job.batch_size, (step + 1) * job.batch_size)
    packs = [
        pack([rows[i] for i in part], share=own["share"]) for part in micro_batches(batch, own["micro_batch_size"])
    ]
    supervised = sum(rows[i].supervised for i in batch)
    loss, found = gradients(network.get_base_model(), packs, parameters, supervised, workers)
    for parameter, gradient in zip(parameters, found, strict=True):
        parameter.grad = gradient
    torch.nn.utils.clip_grad_norm_(parameters, job.clip)
    optimizer.step()
    schedule.step()
    optimizer.zero_grad()
    losses.append(loss)
    operations.append(counter.of(p.shape for p in packs))
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
