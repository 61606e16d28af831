"""The roles of columns beside the label."""

import pytest

from shipworthy.data.look import names, roles
from tests.data.look.conftest import Look


def test_ids_texts_times_and_groups_are_found_by_values_and_names(look_at: Look) -> None:
    rows = ["order_id,token,customer,user id,when,year,born,note,title,n,"]
    for i in range(60):
        note = f"the {i}th note that says much"
        day = f"2024-0{1 + i % 9}-1{i % 9}"
        rows.append(
            f"{i},a{i}b,c{i % 12},{i % 20},{day},{2001 + i % 9},199{i % 9}-01-01,{note},one title {i},{i % 7},{i}"
        )
    seen = look_at("\n".join(rows))
    assert roles.ids(seen) == ["order_id", "", "token"]
    assert roles.texts(seen) == ["note", "title"]
    assert roles.times(seen) == ["when", "year"]
    assert roles.groups(seen) == ["customer", "user id"]


def test_few_groups_or_mostly_single_rows_are_none(look_at: Look) -> None:
    rows = ["user_id,shop_id,count"] + [f"{i % 50},{i % 5},{i % 12}" for i in range(60)]
    assert roles.groups(look_at("\n".join(rows))) == []


def test_what_no_model_can_use_is_said_with_the_reason(look_at: Look) -> None:
    rows = [{"a": i, "_x": i, "split": "train", "none": None, "same": 1, "list": [i], "cluster": i} for i in range(9)]
    found = roles.unusable(look_at(rows))
    assert set(found) == {"_x", "split", "none", "same", "list", "cluster"}
    assert found["none"] == "it is empty" and "one value only" in found["same"] and "lists" in found["list"]


def test_marks_for_missing_values_are_found_where_they_are_sure(look_at: Look) -> None:
    rows = ["age,job,pet,code,low,answer"]
    rows += [
        f"{'?' if i == 3 else i},{['a', '?', 'N/A'][i % 3]},none,{-999 if i % 5 == 0 else i},{i - 9},-"
        for i in range(30)
    ]
    seen = look_at("\n".join(rows))
    assert roles.gaps(seen, "pet") == ["?", "N/A", "-", "-999"]
    assert roles.gaps(seen, "answer") == ["?", "N/A", "-999"], "a class is no gap"
    assert roles.gaps(seen, "job") == ["-", "-999"]


def test_a_number_that_stands_for_nothing_is_the_only_negative_one_and_stands_more_than_once(look_at: Look) -> None:
    assert roles.gaps(look_at("a,b\n" + "".join(f"{i},{-999 if i == 3 else i}\n" for i in range(30))), "a") == []
    assert roles.gaps(look_at("a,b\n" + "".join(f"{i},{-999 + i % 2}\n" for i in range(30))), "a") == []
    assert roles.gaps(look_at([{"a": i, "b": -999 if i % 3 else i} for i in range(30)]), "a") == [], (
        "JSON's are numbers"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("customerId", ["customer", "id"]),
        ("Customer ID", ["customer", "id"]),
        ("a_b-c.D", ["a", "b", "c", "d"]),
        ("", []),
    ],
)
def test_the_words_of_a_name(name: str, words: list[str]) -> None:
    assert names.words(name) == words


def test_names_are_shown_on_one_line() -> None:
    assert names.shown("a\nb\u2028c\x85d\u200be") == "a\\u000ab\\u2028c\\u0085d\\u200be"
    assert len(names.shown("x" * 100)) == 60
    assert names.listed(list("abc"), 2) == "'a', 'b' and 1 more"
