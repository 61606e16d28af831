"""All cleaners together: one lazy pass, in the order of the config."""

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data.clean.apply import Cleaned, apply
from shipworthy.data.clean.schema import PII, Cleaning, Encoding, Language, Length, Limits, UnicodeForm
from tests.data.clean.cleaned import rejected

ROWS = pl.DataFrame(
    {
        "id": ["a", "b", "c", "d", "e"],
        "text": ["A  clean\u00a0 one.", "Broken cafÃ© here.", "x", None, "Write to ann@example.org now."],
        "other": ["kept  as it is", "", "", "", ""],
    }
)
CONFIG = Cleaning(length=Length({"text": Limits(min_words=2)}), pii=PII())


def clean(config: Cleaning, rows: pl.DataFrame = ROWS) -> Cleaned:
    return apply(config, rows.lazy(), ["text"])


def test_rows_are_cleaned_judged_and_counted_in_one_streaming_pass() -> None:
    cleaned = clean(CONFIG)
    rows = cleaned.rows.collect(engine="streaming")
    assert rows["text"].to_list() == ["A clean one.", "Broken cafÃ© here.", "x", None, "Write to <EMAIL> now."]
    assert rows["other"][0] == "kept  as it is"
    assert [name for name in rows.columns if not name.startswith("_clean_")] == ROWS.columns
    assert rejected(cleaned) == {
        "b": ("damaged encoding", "text holds UTF-8 that was read as another encoding: 'Broken cafÃ© here.'"),
        "c": ("length", "text has 1 words, fewer than 2"),
    }
    counted = cleaned.rows.select(**cleaned.counts).collect().row(0, named=True)
    assert counted["pii: email"] == 1 and counted["pii: card"] == 0


def test_a_row_alone_is_cleaned_as_among_others() -> None:
    whole = clean(CONFIG).rows.collect()
    for n in range(ROWS.height):
        assert clean(CONFIG, ROWS[n : n + 1]).rows.collect().equals(whole[n : n + 1])


def test_what_a_later_cleaner_changes_is_not_held_against_a_row() -> None:
    """The address counts as three words, its placeholder as one."""
    config = Cleaning(length=Length({"text": Limits(min_words=5)}), pii=PII())
    assert "e" not in rejected(clean(config))


def test_nothing_is_done_that_is_not_asked_for() -> None:
    cleaned = clean(Cleaning(encoding=None, unicode=None))
    assert cleaned.rows.collect().equals(ROWS)
    assert (cleaned.rejections, cleaned.counts) == ([], {})


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: UnicodeForm(form="NFD"), r"data\.clean\.unicode\.form=NFD: choose one of NFC, NFKC"),
        (lambda: Encoding(action="drop"), "choose one of reject, repair"),
        (Length, r"length\.columns is empty"),
        (Limits, "without a limit"),
        (lambda: Limits(min_words=3, max_words=2), "min_words=3 and max_words=2"),
        (Language, r"language\.allow is empty"),
        (lambda: Language(["en"], min_probability=0), "above 0, up to 1"),
        (lambda: Language(["en"], min_characters=-1), "give a number from 0"),
        (lambda: PII(email="hide"), r"pii\.email=hide: choose one of mask, reject, keep"),
        (lambda: PII(*["keep"] * 6), "has no effect"),
        (lambda: PII(region="usa"), "two capital letters"),
        (lambda: clean(Cleaning(language=Language(["xx"]))), r"language\.allow names 'xx'"),
        (
            lambda: clean(Cleaning(length=Length({"txt": Limits(1)}))),
            r"length\.columns names 'txt', .* \(these are: text\)",
        ),
    ],
)
def test_what_cannot_work_is_refused_in_one_sentence(make: object, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        make()
