"""Mojibake and lost characters; real text in many scripts is left alone."""

import polars as pl
import pytest

from shipworthy.data.clean.apply import Cleaned, apply
from shipworthy.data.clean.schema import Cleaning, Encoding
from tests.data.clean.cleaned import rejected

SOUND = [
    "naïve café",
    "CAFÉ™",
    "São Paulo – 5 °C",
    "Größe: ½",
    "“quoted” … it’s",
    "Привет, мир",
    "日本語の文",
    "مرحبا",
    "😀 ok",
]
DAMAGED = ["cafÃ© au lait", "Itâ€™s here", "GroÃŸe", "Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "â\x80\x99tis"]
MEANT = ["café au lait", "It’s here", "Große", "привет", "’tis"]


def run(action: str, texts: list[str | None]) -> Cleaned:
    rows = pl.DataFrame(
        {"id": [str(i) for i in range(len(texts))], "t": texts}, schema={"id": pl.String, "t": pl.String}
    )
    return apply(Cleaning(encoding=Encoding(action), unicode=None), rows.lazy(), ["t"])


@pytest.mark.parametrize("action", ["reject", "repair"])
def test_sound_text_is_left_alone(action: str) -> None:
    cleaned = run(action, [*SOUND, None, "plain"])
    assert rejected(cleaned) == {}
    assert cleaned.rows.collect()["t"].to_list() == [*SOUND, None, "plain"]


def test_damage_is_rejected_with_the_place() -> None:
    found = rejected(run("reject", [*DAMAGED, "a lost \ufffd one"]))
    assert len(found) == len(DAMAGED) + 1
    assert found["0"] == ("damaged encoding", "t holds UTF-8 that was read as another encoding: 'cafÃ© au lait'")
    assert found["5"] == ("damaged encoding", "t holds a character that was lost: 'a lost \ufffd one'")


def test_what_is_certain_is_repaired_and_the_rest_rejected() -> None:
    cleaned = run("repair", [*DAMAGED, "lost \ufffd and cafÃ©"])
    assert cleaned.rows.collect()["t"].to_list()[:-1] == MEANT
    assert list(rejected(cleaned)) == ["5"]
    assert cleaned.rows.select(**cleaned.counts).collect().row(0) == (len(DAMAGED),)
