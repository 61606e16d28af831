"""What is read out of a GGUF file, and what is refused."""

import json
from collections import Counter
from pathlib import Path

import pytest
from gguf import GGUFReader

from shipworthy.core.errors import ShipworthyError
from shipworthy.optimize.quantize.gguf.convert import check_rope, copy_tokenizer
from shipworthy.optimize.quantize.gguf.parity import compare
from shipworthy.optimize.quantize.gguf.tensors import rope_base, tensor_types
from tests.optimize.quantize.gguf_files import write_gguf


def test_the_types_are_those_that_stand_in_the_file(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "m.gguf")
    assert tensor_types(path) == {"F32": 3, "F16": 2, "Q8_0": 1}
    assert tensor_types(path) == Counter(t.tensor_type.name for t in GGUFReader(str(path)).tensors)


def test_a_lost_rotary_base_is_refused(tmp_path: Path) -> None:
    """transformers 5 writes `rope_parameters`, which others ignore: no error, wrong text."""
    (tmp_path / "config.json").write_text(
        json.dumps({"rope_parameters": {"rope_theta": 100000, "rope_type": "default"}})
    )
    good, bad = write_gguf(tmp_path / "good.gguf"), write_gguf(tmp_path / "bad.gguf", 10000.0)
    assert rope_base(good) == 100000.0
    check_rope(tmp_path, good)
    with pytest.raises(ShipworthyError, match=r"rotary base 10000\.0, but the model was trained with 100000"):
        check_rope(tmp_path, bad)


def test_equal_tokens_are_counted() -> None:
    assert compare(["a", "b"], [[1, 2], [3]], [[1, 2], [3]], "m.gguf") == {"rows": 2, "equal": 2}


@pytest.mark.parametrize(
    ("engine", "place"),
    [([[1, 2], [3, 9, 5]], "token 1 on"), ([[1, 2], [3, 4]], "token 2 on"), ([[1, 2], [0, 3, 4, 5]], "token 0 on")],
)
def test_the_first_row_that_differs_is_named_with_both_ids(engine: list[list[int]], place: str) -> None:
    with pytest.raises(ShipworthyError) as error:
        compare(["a", "b"], [[1, 2], [3, 4, 5]], engine, "m.gguf")
    for words in ("row b", place, str(engine[1]), "[3, 4, 5]", "m.gguf"):
        assert words in str(error.value)


def test_a_missing_row_is_no_parity() -> None:
    with pytest.raises(ValueError, match="shorter"):
        compare(["a", "b"], [[1], [2]], [[1]], "m.gguf")


def test_the_template_goes_with_the_tokenizer(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("tokenizer.json", "chat_template.jinja", "model.safetensors"):
        (source / name).write_text(name)
    copy_tokenizer(source, tmp_path / "target")
    assert sorted(p.name for p in (tmp_path / "target").iterdir()) == ["chat_template.jinja", "tokenizer.json"]
