import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.core.errors import UsageError
from shipworthy.models.prompt import Prompt, PromptError, as_text
from shipworthy.models.prompt_checks import check_columns, checked

NAMES = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: name.strip() == name
)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{a}", "1"),
        ("{a} of {ticket.body}, {a}", "1 of x{y}, 1"),
        ("{{a}} {a}", "{a} 1"),
        ("{{{a}}}", "{1}"),
        ("{units [kg]}{a:>3}{a!r}{0}", "5|right|repr|zero"),
        ("{ with spaces }", "s"),
        ("", ""),
        ("100% of $HOME\\n", "100% of $HOME\\n"),
    ],
)
def test_a_name_in_braces_is_a_column_whatever_it_is(text: str, filled: str) -> None:
    row = {"a": 1, "ticket.body": "x{y}", "units [kg]": "5|", "a:>3": "right|", "a!r": "repr|", "0": "zero"}
    assert Prompt(text).fill(row | {"with spaces": "s"}) == filled


@given(st.lists(st.tuples(st.text("ab {}", max_size=5), NAMES), max_size=4), st.text("ab {}", max_size=5))
def test_doubled_braces_are_braces_and_columns_are_found(parts: list[tuple[str, str]], end: str) -> None:
    def doubled(text: str) -> str:
        return text.replace("{", "{{").replace("}", "}}")

    prompt = Prompt("".join(f"{doubled(text)}{{{name}}}" for text, name in parts) + doubled(end))
    assert prompt.columns == list(dict.fromkeys(name for _, name in parts))
    assert prompt.fill({name: f"<{name}>" for _, name in parts}) == "".join(f"{t}<{n}>" for t, n in parts) + end


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("if (x) { {text}", "a brace, {, without its other one at character 8, in 'if (x) { {text}'"),
        ("Close } it: {text}", "a brace, }, without its other one at character 7"),
        ("Text: {} {text}", "a pair of braces without a name at character 7"),
        ("Text: { } {text}", "a pair of braces without a name at character 7"),
        ("{text", "character 1"),
        ("x" * 50 + "}" + "y" * 50, "in '…" + "x" * 24 + "}" + "y" * 24 + "…'"),
    ],
)
def test_a_brace_alone_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(PromptError) as caught:
        Prompt(text)
    assert place in str(caught.value)
    with pytest.raises(UsageError, match=r"^task.prompt has .* double a brace that is meant \(\{\{ or \}\}\)\.$"):
        checked("task.prompt", text)


@pytest.mark.parametrize("name", ["answer", "split", "cluster", "fold", "id", "prompt_ids", "answer_ids"])
def test_what_tells_the_answer_or_the_row_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=rf"^task.prompt names \{{{name}\}}, which .*take it out\.$"):
        checked("task.prompt", f"{{text}} {{{name}}}")
    checked("task.prompt", f"{{text}} {{{{{name}}}}}")


def test_a_prompt_without_a_column_and_an_unknown_column_are_refused() -> None:
    with pytest.raises(UsageError, match="task.prompt='Say {{it}}.' names no column.* in one pair of braces"):
        checked("task.prompt", "Say {{it}}.")
    prompt = checked("model.template", "{txt}{0}")
    with pytest.raises(
        UsageError, match=r"model.template names \{txt\}, .* columns text, b: did you mean \{text\}\? If"
    ):
        check_columns("model.template", prompt, ["text", "b"])
    with pytest.raises(
        UsageError, match=r"names \{\"team\": ...\}, which is none .* name one of them, or double a brace"
    ):
        check_columns("task.prompt", Prompt('{"team": ...}'), ["text"])


def test_values_are_texts_as_in_a_dataset() -> None:
    values = ["a", None, True, 1, 1.5, [1, "é"], {"a": None}]
    assert [as_text(value) for value in values] == ["a", "", "true", "1", "1.5", '[1, "é"]', '{"a": null}']
