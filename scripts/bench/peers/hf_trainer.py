"""Hugging Face's Trainer with PEFT.

Tried with transformers 5.23.0 (as in trl_sft.py: CPU seconds of a step on one busy thread, peak memory):

    group_by_length, padded to the longest                      10.2 s  3.9 GB
    group_by_length, flat: without padding, behind one another   8.3 s  3.3 GB
    batch_rebalance, micro-batches of 4                          8.0 s  1.7 GB  best
    batch_rebalance, micro-batches of 4, flat                    8.5 s  1.8 GB

Its loss takes the logits of every position. Long rows: as TRL.
"""

from typing import Any

from common import IGNORED, Clock, Job
from huggingface import Ends, arguments, counted, finish, network
from transformers import AutoTokenizer, DataCollatorForSeq2Seq, DataCollatorWithFlattening, Trainer, TrainingArguments

job = Job.read()
micro = 1 if job.long else 4
best: dict[str, Any] = {
    "train_sampling_strategy": "batch_rebalance",
    "per_device_train_batch_size": micro,
    "gradient_accumulation_steps": job.batch_size // micro,
}
own = {**best, **job.settings}
attention, flat = own.pop("attention", "sdpa"), own.pop("flat", False)
data = [{"input_ids": prompt + answer, "labels": [IGNORED] * len(prompt) + answer} for prompt, answer in job.samples()]
tokenizer = AutoTokenizer.from_pretrained(job.base)
clock, model = Clock(), network(job, attention)
trainer = counted(Trainer, clock)(
    model=model,
    args=TrainingArguments(**arguments(job, {"remove_unused_columns": False, **own})),
    train_dataset=data,
    processing_class=tokenizer,
    # The first pads rows and labels to the batch's longest; the second puts them behind one another, with positions.
    data_collator=DataCollatorWithFlattening() if flat else DataCollatorForSeq2Seq(tokenizer),
    optimizers=job.optimizer(model.parameters()),
    callbacks=[Ends(clock)],
)
trainer.train()
finish(job, clock, model, {**own, "attention": attention, "flat": flat}, [])
