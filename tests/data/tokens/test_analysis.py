"""Does the tokenizer suit the data: counted, and said where it does not."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data.tokens import analysis, plots
from shipworthy.data.tokens.encode import Encoder
from shipworthy.data.tokens.schema import Tokens
from shipworthy.data.tokens.vocabulary import Vocabulary, byte_tokens
from shipworthy.data.tokens.word_sample import WordSample
from tests.data.tokens.samples import chat, task
from tests.tiny import CHATML

MERGES = [("l", "i"), ("s", "t"), ("li", "st"), ("i", "t"), ("e", "m"), ("it", "em"), ("t", "h"), ("th", "em")]
SPACED = [*MERGES, ("Ġ", "item"), ("Ġ", "them"), ("Ġ", "list")]


def rows(n: int = 40, text: str = "list item them item") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [str(i) for i in range(n)],
            "split": ["train"] * (n - 6) + ["validation"] * 3 + ["test"] * 3,
            "text": [text] * (n - 3) + ["UNSEEN"] * 3,
            "service": ["s3", "ec2"] * (n // 2),
            "answer": ["item"] * (n - 3) + ["SECRET"] * 3,
        }
    )


def analyse(folder: Path, frame: pl.DataFrame, config: Tokens | None = None, **tokenizer: Any) -> dict[str, Any]:
    chats = chat(folder, merges=SPACED, **tokenizer)
    settled = task(system="", prompt="{text}", max_length=64)
    encoded = Encoder(settled, chats)(frame)
    return analysis.analyse(encoded.lazy(), settled, chats, config or Tokens(), ["service"])


def test_facts_of_a_tokenizer_that_suits(tmp_path: Path) -> None:
    found = analyse(tmp_path, rows())
    assert found["warnings"] == []
    assert found["words"]["rows"] == 37
    # Question and answer, a line each: four words and one are as many tokens, and the line feed.
    assert found["words"]["per word"]["value"] == pytest.approx(6 / 5)
    assert found["vocabulary"]["unknown"]["tokens"] == found["vocabulary"]["byte_tokens"]["tokens"] == 0
    assert found["lengths"]["train"]["rows"] == 34
    assert {line["value"]: line["rows"] for line in found["by"]["service"]} == {"s3": 19, "ec2": 18}
    assert {line["length"] for line in found["truncation"]} >= {64}
    json.dumps(found)


def test_the_test_split_is_not_looked_at(tmp_path: Path) -> None:
    found = json.dumps(analyse(tmp_path, rows()))
    assert "SECRET" not in found
    assert "UNSEEN" not in found
    other = rows().with_columns(answer=pl.when(split="test").then(pl.lit("x" * 20)).otherwise("answer"))
    assert json.dumps(analyse(tmp_path, other)) == found


def test_the_order_of_rows_and_batches_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = rows().with_columns(text=pl.format("{} {} {}", "text", "id", "id"))
    first = analyse(tmp_path, frame, Tokens(sample=5))
    monkeypatch.setattr(analysis, "BATCH_ROWS", 7)
    assert analyse(tmp_path, frame.sample(fraction=1, shuffle=True, seed=1), Tokens(sample=5)) == first
    assert first["words"]["rows"] == 5


def test_words_that_split_are_named_and_warned_of(tmp_path: Path) -> None:
    found = analyse(tmp_path, rows(text="list zyxwv zyxwv"))
    (worst, *_) = found["words"]["worst"]
    assert (worst["word"], worst["times"], worst["tokens"]) == ("zyxwv", 74, [" ", *"zyxwv"])
    assert [said for said in found["warnings"] if "tokens per word" in said and "choose a model" in said]


def test_bytes_and_parts_of_characters_are_counted(tmp_path: Path) -> None:
    found = analyse(tmp_path, rows(text="list ж item"))
    assert found["vocabulary"]["byte_tokens"]["tokens"] == 2 * 37
    assert found["vocabulary"]["byte_tokens"]["rows"] == 37
    assert [said for said in found["warnings"] if "bytes or parts of characters" in said]
    assert not analyse(tmp_path, rows(text="list ж item"), Tokens(max_byte_tokens=0.5))["warnings"]


def test_unknown_text_is_counted(tmp_path: Path) -> None:
    chats = chat(tmp_path, unk_token="<|endoftext|>")
    vocabulary = Vocabulary(chats.tokenizer)
    unknown = chats.tokenizer.unk_token_id
    vocabulary.add(pl.Series([[5, unknown, unknown], [6, 7], []], dtype=pl.List(pl.Int32)))
    summary = vocabulary.summary()
    assert (summary["tokens"], summary["used"]) == (5, 4)
    assert (summary["unknown"]["tokens"], summary["unknown"]["rows"], summary["unknown"]["share"]) == (2, 1, 0.4)
    said = analysis.warnings({"vocabulary": summary, "words": {"rows": 0}}, Tokens())
    assert "2 tokens (40.00%) stand for text that the vocabulary lacks, in 1 rows" in said[0]


def test_bytes_of_a_sentencepiece_vocabulary() -> None:
    class Vocab:
        backend_tokenizer = None

        def __len__(self) -> int:
            return 4

        def get_vocab(self) -> dict[str, int]:
            return {"<0x0A>": 0, "<0xC3>": 1, "word": 2, "é": 3}

    assert byte_tokens(Vocab()).tolist() == [False, True, False, False]  # type: ignore[arg-type]


def test_the_sample_is_that_of_the_lowest_draws() -> None:
    def kept(ids: list[str]) -> list[str]:
        words = WordSample(3)
        for i in ids:
            (number,) = words.draw_numbers([i])
            if number is not None:
                words.add(number, i, i)
        return sorted(i for _, i, _ in words._kept)

    ids = [f"row {i}" for i in range(30)]
    assert kept(ids) == kept(ids[::-1])
    assert len(kept(ids)) == 3


def test_rows_that_are_too_long_count_and_other_rejected_rows_do_not(tmp_path: Path) -> None:
    chats = chat(tmp_path)
    settled = task(system="", prompt="{text}", max_length=60)
    frame = rows(8).with_columns(
        text=pl.when(id="0").then(pl.lit("x" * 90)).when(id="1").then(pl.lit("<|im_end|>")).otherwise("text")
    )
    found = analysis.analyse(Encoder(settled, chats)(frame).lazy(), settled, chats, Tokens(lengths=[60]))
    assert found["lengths"]["train"]["rows"] == 1  # of two, one holds a control token
    assert found["truncation"] == [{"length": 60, "train": 1.0, "validation": 0.0, "test": 0.0}]


def test_pictures_stand_in_the_page(tmp_path: Path) -> None:
    pictures = plots.draw(analyse(tmp_path, rows()), 64)
    assert pictures.keys() == {"lengths", "padding"}
    assert all(picture.startswith("<svg viewBox=") for picture in pictures.values())
    assert "validation" in pictures["lengths"]


@pytest.mark.parametrize(
    "change", [{"lengths": [0]}, {"batch_sizes": [-1]}, {"sample": 0}, {"max_per_word": 0}, {"max_byte_tokens": 1.5}]
)
def test_settings_that_make_no_sense_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"data.tokens.{next(iter(change))}="):
        Tokens(**change)


def test_the_template_is_not_text(tmp_path: Path) -> None:
    """Its marks are in no word."""
    assert "im_start" in CHATML
    assert "im_start" not in json.dumps(analyse(tmp_path, rows())["words"])
