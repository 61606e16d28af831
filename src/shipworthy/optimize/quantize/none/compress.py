"""The trained model as it is: copied, loaded from the copy, asked again."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from shipworthy.core.files import read_json
from shipworthy.evaluation.latency import one_by_one, percentile
from shipworthy.models.build import CANDIDATE, RECORDS, load
from shipworthy.models.documents import predict
from shipworthy.models.size import size_mb
from shipworthy.optimize.quantize.build import Source
from shipworthy.optimize.quantize.none.schema import Unchanged
from shipworthy.optimize.quantize.variant import Variant

MODEL = "model"


class NoCompression:
    """One variant, called `unchanged`."""

    def __init__(self, config: Unchanged, source: Source) -> None:
        self.config = config
        self.source = source

    def variants(self, folder: Path) -> Iterator[Variant]:
        """The model and its answers."""
        target = folder / MODEL
        for name in self.source.checkpoint.manifest.files:
            if name not in RECORDS:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.source.checkpoint.file(name), target / name)
        predictor = load(target)
        sample = self.source.sample(self.config.sample).drop("answer")
        yield Variant(
            name="unchanged",
            file=MODEL,
            format=str(read_json(target / CANDIDATE)["model"]["kind"]),
            size_mb=size_mb(target),
            predictions=predict(predictor, self.source.test()),
            sample=predict(predictor, sample),
            p95_s=percentile(one_by_one(predictor, sample), 0.95),
            compressed=False,
        )

    def last_resort(self, folder: Path) -> None:
        """None: this is the uncompressed model."""


def create(config: Unchanged, source: Source) -> NoCompression:
    """The method."""
    return NoCompression(config, source)
