"""Variants in GGUF: made by llama.cpp, asked through llama.cpp."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.progress import say
from shipworthy.evaluation.latency import percentile
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.build import config_of
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.dataset import split
from shipworthy.models.documents import summed, voted
from shipworthy.models.protocol import Prediction
from shipworthy.optimize.engines.llamacpp.toolchain import locate
from shipworthy.optimize.quantize.build import Source
from shipworthy.optimize.quantize.gguf.convert import convert, copy_tokenizer, merge
from shipworthy.optimize.quantize.gguf.parity import check
from shipworthy.optimize.quantize.gguf.schema import Gguf
from shipworthy.optimize.quantize.gguf.tensors import tensor_types
from shipworthy.optimize.quantize.variant import Variant

TOKENIZER = "tokenizer"
UNQUANTIZED = "f16"


class GgufCompression:
    """Quantizations of the merged model; its 16-bit file is the last resort."""

    def __init__(self, config: Gguf, source: Source) -> None:
        assert isinstance(source.task, TextToText)
        self.config = config
        self.task = source.task
        self.source = source
        self.toolchain = locate()

    @cached_property
    def unquantized(self) -> Path:
        """The merged model in 16 bits; its tokens are compared with those of all splits."""
        checkpoint = self.source.checkpoint
        model = config_of(checkpoint.path)
        assert isinstance(model, CausalLM)
        merged, target = self.source.scratch / "merged", self.source.scratch / f"model-{UNQUANTIZED}.gguf"
        merge(base_folder(model), checkpoint.path, merged)
        convert(merged, target, self.toolchain)
        for name in ("train", "validation"):
            check(self.task, split(self.source.dataset, name), target, self.toolchain, f"tokens of {name}")
        return target

    def variants(self, folder: Path) -> Iterator[Variant]:
        """Each quantization of the config."""
        copy_tokenizer(self.unquantized.parent / "merged", folder / TOKENIZER)
        for name in self.config.variants:
            file = folder / f"model-{name}.gguf"
            say(f"compress: quantizing to {name}")
            self.toolchain.quantize(self.unquantized, file, name)
            yield self._ask(name, file)

    def last_resort(self, folder: Path) -> Variant:
        """The 16-bit file."""
        file = self.unquantized.rename(folder / self.unquantized.name)
        return self._ask(UNQUANTIZED, file)

    def _ask(self, name: str, file: Path) -> Variant:
        """Token parity, answers to all test inputs, and latency of a sample that is asked one by one.

        `one_by_one` counts prompts, of which a document in chunks has several; the rest counts documents.
        """
        test, sample = self.source.test(), self.source.sample(self.config.sample).drop("answer")
        parity = check(self.task, test, file, self.toolchain, f"{name}, tokens")
        rows = pl.concat([test.select("prompt_ids"), sample.select("prompt_ids")])["prompt_ids"].to_list()
        limit = self.task.max_new_tokens
        batched = self.toolchain.answers(
            file, rows, max_new_tokens=limit, parallel=self.config.parallel, what=f"{name}, answers"
        )
        alone = self.toolchain.answers(
            file, rows[test.height :], max_new_tokens=limit, parallel=1, what=f"{name}, one by one"
        )
        same = sum(a.ids == b.ids for a, b in zip(batched[test.height :], alone, strict=True))
        said, heard = ([Prediction(one.text.strip()) for one in some] for some in (batched[: test.height], alone))
        details: dict[str, Any] = {
            "tensor_types": tensor_types(file),
            "token_parity": parity,
            "one_by_one": {
                "rows": len(alone),
                "equal": same,
                "ttft_p95_s": percentile([answer.first for answer in alone], 0.95),
            },
        }
        return Variant(
            name=name,
            file=file.name,
            format="gguf",
            size_mb=file.stat().st_size / 1e6,
            predictions=voted(test, said),
            sample=voted(sample, heard),
            p95_s=percentile(summed(sample, [answer.seconds for answer in alone]), 0.95),
            details=details,
        )


def create(config: Gguf, source: Source) -> GgufCompression:
    """The method."""
    return GgufCompression(config, source)
