"""Where the weights stand that a head is put on; nothing heavy is imported.

They are kept as those of a causal language model are, in the same folder: what both start from is fetched once.
"""

from pathlib import Path
from typing import ClassVar

from shipworthy.models.causal_lm import base as bases
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.sequence_classifier.schema import SequenceClassifier


class Backbone(CausalLM):
    """The source's weights, whatever network they are of."""

    has_head: ClassVar[bool] = True


def backbone(config: SequenceClassifier) -> Backbone:
    """What is fetched."""
    return Backbone(name=config.name, licence=config.licence, note=config.note, source=config.source)


def base_folder(config: SequenceClassifier) -> Path:
    """The verified folder of the weights.

    Raises:
        ArtifactError: as `causal_lm.base.base_folder`.
    """
    return bases.base_folder(backbone(config))


def digest(config: SequenceClassifier) -> str:
    """The hash of what was fetched.

    Raises:
        ArtifactError: nothing was.
    """
    return bases.digest(backbone(config))
