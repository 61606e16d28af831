"""What is measured at a validation: answers by generation, the loss, and what the model could do before."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from shipworthy.core.interrupt import asked
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.adapters.network import Network, base_of
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.fitness import make_batch
from shipworthy.models.causal_lm.generate import greedy
from shipworthy.models.causal_lm.packed import Row, token_losses
from shipworthy.models.protocol import Prediction
from shipworthy.train.lightning.processes import gather_values, rank
from shipworthy.train.monitor.forgetting import GeneralPrompts
from shipworthy.train.monitor.generations import measure
from shipworthy.train.monitor.replay import evaluating
from shipworthy.train.validation_answers import Answers

ROWS = 64
"""Rows that one process generates together: fixed, so that the answers don't depend on the number of processes."""


@dataclass(frozen=True)
class Validation:
    """Validates a network as it is.

    Attributes:
        rows: of the validation split, with `prompt_ids`, `answer_ids` and `answer`.
        general: questions that say what is forgotten.
    """

    task: TextToText
    chat: Chat
    rows: pl.DataFrame
    general: GeneralPrompts

    def __call__(self, network: Network) -> tuple[dict[str, float], Answers] | None:
        """What goes into the step's entry, and the answers; the same on every process, however many there are.

        The entry has `val_metric` (in its unit), `val_loss` (nats per token) and the rest. None where any process was
        asked to stop before it was through.
        """
        world = len(gather_values(None))
        parts = [self.rows.slice(start, ROWS) for start in range(0, self.rows.height, ROWS)]
        with evaluating(network):
            mine = [self._part(network, part) for part in parts[rank() :: world] if not asked()]
            general = None if asked() else self.general.measure(network)
        found = gather_values(mine)
        if sum(map(len, found)) < len(parts) or any(gather_values(general is None)):
            return None
        ordered = [found[i % world][i // world] for i in range(len(parts))]
        answers = [answer for part, _, _ in ordered for answer in part]
        predictions = [Prediction(self.chat.decode(answer).strip()) for answer in answers]
        answered = Answers.of(self.task, self.rows, predictions)
        entry = {
            "val_metric": answered.metric,
            "val_loss": sum(loss for _, loss, _ in ordered) / sum(tokens for _, _, tokens in ordered),
            **measure(answers, self.rows["answer_ids"].to_list(), self.chat.eos_id),
            **(general or {}),
        }
        return entry, answered

    def _part(self, network: Network, part: pl.DataFrame) -> tuple[list[list[int]], float, int]:
        """Answers, and the sum of the losses of all supervised tokens with their number."""
        base = base_of(network)
        prompts: Sequence[list[int]] = part["prompt_ids"].to_list()
        answers = greedy(
            base, prompts, max_new_tokens=self.task.max_new_tokens, eos_id=self.chat.eos_id, what="validation"
        )
        rows = [Row(prompt, answer) for prompt, answer in zip(prompts, part["answer_ids"].to_list(), strict=True)]
        losses_N = token_losses(base, make_batch(base, rows).to(base.device))
        return answers, float(losses_N.double().sum()), len(losses_N)
