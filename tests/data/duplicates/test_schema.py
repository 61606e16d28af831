"""What the config refuses, in one sentence each."""

import importlib
from dataclasses import fields

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data.duplicates.schema import Duplicates, Exact, MinHash, SimHash


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: Exact("bytes"), "exact.by=bytes: choose one of words, text"),
        (lambda: MinHash(threshold=0), "minhash.threshold=0: give a number above 0, up to 1"),
        (lambda: MinHash(bands=100), "minhash.bands=100 must divide"),
        (lambda: MinHash(shingle_words=0), "minhash.shingle_words=0: give a number from 1"),
        (lambda: SimHash(distance=6), "distance=6 and blocks=6: need 0 ≤ distance < blocks"),
        (lambda: SimHash(threshold=1.5), "simhash.threshold=1.5"),
    ],
)
def test_what_can_not_work_is_refused(build, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        build()


def test_every_method_is_a_file_of_its_name() -> None:
    for field in fields(Duplicates):
        if field.name != "exact":
            module = importlib.import_module(f"shipworthy.data.duplicates.{field.name}")
            assert callable(module.candidates)
            assert callable(module.above_threshold)
