"""What really is in a GGUF file."""

import struct
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader, GGUFValueType


class Skimmer(GGUFReader):
    """A reader that steps over lists: a vocabulary of 49,152 strings costs the library's own one 5 seconds."""

    def _get_field_parts(self, orig_offs: int, raw_type: int) -> tuple[int, list[Any], list[int], list[GGUFValueType]]:
        if raw_type != GGUFValueType.ARRAY:
            parts: tuple[int, list[Any], list[int], list[GGUFValueType]] = super()._get_field_parts(orig_offs, raw_type)
            return parts
        item, count = (
            GGUFValueType(int(self._get(orig_offs, np.uint32)[0])),
            int(self._get(orig_offs + 4, np.uint64)[0]),
        )
        at = orig_offs + 12
        if item == GGUFValueType.STRING:
            view = memoryview(self.data)
            for _ in range(count):
                at += 8 + struct.unpack_from("<Q", view, at)[0]
        else:
            at += count * np.dtype(self.gguf_scalar_to_np[item]).itemsize
        return at - orig_offs, [], [], [GGUFValueType.ARRAY]


def tensor_types(path: Path) -> dict[str, int]:
    """Type → number of tensors, the most frequent first.

    A quantization's name says what was asked for: Q4_K_M needs rows of a multiple of 256 numbers, and where a tensor
    has others, llama.cpp takes another type without failing.
    """
    counts = Counter(tensor.tensor_type.name for tensor in Skimmer(str(path)).tensors)
    return dict(counts.most_common())


def rope_base(path: Path) -> float | None:
    """The base of the rotary position frequencies, if the file names one."""
    for name, field in Skimmer(str(path)).fields.items():
        if name.endswith(".rope.freq_base"):
            return float(field.contents())
    return None
