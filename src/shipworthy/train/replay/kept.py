"""What a run's folder says of its replay buffer, read without a network."""

from pathlib import Path

import polars as pl

from shipworthy.core.files import read_json

FILE = "replay.json"
"""In a run's folder: what is replayed, in tokens and in words."""


def table(run: Path) -> pl.DataFrame:
    """The rows as those of a dataset: id, prompt, answer, prompt_ids, answer_ids; none where nothing is replayed."""
    if not (run / FILE).is_file():
        return pl.DataFrame()
    held = read_json(run / FILE)
    return pl.DataFrame({name: held[name] for name in ("id", "prompt", "answer", "prompt_ids", "answer_ids")})
