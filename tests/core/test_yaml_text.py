from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf

from shipworthy.config.keys import import_checked_schemas
from shipworthy.config.root import Config
from shipworthy.core import yaml_text
from shipworthy.core.errors import UsageError
from shipworthy.core.value_types import at, holds_text, is_text, may_be_none, of_group, parts_of

WORDS = ["4936e51", "695e0514", "1e10", "yes", "NO", "0012", "1_000", "12:30:00", "2026-01-01", "null", "~", "", "1.10",
         "-1",
         ".inf", "nan", "true", "0x1F", "=", "<<", "a: b", "# a", "é\u2028", "\t", "${x}", "${", "? a"]  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_what_is_dumped_is_read_back_by_whomever(word: str) -> None:
    content = {"v": word, word: [word]}
    text = yaml_text.dump(content)
    assert yaml_text.parse(text) == yaml.safe_load(text) == content
    if "${" not in word:
        assert OmegaConf.to_container(OmegaConf.create(text)) == content


@pytest.mark.parametrize("word", [word for word in WORDS[:9] if word] + ["1.10", "-1", "true", "0x1F"])
def test_a_text_without_quotes_is_as_it_is_written(word: str) -> None:
    import_checked_schemas()
    text = (
        f"task: {{positive: {word}, baselines: [{word}]}}\nnote: {word}\n"
        f"data: {{sha256: {word}, answers: {{{word}: {word}}}, source: {{kind: hub, revision: {word}}}}}\n"
        "seed: 1e3\noptimizer: {lr: 1e-3}\n"
    )
    found = yaml_text.parse(text, (Config,))
    source = {"kind": "hub", "revision": word}
    assert found["data"] == {"sha256": word, "answers": {word: word}, "source": source}
    assert found["task"] == {"positive": word, "baselines": [word]}
    assert (found["note"], found["seed"], found["optimizer"]) == (word, 1000.0, {"lr": 0.001})


@pytest.mark.parametrize("value", ["null", "~", ""])
def test_a_text_without_a_value_is_refused(value: str) -> None:
    import_checked_schemas()
    with pytest.raises(UsageError, match=r"x.yaml: task.positive .* YAML reads as nothing: give a text, with quotes"):
        yaml_text.parse(f"task:\n  positive: {value}\n", (Config,), "x.yaml")
    assert yaml_text.parse(f"data:\n  split: {{train_rows: {value}}}\n", (Config,)) == {
        "data": {"split": {"train_rows": None}}
    }


def test_what_is_no_yaml_is_refused_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"^x.yaml, line \d is not YAML \(.*\): correct it\.$"):
        yaml_text.parse("a: 1\nb: [", (Config,), "x.yaml")
    assert yaml_text.parse("# nothing") is None


def test_anchors_and_merges_keep_texts_too() -> None:
    import_checked_schemas()
    text = "task:\n  <<: {positive: 1.10}\n  criteria: &c {margin: 0.1}\nnote: 007\n"
    assert yaml_text.parse(text, (Config,))["task"] == {"positive": "1.10", "criteria": {"margin": 0.1}}


@pytest.mark.parametrize(
    ("key", "text"),
    [("task.positive", True), ("data.source.revision", True), ("data.source.kind", True), ("data.missing[0]", True),
     ("data.columns.zip\\.code", True), ("seed", False), ("optimizer.lr", False), ("data.source", False),
     ("hpo.space.x", False), ("nowhere", False), ("data.missing", False)],
)  # fmt: skip
def test_the_type_of_a_key_is_known(key: str, text: bool) -> None:
    import_checked_schemas()
    assert is_text(at((Config,), parts_of(key))) is text
    assert holds_text(at((Config,), ["data", "missing"]))
    assert not holds_text(at((Config,), ["data", "mixing", "weights"]))
    assert may_be_none(at((Config,), ["data", "split", "train_rows"]))


def test_no_key_is_a_text_in_one_kind_and_something_else_in_another() -> None:
    """Otherwise what was typed could not be taken as a text."""
    import_checked_schemas()
    from shipworthy.config.keys import known_keys

    mixed = []
    for key in known_keys():
        hints: Any = at((Config,), parts_of(key))
        if any(is_text((hint,)) for hint in hints) and not is_text(hints):
            mixed.append(key)
    assert not mixed


def test_a_file_of_a_group_is_read_by_its_schemas(tmp_path: Path) -> None:
    import_checked_schemas()
    (tmp_path / "a.yaml").write_text("\ufefffile: 0012\nsource: {kind: hub, revision: 4936e51}\n", encoding="utf-8")
    found = yaml_text.read(tmp_path / "a.yaml", of_group("data"))
    assert found == {"file": "0012", "source": {"kind": "hub", "revision": "4936e51"}}
