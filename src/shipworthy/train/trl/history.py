"""What TRL logged, as a run's history has it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shipworthy.models.causal_lm.packed import Row
from shipworthy.train.lightning.batch_plan import ledger
from shipworthy.train.lightning.progress import Entry

NAMES = {"loss": "loss", "grad_norm": "grad_norm", "learning_rate": "lr", "step_s": "step_s", "memory_mb": "memory_mb"}
VALIDATED = {"eval_loss": "val_loss", "eval_runtime": "validation_s"}
"""TRL's name → ours."""


def numbers(line: Mapping[str, Any]) -> dict[str, float]:
    """Of one of its lines what we have a name for."""
    return {ours: float(line[theirs]) for theirs, ours in {**NAMES, **VALIDATED}.items() if theirs in line}


def history(logged: Iterable[Mapping[str, Any]], rows: Sequence[Sequence[Row]]) -> list[Entry]:
    """One entry for each step, with the rows that it saw.

    Args:
        logged: TRL's log, several lines to a step.
        rows: that each step saw.
    """
    entries: list[Entry] = []
    for line in logged:
        known = numbers(line)
        if "loss" in known:
            seen = rows[len(entries)]
            tokens = sum(len(row) - 1 for row in seen)
            entries.append(
                {
                    "step": int(line["step"]),
                    **known,
                    "tokens": tokens,
                    "supervised_tokens": sum(row.supervised for row in seen),
                    "tokens_per_s": tokens / known["step_s"],
                    "ledger": ledger(
                        entries[-1]["ledger"] if entries else "", int(line["step"]), [row.id for row in seen]
                    ),
                }
            )
        elif entries:
            entries[-1] |= known
    return entries
