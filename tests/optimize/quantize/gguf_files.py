"""A small GGUF file, written with the gguf library."""

from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import quantize


def write_gguf(path: Path, rope_base: float = 100000.0) -> Path:
    """Three kinds of tensors, a vocabulary, merges, numbers and flags."""
    writer = GGUFWriter(str(path), "llama")
    writer.add_rope_freq_base(rope_base)
    writer.add_token_list([f"token {i}" for i in range(500)])
    writer.add_token_types([1] * 500)
    writer.add_array("llama.odd", [True, False])
    writer.add_chat_template("{{ messages }}")
    for i in range(3):
        writer.add_tensor(f"blk.{i}.norm", np.ones(32, dtype=np.float32))
    for i in range(2):
        writer.add_tensor(f"blk.{i}.half", np.ones((4, 32), dtype=np.float16))
    eight = quantize(np.ones((4, 32), dtype=np.float32), GGMLQuantizationType.Q8_0)
    writer.add_tensor("blk.0.eight", eight, raw_dtype=GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
