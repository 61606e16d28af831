"""What is proposed for which rows."""

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data.look.draft import ANSWERS, CLASSES, NUMBERS, TABLE, TALKS, draft, features
from tests.data.look.conftest import Look

WORDS = "the quick brown fox jumps over a lazy dog and then it sleeps for a long while".split()


def note(i: int) -> str:
    return " ".join(WORDS[(i * k) % len(WORDS)] for k in range(1, 6)) + f" {i}"


def test_a_text_with_a_label_and_little_else_is_a_task_of_texts(look_at: Look) -> None:
    rows = [
        {"ticket": f"T{i}", "body": note(i), "title": f"about the thing {i}", "team": "abc"[i % 3]} for i in range(60)
    ]
    made = draft(look_at(rows), "", "")
    assert (made.kind, made.label, made.text, made.context, made.id) == (CLASSES, "team", "body", ["title"], "ticket")


def test_a_context_with_gaps_is_not_read_for_its_rows_would_go(look_at: Look) -> None:
    rows = [
        {"body": note(i), "title": f"about the thing {i}" if i % 9 else None, "team": "abc"[i % 3]} for i in range(60)
    ]
    assert draft(look_at(rows), "", "").context == []


def test_a_text_among_features_is_one_of_them_unless_it_is_asked_for(look_at: Look) -> None:
    rows = [{"age": i % 40, "city": "xyz"[i % 3], "note": note(i), "sold": i % 2} for i in range(60)]
    seen = look_at(rows)
    made = draft(seen, "", "")
    assert (made.kind, made.label, features(seen, made)) == (TABLE, "sold", ["age", "city", "note"])
    made = draft(seen, "city", "note")
    assert (made.kind, made.label, made.text) == (CLASSES, "city", "note")


def test_answers_in_words_are_generated(look_at: Look) -> None:
    rows = [{"instruction": note(i), "input": note(i + 1) if i % 2 else "", "output": note(i + 7)} for i in range(60)]
    made = draft(look_at(rows), "", "")
    assert (made.kind, made.text, made.context, made.label) == (ANSWERS, "instruction", ["input"], "output")
    rows = [{"sentence": note(i), "name": f"Operation{i}"} for i in range(60)]
    made = draft(look_at(rows), "", "")
    assert (made.kind, made.text, made.label) == (ANSWERS, "sentence", "name")


def test_conversations_come_first(look_at: Look) -> None:
    talk = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    made = draft(look_at([{"id": f"x{i}", "messages": talk} for i in range(5)]), "", "")
    assert (made.kind, made.id) == (TALKS, "id") and made.talks is not None


def test_roles_of_a_table_are_settled(look_at: Look) -> None:
    rows = [
        {
            "id": i, "uuid": f"u{i}", "customer_id": i % 15, "_row": i, "list": [i], "when": f"2024-01-{1 + i % 28:02}",
            "age": i % 40, "class": "ab"[i % 2],
        }
        for i in range(90)
    ]  # fmt: skip
    seen = look_at(rows)
    made = draft(seen, "", "")
    assert (made.kind, made.label, made.id, made.group, made.time) == (TABLE, "class", "id", "customer_id", "")
    assert set(made.ignore) == {"uuid", "_row", "list", "customer_id"}
    assert features(seen, made) == ["when", "age"]


def test_a_column_without_a_name_is_left_out(look_at: Look) -> None:
    seen = look_at(",a,y\n" + "".join(f"{i},{i % 7},{'uv'[i % 2]}\n" for i in range(30)))
    made = draft(seen, "", "")
    assert (made.id, list(made.ignore), features(seen, made)) == ("", [""], ["a"])


TABLE_ROWS = "a,b,price,one,list\n" + "".join(f"{i},{i * 1.5},{i * 2.5},x,{i}\n" for i in range(60))


@pytest.mark.parametrize(
    ("content", "label", "text", "said"),
    [
        (TABLE_ROWS, "prize", "", "did you mean 'price'?"),
        (TABLE_ROWS, "", "txt", "has no column 'txt'"),
        (TABLE_ROWS, "one", "", "has 1 value"),
        (
            "text,price\n" + "".join(f"{note(i)},{i * 1.5}\n" for i in range(60)),
            "price",
            "text",
            "--label 'price' holds numbers, and 'text' texts: numbers are learned from the columns of a table",
        ),
        (
            "text,price\n" + "".join(f"{note(i)},{i * 1.5}\n" for i in range(60)),
            "",
            "",
            "a measure of 60 different numbers, and numbers are learned from the columns of a table",
        ),
        ("name,b\n" + "".join(f"x{i},{i % 3}\n" for i in range(60)), "name", "", "which are no classes"),
        ("a,split\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(60)), "split", "", "keeps this name for itself"),
        ("text\n" + "".join(f"{note(i)}\n" for i in range(60)), "", "", "texts and no answers to them"),
        ("y\n" + "".join(f"{'ab'[i % 2]}\n" for i in range(60)), "", "", "no column is left to learn from"),
        ("u,v\n" + "".join(f"{i}x,{i}y\n" for i in range(60)), "", "", "no column is likely"),
    ],
)
def test_what_cannot_be_learned_is_one_clear_sentence(
    look_at: Look, content: str, label: str, text: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        draft(look_at(content), label, text)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_measure_gives_way_to_a_column_that_is_called_like_an_answer(look_at: Look) -> None:
    rows = "churned,age,spent\n" + "".join(f"{i % 2},{i % 40},{i * 1.5}\n" for i in range(60))
    made = draft(look_at(rows), "", "")
    assert (made.kind, made.label) == (TABLE, "churned")
    assert made.notes == ["'spent' is a measure: to learn its numbers instead of 'churned', name it with --label"]
    asked = draft(look_at(rows), "spent", "")
    assert (asked.kind, asked.label, asked.why, asked.notes) == (NUMBERS, "spent", "you named it", [])


def test_a_measure_is_learned_as_a_number(look_at: Look) -> None:
    rows = "shape,weight,price\n" + "".join(f"{'xyz'[i % 3]},{i * 7 % 31},{i * 2.5}\n" for i in range(60))
    made = draft(look_at(rows), "", "")
    assert (made.kind, made.label, made.others) == (NUMBERS, "price", ["shape"])
    assert made.why == "its name says so and it is the last column and it has 60 different values"
