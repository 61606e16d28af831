"""Languages: rejected only where the detector is certain."""

import polars as pl

from shipworthy.data.clean.apply import apply
from shipworthy.data.clean.schema import Cleaning, Language
from tests.data.clean.cleaned import rejected

TEXTS = {
    "en": "Deletes a component from an Amplify app and all of its versions.",
    "de": "Der schnelle braune Fuchs springt über den faulen Hund am Ufer.",
    "fr": "Le chat est sur la table et il mange la souris avec plaisir.",
    "ru": "Быстрая коричневая лиса прыгает через ленивую собаку у реки.",
    "ja": "素早い茶色の狐がのろまな犬を飛び越えて川のほとりへ行った。",
    "short": "Lists tags.",
}
ROWS = pl.DataFrame({"id": list(TEXTS), "t": list(TEXTS.values())})


def test_other_languages_are_named() -> None:
    found = rejected(apply(Cleaning(language=Language(["en"])), ROWS.lazy(), ["t"]))
    assert list(found) == ["de", "fr", "ru", "ja"]
    assert all(detail.startswith(f"t is in {code} with probability") for code, (_, detail) in found.items())


def test_several_may_be_allowed_and_certainty_is_asked_for() -> None:
    assert list(rejected(apply(Cleaning(language=Language(["en", "de", "ja"])), ROWS.lazy(), ["t"]))) == ["fr", "ru"]
    strict = Language(["ja"], min_probability=0.9999, min_characters=0)
    assert "short" not in rejected(apply(Cleaning(language=strict), ROWS.lazy(), ["t"]))
