"""What is measured at a validation: predictions, the loss, and what the model could do before."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from shipworthy.core.interrupt import asked
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.adapters.network import Network, base_of
from shipworthy.train.decided_answers import Decided, decide
from shipworthy.train.lightning.processes import gather_values, rank
from shipworthy.train.monitor.forgetting import GeneralPrompts
from shipworthy.train.monitor.generations import measure
from shipworthy.train.monitor.replay import evaluating
from shipworthy.train.objectives.objective import Objective

ROWS = 64
"""Rows that one process predicts together: fixed, so that the answers don't depend on the number of processes."""


@dataclass(frozen=True)
class Validation:
    """Validates a network as it is.

    Attributes:
        rows: of the validation split, with `answer` and what the objective reads.
        general: questions that say what is forgotten (None: none are asked).
    """

    task: Task
    objective: Objective
    rows: pl.DataFrame
    general: GeneralPrompts | None

    def __call__(self, network: Network) -> tuple[dict[str, float], Decided] | None:
        """What goes into the step's entry, and the answers; the same on every process, however many there are.

        The entry has `val_metric` (in its unit), `val_loss` (the mean over all targets, such as nats per token) and the
        rest. None where any process was asked to stop before it was through.
        """
        world = len(gather_values(None))
        parts = [self.rows.slice(start, ROWS) for start in range(0, self.rows.height, ROWS)]
        with evaluating(network):
            base = base_of(network)
            mine = [self.objective.predict(base, part) for part in parts[rank() :: world] if not asked()]
            general = None if asked() else self.general.measure(network) if self.general else {}
        found = gather_values(mine)
        if sum(map(len, found)) < len(parts) or any(gather_values(general is None)):
            return None
        ordered = [found[i % world][i // world] for i in range(len(parts))]
        decided = decide(self.task, self.rows, [one for part in ordered for one in part.predictions])
        entry = {
            "val_metric": decided.answers.metric,
            "val_loss": sum(part.loss for part in ordered) / max(1, sum(part.targets for part in ordered)),
            **self._written([answer for part in ordered for answer in part.generated]),
            **(general or {}),
        }
        return entry, decided

    def _written(self, answers: list[Sequence[int]]) -> dict[str, float]:
        """How varied what was generated is; nothing where nothing was."""
        chat = self.objective.chat
        return measure(answers, self.rows["answer_ids"].to_list(), chat.eos_id) if chat and answers else {}
