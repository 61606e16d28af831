"""Settings by the names that other trainers (Trainer, TRL, PEFT, axolotl, LLaMA-Factory) have for them."""

OURS = {
    "attn_implementation": "",
    "base_model": "model.source.kind=hub model.source.repository=OWNER/NAME",
    "bf16": "trainer.precision=bf16_mixed (or bf16, auto)",
    "cutoff_len": "task.max_length",
    "deepspeed": "strategy=deepspeed (ZeRO-1 and 2; for ZeRO-3 strategy=fsdp)",
    "eval_steps": "trainer.validate_every",
    "flash_attention": "",
    "fp16": "trainer.precision=fp16_mixed",
    "fsdp": "strategy=fsdp",
    "gradient_accumulation_steps": "trainer.batch_size, the rows of a whole step",
    "gradient_checkpointing": "trainer.activation_checkpointing=full",
    "learning_rate": "optimizer.lr (of XGBoost: model.learning_rate)",
    "load_best_model_at_end": "nothing to set: the best validated step is always the result",
    "load_in_4bit": "adapter=qlora",
    "load_in_8bit": "",
    "logging_steps": "nothing to set: every step is noted",
    "lora_alpha": "adapter.alpha",
    "lora_dropout": "adapter.dropout",
    "lora_r": "adapter.rank",
    "lora_rank": "adapter.rank",
    "lora_target": "adapter.targets",
    "lora_target_modules": "adapter.targets",
    "lr_scheduler": "schedule=cosine, linear, constant, wsd or inverse_sqrt",
    "lr_scheduler_type": "schedule=cosine, linear, constant, wsd or inverse_sqrt",
    "max_epochs": "trainer.epochs",
    "max_grad_norm": "trainer.clip",
    "max_seq_len": "task.max_length",
    "max_seq_length": "task.max_length",
    "max_steps": "trainer.steps",
    "micro_batch_size": "trainer.micro_batch_size",
    "model_name_or_path": "model.source.kind=hub model.source.repository=OWNER/NAME",
    "neftune_noise_alpha": "",
    "num_epochs": "trainer.epochs",
    "num_train_epochs": "trainer.epochs",
    "optim": "optimizer=adamw, adamw_8bit, adafactor, lion, muon, sgd, …",
    "output_dir": "workspace",
    "per_device_eval_batch_size": "nothing to set: validation chooses its own",
    "per_device_train_batch_size": "trainer.micro_batch_size",
    "qlora": "adapter=qlora",
    "report_to": "tracker=mlflow, wandb or none",
    "resume_from_checkpoint": "trainer.continue_from=RUN (a killed run goes on by itself)",
    "sample_packing": "trainer.packing",
    "save_steps": "trainer.checkpoint_every",
    "save_total_limit": "trainer.keep",
    "sequence_len": "task.max_length",
    "target_modules": "adapter.targets",
    "tf32": "trainer.precision=tf32",
    "torch_compile": "",
    "use_cache": "",
    "use_dora": "",
    "use_flash_attention_2": "",
    "use_rslora": "",
    "val_set_size": "data.split.validation",
    "warmup_ratio": "schedule.warmup, a share of all steps",
    "warmup_steps": "schedule.warmup, a number of steps",
}
"""Their name → ours; empty where there is nothing like it yet."""


def answer(key: str) -> str:
    """What stands for another trainer's key, as the end of a sentence; empty where it is none that is known.

    Args:
        key: as it was asked for, dotted.
    """
    name = key.rpartition(".")[2]
    if name not in OURS:
        return ""
    return f"here it is {OURS[name]}." if OURS[name] else f"{name} is not supported."
