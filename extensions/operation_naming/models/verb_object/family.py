"""Verb and object of a sentence, in CamelCase; which verb a phrase stands for is counted in train."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import polars as pl

from shipworthy.core.files import read_json, write_json
from shipworthy.models import rows as read
from shipworthy.models.protocol import Prediction

from ... import names
from . import rule
from .schema import VerbObject

Value = TypeVar("Value", str, bool)

FILE = "rule.json"
OPENINGS = (1, 2, 3, 4)
MOSTLY = 0.8


class VerbObjectModel:
    """The rule with three counts from train.

    Attributes:
        verbs: the opening of a sentence → the most frequent verb of the names.
        dropped: words of the object that are mostly not in the name.
        plural: verb → whether its names mostly end in the plural (only where they mostly agree).
    """

    def __init__(self, config: VerbObject) -> None:
        self.config = config
        self.verbs: dict[str, str] = {}
        self.dropped: set[str] = set()
        self.plural: dict[str, bool] = {}

    def fit(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> None:
        """Counts; `validation` and `seed` are not needed."""
        pairs = list(zip(self._sentences(train), read.answers(train), strict=True))
        pairs = [(sentence, answer) for sentence, answer in pairs if sentence]
        openings = (
            (rule.opening(s, length), names.verb(answer))
            for s, answer in pairs
            for length in OPENINGS
            if len(s) >= length
        )
        self.verbs = {key: value for key, value, _ in self._most_frequent(openings)}
        kept = ((w.lower(), w.lower() in answer.lower()) for s, answer in pairs for w in rule.phrase(s))
        self.dropped = {word for word, stays, _ in self._most_frequent(kept) if not stays}
        ends = ((names.verb(answer), answer.endswith("s")) for _, answer in pairs)
        self.plural = {verb: plural for verb, plural, share in self._most_frequent(ends) if share >= MOSTLY}

    def _most_frequent(self, pairs: Iterable[tuple[str, Value]]) -> Iterator[tuple[str, Value, float]]:
        counts: dict[str, Counter[Value]] = defaultdict(Counter)
        for key, value in pairs:
            counts[key][value] += 1
        for key, counter in counts.items():
            if (total := counter.total()) >= self.config.min_count:
                value, count = counter.most_common(1)[0]
                yield key, value, count / total

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """A name for each sentence; an empty one for an empty sentence."""
        return [Prediction(self._name(sentence)) for sentence in self._sentences(rows)]

    def _name(self, sentence: list[str]) -> str:
        if not sentence:
            return ""
        verb = rule.verb(sentence, self.verbs)
        found = rule.phrase(sentence)
        words = [word for word in found if word.lower() not in self.dropped] or found
        return verb + rule.camel(rule.number(verb, words, self.plural))

    def _sentences(self, rows: pl.DataFrame) -> list[list[str]]:
        return [rule.tokens(text) for text in read.select(rows, [self.config.column])[self.config.column]]

    def save(self, folder: Path) -> None:
        """One JSON file."""
        write_json(folder / FILE, {"verbs": self.verbs, "dropped": sorted(self.dropped), "plural": self.plural})


def create(config: VerbObject) -> VerbObjectModel:
    """The rule, before it has seen train."""
    return VerbObjectModel(config)


def load(config: VerbObject, folder: Path) -> VerbObjectModel:
    """The model that was saved in `folder`."""
    model, saved = VerbObjectModel(config), read_json(folder / FILE)
    model.verbs, model.dropped, model.plural = saved["verbs"], set(saved["dropped"]), saved["plural"]
    return model
