"""What a model could do before: its own answers to general prompts, and how likely they still are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peft import PeftModel
from transformers import PreTrainedModel

from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import read_json, write_json
from shipworthy.models.adapters.network import base_of
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.generate import greedy
from shipworthy.models.causal_lm.packed import Row, pack, token_losses
from shipworthy.train.monitor.replay import evaluating

PROMPTS = Path(__file__).with_name("general_prompts.json")
MAX_NEW_TOKENS = 32


@dataclass(frozen=True)
class GeneralPrompts:
    """General prompts with the base model's greedy answers, which stand for what must not be lost.

    Attributes:
        rows: token ids of prompts and answers; an answer that did not end within `MAX_NEW_TOKENS` is cut there.
        before: mean loss over all tokens of the answers, before training (nats).
    """

    rows: Sequence[Row]
    before: float

    @classmethod
    def prepare(cls, chat: Chat, base_network: PreTrainedModel, path: Path) -> "GeneralPrompts":
        """Answers of the network as it is before training, made once and kept in `path`.

        Raises:
            ArtifactError: `path` holds answers to other prompts, or by another chat template.
        """
        prompts: list[str] = read_json(PROMPTS)
        identity = {"template": chat.template_sha256, "prompts": prompts}
        if not path.exists():
            write_json(path, {**identity, **_answered(chat, base_network, prompts)})
        kept = read_json(path)
        if {key: kept.get(key) for key in identity} != identity:
            raise ArtifactError(
                f"{path} holds answers to other general prompts, or by another chat template: begin a new run, for "
                "what is measured against them could not be compared."
            )
        rows = [Row(p, a) for p, a in zip(kept["prompt_ids"], kept["answer_ids"], strict=True)]
        return cls(rows, float(kept["before"]))

    def nll(self, network: PreTrainedModel | PeftModel) -> float:
        """Mean loss per token of the answers under the network as it is (nats)."""
        return _loss(network, self.rows)

    def measure(self, network: PreTrainedModel | PeftModel) -> dict[str, float]:
        """What a validation adds to its step's entry."""
        return {"general_nll": self.nll(network), "general_nll_before": self.before}


def _answered(chat: Chat, network: PreTrainedModel, prompts: Sequence[str]) -> Mapping[str, Any]:
    prompt_ids = [chat.prompt_ids("", prompt) for prompt in prompts]
    with evaluating(network):
        answers = greedy(
            network, prompt_ids, max_new_tokens=MAX_NEW_TOKENS, eos_id=chat.eos_id, what="general prompts, answers"
        )
    # An answer that was cut is none that the model would have ended.
    answer_ids = [answer if len(answer) == MAX_NEW_TOKENS else [*answer, chat.eos_id] for answer in answers]
    before = _loss(network, [Row(p, a) for p, a in zip(prompt_ids, answer_ids, strict=True)])
    texts = [chat.decode(answer) for answer in answers]
    return {
        "answers": texts,
        "prompt_ids": prompt_ids,
        "answer_ids": answer_ids,
        "before": before,
    }


def _loss(network: PreTrainedModel | PeftModel, rows: Sequence[Row]) -> float:
    """The mean over all rows' tokens."""
    base = base_of(network)
    packed = pack(rows).to(base.device)
    with evaluating(base):
        return float(token_losses(base, packed).double().mean())
