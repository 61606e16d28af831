"""A network with a head: one score for each class, or one for a number."""

from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, PretrainedConfig, PreTrainedModel

from shipworthy.core.files import read_json, write_json
from shipworthy.models.adapters.merged import with_adapter
from shipworthy.models.adapters.nf4 import Quantizer
from shipworthy.models.causal_lm.checkpoint import weights
from shipworthy.models.causal_lm.network import built, tensors

FILE = "head.json"
CLASSES, NUMBER = "single_label_classification", "regression"
"""What transformers calls the two."""


@dataclass(frozen=True)
class Head:
    """What scores mean.

    Attributes:
        classes: one score each, in this order; empty: the one score is a number.
        mean, deviation: of the numbers of train: a score of 0 is the mean, and 1 one standard deviation more.
    """

    classes: tuple[str, ...]
    mean: float = 0.0
    deviation: float = 1.0

    @property
    def outputs(self) -> int:
        """How many scores a row is given."""
        return len(self.classes) or 1

    def write(self, folder: Path) -> None:
        """Keeps it beside the weights."""
        write_json(folder / FILE, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> "Head":
        """That of a trained model."""
        kept = read_json(folder / FILE)
        return cls(tuple(kept["classes"]), kept["mean"], kept["deviation"])


def config_of(folder: Path, outputs: int, kind: str) -> PretrainedConfig:
    """The Hugging Face config of the weights in a folder, with a head."""
    config = AutoConfig.from_pretrained(str(folder))
    config.num_labels, config.problem_type = outputs, kind
    return config


def load_with_head(
    folder: Path,
    head: Head,
    *,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    quantizer: Quantizer | None = None,
) -> PreTrainedModel:
    """The network of a folder with its head, in evaluation mode.

    Args:
        folder: a Hugging Face folder, with the head's weights or without: then they are drawn.
        seed: of the draws.
        dtype: of its weights.
        quantizer: which of them are kept in fewer bits.

    Raises:
        ArtifactError: the folder lacks weights of the rest of the network.
    """
    config = config_of(folder, head.outputs, CLASSES if head.classes else NUMBER)
    torch.manual_seed(seed)
    return built(
        config, tensors(folder), folder, dtype, kind=AutoModelForSequenceClassification, quantizer=quantizer
    ).eval()


def load_tuned(base: Path, checkpoint: Path) -> PreTrainedModel:
    """The network of a checkpoint, in evaluation mode.

    Args:
        base: folder of the weights from which it was trained.
        checkpoint: folder of a `checkpoint` artifact.
    """
    folder, adapter = weights(base, checkpoint)
    network = load_with_head(folder, Head.read(checkpoint))
    return (network if adapter is None else with_adapter(network, adapter)).eval()
