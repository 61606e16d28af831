"""What is typed for a str arrives as it was typed; what is not a str stays Hydra's."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shipworthy.config.compose import check_overrides, compose
from shipworthy.config.load import as_dict, plain, read_params
from shipworthy.config.overrides import in_hydras_grammar, value_of
from shipworthy.core import yaml_text
from shipworthy.core.errors import UsageError

TEXTS = [
    "Billing, or not?", "What's the team?", "Which team (one word)", "Équipe ?", "[a, b]", "{x}", "{{x}}", "a=b", "# a",
    "$HOME ${seed} *", "\\", "a\\", "a\\'b", "\\${seed}", '"a" or "b"', "'", '"', " before and after ", "true", "TRUE",
    "no", "null", "1.10", "1e10", "4936e51", "695e0514", "0012", "12:30:00", "1_000", "0x1F", "-1", "nan", "~", "",
    "a: b",
    "line\nbreak", "\u2028", "choice(a,b)", "range(1,3)", "a,b", "|", "!!str x", "&a", "@", "%", "😀",
]  # fmt: skip
AS_A_TABLE = ["experiment=adult_xgboost"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_on_the_command_line_is_what_was_typed(text: str) -> None:
    config = compose([f"task.system={text}", f"note={text}"])
    assert (config.task.system, config.note) == (text, text)  # type: ignore[attr-defined]
    written = in_hydras_grammar([f"task.system={text}"])
    assert in_hydras_grammar(written) == written
    assert value_of(written[0]) == text or "${" in text


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text("\\${}'\",[]()=:?. a1", max_size=12))
@example("???a")
def test_any_text_arrives_and_is_read_back_from_params(text: str) -> None:
    if text.replace("\\", "") == "???" or (text[:1] == text[-1:] and text[:1] in ("'", '"')):
        return  # OmegaConf's mark for what is missing; and what is quoted means its content
    (written,) = in_hydras_grammar([f"note={text}"])
    assert check_overrides([written])[0].value() is not None
    loaded = yaml_text.parse(yaml_text.dump({"note": text, "other": [text]}))
    assert loaded == {"note": text, "other": [text]}
    assert compose([f"note={text}"]).note == text


@pytest.mark.parametrize(
    ("typed", "text"),
    [('"{text}"', "{text}"), ("'it\\'s'", "it's"), ('"a, b"', "a, b"), ("'null'", "null"), ('"\'"', "'")],
)
def test_what_is_quoted_as_hydra_wants_it_means_its_content(typed: str, text: str) -> None:
    assert compose([f"task.system={typed}"]).task.system == text  # type: ignore[attr-defined]
    assert in_hydras_grammar([f"task.system={typed}"]) == [f"task.system={typed}"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("seed=--1", "seed=--1: give a whole number."),
        ("seed=[1", "seed=[1: give a whole number."),
        ("optimizer.lr=1e", "optimizer.lr=1e: give a number."),
        ("optimizer.lr=1e-4!", "optimizer.lr=1e-4!: give a number."),
        ("trainer.auto_batch=yes!", "trainer.auto_batch=yes!: give true or false."),
        ("task.metrics=[auc", "task.metrics=[auc: its value can't be read (no viable alternative"),
        ("trainer.auto_batch", "trainer.auto_batch is neither group=choice nor key=value ("),
    ],
)
def test_what_hydra_cannot_read_is_refused_by_what_the_key_wants(typed: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        compose([typed])
    assert str(caught.value).startswith(said), caught.value


def test_what_is_no_text_stays_as_it_is() -> None:
    given = ["optimizer.lr=1e-3", "trainer=lightning", "data.split.stratify=true", "~data.id", "hydra.job.name=a,b",
             ".=x", "=x", "x"]  # fmt: skip
    assert in_hydras_grammar(given) == given
    assert in_hydras_grammar(["task.name=plain-name_1", "note='quoted'"]) == ["task.name=plain-name_1", "note='quoted'"]
    assert in_hydras_grammar(["optimizer.lr=1e-3,1e-4"], sweep=True) == ["optimizer.lr=1e-3,1e-4"]


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("a,b", ["a", "b"]),
        ("true,1e10", ["true", "1e10"]),
        ("What's it?, {x}", ["What's it?", "{x}"]),
        ("'a, b',c", ["a, b", "c"]),
        ("a\\, b", ["a, b"]),
        ("choice('a, b',c)", ["a, b", "c"]),
        ("it is one", ["it is one"]),
        ("ends with \\", ["ends with \\"]),
    ],
)
def test_in_a_sweep_a_comma_separates_texts(typed: str, values: list[str]) -> None:
    (override,) = check_overrides(in_hydras_grammar([f"note={typed}"], sweep=True))
    found = list(override.sweep_string_iterator()) if override.is_sweep_override() else [f"{override.value()!r}"]
    if override.is_sweep_override():
        assert [compose([f"note={one}"]).note for one in found] == values
    else:
        assert [str(override.value())] == values


DATA = ["experiment=sarcasm_tfidf"]


@pytest.mark.parametrize(
    ("typed", "key", "value"),
    [
        ("data.missing=[NA,-1,1.10,null,TRUE,n.a.]", "missing", ["NA", "-1", "1.10", "null", "TRUE", "n.a."]),
        ("data.ignore=[0012,'1e10']", "ignore", ["0012", "1e10"]),
        ("data.ignore=[]", "ignore", []),
        ("data.columns={a: int}", "columns", {"a": "int"}),
        ("data.columns.x=date?", "columns", {"x": "date?"}),
        ("data.missing=[1e999]", "missing", ["1e999"]),
    ],
)
def test_elements_that_are_texts_keep_theirs(typed: str, key: str, value: Any) -> None:
    assert getattr(compose([*AS_A_TABLE, typed]).data, key) == value


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("data.answers={yes: 1, no: 1.10}", {"yes": "1", "no": "1.10"}),
        ("data.answers={1: serious, TRUE: sarcastic, 1.10: x}", {"1": "serious", "TRUE": "sarcastic", "1.10": "x"}),
        ("data.answers={New York: 'a, b'}", {"New York": "a, b"}),
        ("data.answers.yes=0", {"yes": "0"}),
    ],
)
def test_a_mapping_of_texts_keeps_keys_and_values(typed: str, value: dict[str, str]) -> None:
    found = compose([*DATA, typed]).data.answers  # type: ignore[attr-defined]
    assert found == {"0": "serious", "1": "sarcastic"} | value


def test_null_is_none_where_there_may_be_none() -> None:
    assert compose([*AS_A_TABLE, "data.source=null"]).data.source is None  # type: ignore[attr-defined]


def test_an_interpolation_is_meant_where_it_is_quoted_or_stands_in_a_file() -> None:
    assert compose([*DATA, "seed=3", 'task.system="${seed} of {x}"']).task.system == "3 of {x}"  # type: ignore[attr-defined]
    config = compose([*DATA, "task.prompt=${question} costs {question}"])
    assert config.model.template == config.task.prompt == "${question} costs {question}"  # type: ignore[attr-defined]
    assert as_dict(config.task)["prompt"] == "${question} costs {question}"


def test_params_are_read_as_they_stand(tmp_path: Path) -> None:
    """A str without quotes keeps its text; nothing in them is interpolated any more."""
    from shipworthy.config.compose import composed

    overrides = [*DATA, "task.prompt=${question} {question}", "task.system=1e10", "note=yes", "task.name=0012"]
    path = tmp_path / "params.yaml"
    path.write_text(yaml_text.dump(plain(composed(overrides))), encoding="utf-8")
    assert read_params(path) == compose(overrides)
    bare = path.read_text(encoding="utf-8").replace("'1e10'", "1e10").replace("'yes'", "yes").replace("'0012'", "0012")
    assert "system: 1e10" in bare
    path.write_text(bare, encoding="utf-8")
    assert read_params(path) == compose(overrides)
    path.write_text("task: [", encoding="utf-8")
    with pytest.raises(UsageError, match=r"params.yaml: line \d is not YAML"):
        read_params(path)


def test_a_shell_hands_over_what_the_docs_print(tmp_path: Path) -> None:
    """The quotes of the shell are gone before Hydra's grammar would want them."""
    say = tmp_path / "shipworthy"
    say.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    say.chmod(0o755)
    line = (
        'shipworthy pipeline data=tickets task.prompt="{text}" task.system="Name the team." workspace=work/t/artifacts'
    )
    assert line.partition(" workspace")[0] in Path("docs/data.md").read_text(encoding="utf-8")
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    said = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, encoding="utf-8", check=True)
    words = [word for word in said.stdout.split("\n")[1:-1] if not word.startswith("data=")]
    config = compose(words)
    assert (config.task.prompt, config.task.system) == ("{text}", "Name the team.")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        ("[?,NA,null,~]", ["?", "NA", "null", "~"]),
        ("[n/a, #N/A, –]", ["n/a", "#N/A", "–"]),
        ("[Größe (cm), 'a, b', it's]", ["Größe (cm)", "a, b", "it's"]),
    ],
)
def test_a_list_of_texts_holds_any_sign(typed: str, texts: list[str]) -> None:
    assert compose([*AS_A_TABLE, f"data.missing={typed}"]).data.missing == texts  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["model.rounds=1e3", "model.rounds=5"], "model.rounds=5: give a whole number."),
        (["model.rounds=5", "model.rounds=0x10"], "model.rounds=0x10: give a whole number."),
        (["data.split.test=20%"], "data.split.test=20%: give a number."),
        (["data.split.stratify=ja"], "data.split.stratify=ja: give true or false."),
        (["model.rounds=null"], "model.rounds=null: it can't be null: give a value."),
        (["data.ignore=age"], "data.ignore=age: give a list, in brackets: data.ignore=[…]."),
        (["~data.label"], "~data.label: it can't be taken away: give it another value."),
        (
            ["data.gates.leak=off"],
            "data.gates.leak=off: it holds settings of its own: set one of them, data.gates.leak.SETTING=…, or null to "
            "be without it.",
        ),
        (
            ["data.clean.pii.email=mask"],
            "data.clean.pii.email=mask: there is no data.clean.pii yet: give it with its settings in one, "
            "'data.clean.pii={email: …}'.",
        ),
        (["data.lable=x"], "data.lable=x: there is no data.lable: did you mean data.label?"),
    ],
)
def test_a_value_that_does_not_fit_is_said_with_what_to_do(overrides: list[str], sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        compose([*AS_A_TABLE, *overrides])
    assert str(refused.value) == sentence


def test_what_the_sentence_advises_works() -> None:
    config = compose([*AS_A_TABLE, "data.clean.pii={email: mask}"])
    assert config.data.clean.pii.email == "mask"  # type: ignore[attr-defined]
