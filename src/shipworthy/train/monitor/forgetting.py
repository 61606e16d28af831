"""What a model could do before its training: asked before, at each validation, and of the step that is selected."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from transformers import PreTrainedModel

from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import read_json, sha256_of_file, write_json
from shipworthy.models.adapters.network import Network
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.train.general import scores, suite
from shipworthy.train.general.scores import Questions, Scores
from shipworthy.train.general.verdict import verdict
from shipworthy.train.monitor.schema import Forgetting

FILE = "forgetting.json"


@dataclass(frozen=True)
class GeneralPrompts:
    """General questions with what the network made of them before its training.

    Attributes:
        questions: all that are asked; none where nothing is looked for.
        before: scores of the network as it was, one for each question.
    """

    questions: Questions
    before: Scores
    chat: Chat
    config: Forgetting

    @classmethod
    def prepare(
        cls, chat: Chat, base_network: PreTrainedModel, path: Path, config: Forgetting | None = None
    ) -> "GeneralPrompts":
        """Asks the network as it is before training, once; what it answered is kept in `path`.

        Raises:
            ArtifactError: `path` holds answers to other questions, or by another chat template.
        """
        config = config or Forgetting()
        if config.action == "off":
            return cls(Questions([], [], [], []), Scores(*[np.zeros(0)] * 3), chat, config)
        items = suite.some(suite.suite(), config.questions)
        identity = {
            "template": chat.template_sha256,
            "suite": sha256_of_file(suite.FILE),
            "new_tokens": config.new_tokens,
            "questions": [item.id for item in items],
        }
        if not path.exists():
            asked = Questions(
                items,
                [chat.prompt_ids("", item.prompt) for item in items],
                [chat.answer_ids(item.answer) for item in items],
                [],
            )
            write_json(path, {**identity, **_asked(chat, base_network, asked, config)})
        kept = read_json(path)
        if {key: kept.get(key) for key in identity} != identity:
            raise ArtifactError(
                f"{path} holds answers to other general questions, or by another chat template: begin a new run, for "
                "what is measured against them could not be compared."
            )
        questions = Questions(items, kept["prompt_ids"], kept["answer_ids"], kept["own_ids"])
        numbers = (np.array(kept[key], dtype=np.float64) for key in ("right", "loss", "own_loss"))
        return cls(questions, Scores(*numbers), chat, config)

    def measure(self, network: Network) -> dict[str, float]:
        """What a validation adds to its step's entry; nothing where nothing is looked for.

        Losses are means over the questions that are asked at a validation of the mean over an answer's tokens (nats).
        """
        if not self.questions.items:
            return {}
        some = suite.some(self.questions.items, self.config.during)
        questions, before = self.questions.of(some), self.before.at(self.questions.places(some))
        now = scores.score(network, questions, self.chat, self.config.new_tokens)
        return {
            "general_nll": float(now.own_loss.mean()),
            "general_nll_before": float(before.own_loss.mean()),
            "general_right_nll": float(now.loss.mean()),
            "general_right_nll_before": float(before.loss.mean()),
            "general_right": float(now.right.mean()),
            "general_right_before": float(before.right.mean()),
            "general_questions": len(some),
            "general_won": int((now.right > before.right).sum()),
            "general_lost": int((now.right < before.right).sum()),
        }

    def verdict(self, network: Network, alpha: float, seed: int, folder: Path) -> dict[str, Any] | None:
        """What the training made the network forget, as it is in training.json; None where nothing was asked.

        Args:
            network: with the weights of the selected step.
            alpha: significance level (0 to 1).
            folder: where each question's scores are written, before and after (`forgetting.json`).
        """
        if not self.questions.items:
            return None
        config = self.config
        after = scores.score(network, self.questions, self.chat, config.new_tokens)
        write_json(folder / FILE, self._by_question(after))
        return verdict(
            [item.skill for item in self.questions.items],
            self.before,
            after,
            margin=config.margin,
            loss_margin=config.loss_margin,
            alpha=alpha,
            seed=seed,
        )

    def _by_question(self, after: Scores) -> list[dict[str, Any]]:
        pairs = (("before", self.before), ("after", after))
        return [
            {
                "id": item.id,
                "skill": item.skill,
                **{f"right_{when}": bool(found.right[i]) for when, found in pairs},
                **{f"loss_{when}": float(found.loss[i]) for when, found in pairs},
                **{f"own_loss_{when}": float(found.own_loss[i]) for when, found in pairs},
            }
            for i, item in enumerate(self.questions.items)
        ]


def _asked(chat: Chat, network: PreTrainedModel, asked: Questions, config: Forgetting) -> Mapping[str, Any]:
    """What the network answers, in tokens, and its scores."""
    given = scores.generate(network, asked.prompts, chat, config.new_tokens)
    # An answer that was cut is none that the model would have ended.
    own = [answer if len(answer) == config.new_tokens else [*answer, chat.eos_id] for answer in given]
    return {
        "prompt_ids": asked.prompts,
        "answer_ids": asked.answers,
        "answers": [chat.decode(answer) for answer in given],
        "own_ids": own,
        "right": scores.rightness(asked.items, given, chat).tolist(),
        "loss": scores.losses(network, asked.prompts, asked.answers).tolist(),
        "own_loss": scores.losses(network, asked.prompts, own).tolist(),
    }
