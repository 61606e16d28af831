"""Scores of texts, and what they say: the most likely class with the probabilities of all, or a number.

Shapes: N rows, C classes.
"""

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from shipworthy.models.causal_lm.fitness import make_batch
from shipworthy.models.causal_lm.packed import Row
from shipworthy.models.losses import scores
from shipworthy.models.probabilities import most_likely
from shipworthy.models.protocol import Prediction
from shipworthy.models.sequence_classifier.network import Head

ROWS = 32
"""Texts that are computed together."""


def scored(network: PreTrainedModel, texts: Sequence[Sequence[int]]) -> torch.Tensor:
    """The scores of texts: scores_NC (float32, on the CPU), in their order; those of about a length share a batch."""
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    found_NC = torch.empty(len(texts), int(network.config.num_labels))
    with torch.no_grad():
        for start in range(0, len(order), ROWS):
            places = order[start : start + ROWS]
            batch = make_batch(network, [Row(texts[place], (0,)) for place in places]).to(network.device)
            found_NC[places] = scores(network, batch).cpu()
    return found_NC


def predicted(head: Head, scores_NC: torch.Tensor) -> Sequence[Prediction]:
    """What the scores say."""
    if head.classes:
        return most_likely(list(head.classes), scores_NC.double().softmax(1).numpy())
    numbers = (head.mean + head.deviation * scores_NC[:, 0].double()).tolist()
    return [Prediction(repr(number), number=number) for number in numbers]
