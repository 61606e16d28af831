"""`shipworthy init FILE`: what is written loads, whatever is in the file; mistakes get one sentence."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.bench.inits import project
from shipworthy.config.compose import compose
from shipworthy.core.project import project_root
from shipworthy.data.kinds.schema import Conversations, Records, Table
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.multi_label.schema import MultiLabel
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.tfidf.schema import Tfidf
from shipworthy.models.xgboost.schema import XGBoost
from tests.conftest import Shipworthy, one_sentence

NASTY = [
    "yes", "null", "~", "1.10", "0012", "1e5", "a: b", "#a", "a #b", "'q'", '"q"', "{a}", "[a]", "- a", "a\nb", "a\tb",
    "a\u2028b\x85c", "日本語", "🙂", "${x}", "${oc.env:HOME}", "x" * 300, " a ", "<<", "=", "%", "a,b", "label.x", "\\",
]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return project.make(tmp_path / "project")


def rows_of(names: list[str], label: str) -> str:
    """JSON lines of 40 rows with these columns and a label of two classes."""
    made = [
        {**{name: (i * (7 + k)) % 13 for k, name in enumerate(names)}, label: "ab"[i * 5 % 3 > 0]} for i in range(40)
    ]
    return "".join(json.dumps(row) + "\n" for row in made)


def test_a_table_is_looked_at_copied_and_described(in_process: Shipworthy, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "My cars (2).csv"
    file.write_text(
        "id,hp,colour,late\n" + "".join(f"{i},{i * 7 % 50},{'rgb'[i % 3]},{'TF'[i * 5 % 7 > 0]}\n" for i in range(99))
    )
    done = in_process("init", str(file), cwd=home)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "99 rows; 4 columns:"
    assert lines[-1] == "shipworthy pipeline experiment=my_cars_2"
    assert (home / "data" / file.name).read_text() == file.read_text()
    config = compose(["experiment=my_cars_2"])
    assert isinstance(config.data, Table) and isinstance(config.task, Classification)
    assert (config.data.label, config.data.id, config.data.file) == ("late", "id", file.name)
    assert (config.task.positive, config.task.baselines, config.model.kind) == (
        "T",
        ["majority", "logistic"],
        "xgboost",
    )
    text = (home / "conf" / "data" / "my_cars_2.yaml").read_text()
    assert "# 2 classes: F 84.8%, T 15.2%." in text and text.count("#") > 6


def test_a_number_that_is_no_class_gets_a_regression(in_process: Shipworthy, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "flats.csv"
    rows = [(i * 7 % 50 + 20, "abc"[i % 3], (i * 7 % 50 + 20) * 9.5 + i * 13 % 200) for i in range(200)]
    shown = (f"{size};{town};{rent:.2f} €".replace(".", ",") for size, town, rent in rows)
    file.write_text("size;town;rent\n" + "".join(f"{line}\n" for line in shown), encoding="utf-8")
    done = in_process("init", str(file), cwd=home)
    assert done.returncode == 0, done.stderr
    assert "to be learned: 'rent'" in done.stdout and "recipe: XGBoost against the median and ridge" in done.stdout
    config = compose(["experiment=flats"])
    assert isinstance(config.data, Table) and isinstance(config.task, Regression)
    assert (config.data.label, config.data.split.stratify, config.data.split.test) == ("rent", False, 0.2)
    assert (config.task.metric, config.task.baselines) == ("mae", ["median", "ridge"])
    assert isinstance(config.model, XGBoost) and config.model.objective == "squared_error"


def test_several_labels_of_a_row_get_their_recipes(in_process: Shipworthy, home: Path, tmp_path: Path) -> None:
    draws = random.Random(4)
    rows: list[dict[str, Any]] = []
    for i in range(150):
        tags = sorted(draws.sample(["fire", "flood", "theft"], draws.choice([0, 1, 1, 2])))
        note = f"claim {i} of {draws.randrange(99)} speaks about {' and '.join(tags) or 'nothing'}"
        rows.append({"age": draws.randrange(90), "sum": draws.randrange(999), "note": note, "tags": tags})
    (tmp_path / "claims.csv").write_text(
        "age,sum,tags\n" + "".join(f"{one['age']},{one['sum']},{'|'.join(one['tags'])}\n" for one in rows)
    )
    (tmp_path / "notes.jsonl").write_text(
        "".join(json.dumps({"note": one["note"], "tags": one["tags"]}) + "\n" for one in rows)
    )
    for name, recipe in {
        "claims.csv": "XGBoost, each label",
        "notes.jsonl": "TF-IDF and logistic regression, each",
    }.items():
        done = in_process("init", str(tmp_path / name), cwd=home)
        assert done.returncode == 0, done.stderr
        assert "labels, of which a row may have several: " in done.stdout and f"recipe: {recipe} " in done.stdout
    table, texts = compose(["experiment=claims"]), compose(["experiment=notes"])
    assert isinstance(table.data, Table) and isinstance(table.task, MultiLabel) and isinstance(table.model, XGBoost)
    assert (table.data.label, table.data.separator, table.data.split.stratify) == ("tags", "|", False)
    assert (table.task.metric, table.task.baselines, table.model.objective) == ("micro_f1", ["frequent"], "labels")
    assert isinstance(texts.data, Records) and isinstance(texts.task, MultiLabel) and isinstance(texts.model, Tfidf)
    assert (texts.data.text, texts.data.answer, texts.data.separator) == ("note", "tags", "")
    assert (texts.model.objective, texts.model.template, texts.model.min_count) == ("labels", "{note}", 1)
    assert texts.task.baselines == ["frequent", "nearest"]
    written = (home / "conf" / "data" / "claims.yaml").read_text()
    assert "# A row has none, one or several of 3 labels: " in written


def test_texts_and_conversations_get_their_recipes(in_process: Shipworthy, home: Path, tmp_path: Path) -> None:
    words = "card charged twice refund parcel late broken invoice address login".split()
    notes = [" ".join(random.Random(i).choices(words, k=7)) + f" {i}" for i in range(60)]
    (tmp_path / "tickets.csv").write_text("text,team\n" + "".join(f"{n},{'abc'[i % 3]}\n" for i, n in enumerate(notes)))
    talk = [[{"role": "user", "content": n}, {"role": "assistant", "content": n[:9]}] for n in notes]
    (tmp_path / "talk.jsonl").write_text("".join(json.dumps({"messages": one}) + "\n" for one in talk))
    (tmp_path / "pairs.jsonl").write_text(
        "".join(json.dumps({"question": n, "answer": f"{n} {n[:7]}"}) + "\n" for n in notes)
    )
    for name in ("tickets.csv", "talk.jsonl", "pairs.jsonl"):
        done = in_process("init", str(tmp_path / name), cwd=home)
        assert done.returncode == 0, done.stderr
    texts, talks, pairs = (compose([f"experiment={name}"]) for name in ("tickets", "talk", "pairs"))
    assert isinstance(texts.data, Records) and isinstance(texts.task, TextToText)
    assert (texts.model.kind, texts.task.prompt, texts.data.answer) == ("tfidf", "{text}", "team")
    assert texts.task.system == "Name the team. It is one of: a, b, c."
    assert isinstance(talks.data, Conversations) and isinstance(talks.task, TextToText)
    assert (talks.model.kind, talks.task.messages) == ("causal_lm", "messages")
    assert isinstance(pairs.task, TextToText)
    assert (pairs.model.kind, pairs.task.prompt, pairs.task.max_length) == ("causal_lm", "{question}", 128)


def test_the_lines_for_a_language_model_that_a_comment_shows_work(
    in_process: Shipworthy, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "tickets.csv").write_text(
        "text,team\n" + "".join(f"some words of text {i},{'ab'[i % 2]}\n" for i in range(60))
    )
    assert in_process("init", str(tmp_path / "tickets.csv"), cwd=home).returncode == 0
    path = home / "conf" / "experiment" / "tickets.yaml"
    shown = [
        line.removeprefix("# ").strip() for line in path.read_text().splitlines() if line.startswith("#   - override")
    ]
    head = "# @package _global_\ndefaults:\n  - override /task: tickets\n  - override /data: tickets\n"
    path.write_text(head + "".join(f"  {line}\n" for line in shown) + "task: {baselines: [majority, tfidf]}\n")
    assert compose(["experiment=tickets"]).model.kind == "causal_lm"


def test_whatever_columns_and_classes_are_called_the_recipe_loads(
    in_process: Shipworthy, home: Path, tmp_path: Path
) -> None:
    for number, label in enumerate(NASTY):
        others = [name for name in NASTY if name != label]
        file = tmp_path / f"nasty_{number}.jsonl"
        file.write_text(rows_of(others, label))
        done = in_process("init", str(file), f"--label={label}", cwd=home)
        assert done.returncode == 0, (label, done.stderr)
        config = compose([f"experiment=nasty_{number}"])
        assert isinstance(config.data, Table) and config.data.label == label.strip()
        assert set(config.data.ignore) <= {one.strip() for one in others}


def test_classes_texts_and_files_of_any_name_load_too(in_process: Shipworthy, home: Path, tmp_path: Path) -> None:
    for number, name in enumerate(NASTY):
        classes = [name, f"{name}."]
        rows = [{"a": i * 7 % 13, "b": i * 3 % 11, "y": classes[i * 5 % 7 > 0]} for i in range(60)]
        file = tmp_path / f"c{number}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert in_process("init", str(file), cwd=home).returncode == 0
        config = compose([f"experiment=c{number}"])
        assert isinstance(config.task, Classification) and config.task.positive in {one.strip() for one in classes}
        if set("{}\n") & set(name):
            continue
        texts = [{name: f"some words that are number {i}", "team": "ab"[i % 2]} for i in range(60)]
        file = tmp_path / f"t{number}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in texts))
        assert in_process("init", str(file), cwd=home).returncode == 0
        config = compose([f"experiment=t{number}"])
        assert isinstance(config.data, Records) and config.data.text == name.strip()
    for number, name in enumerate(("a [1].csv", "a'b\"c.csv", "#x: y.csv", "${x}.csv", "日本.csv", "yes.csv")):
        (tmp_path / name).write_text("n,y\n" + "".join(f"{i * 7 % 13},{'ab'[i % 2]}\n" for i in range(60)))
        assert in_process("init", str(tmp_path / name), "--name", f"f{number}", cwd=home).returncode == 0
        assert compose([f"experiment=f{number}"]).data.file == name  # type: ignore[attr-defined]


def test_nothing_is_overwritten_unless_it_is_forced(in_process: Shipworthy, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "adult.csv"
    file.write_text("n,y\n" + "".join(f"{i * 7 % 13},{'ab'[i % 2]}\n" for i in range(60)))
    before = (home / "conf" / "data" / "adult.yaml").read_text()
    done = in_process("init", str(file), cwd=home)
    assert (
        done.returncode == 2
        and "is there already: give another --name, or overwrite it with --force" in one_sentence(done)
    )
    assert (home / "conf" / "data" / "adult.yaml").read_text() == before
    assert not (home / "data" / "adult.csv").exists()
    assert in_process("init", str(file), "--name", "mine", cwd=home).returncode == 0
    assert in_process("init", str(file), "--name", "mine", cwd=home).returncode == 2
    assert in_process("init", str(file), "--name", "mine", "--force", "--label", "y", cwd=home).returncode == 0


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (None, (), "no file or folder"),
        ("", (), "is empty"),
        ("a,b\n", (), "holds no rows"),
        ("a,b\n1,2,3\n", (), "row 1 has 3 cells"),
        ("n,y\n1,a\n2,b\n", ("--label", "z"), "has no column 'z'"),
        ("n,y\n1,a\n2,b\n", ("--name", "a b"), "is no name for a recipe"),
        (
            "n,price\n" + "".join(f"{i * 7 % 999 / 3:.2f},{i * 7 % 999 / 5:.2f}\n" for i in range(999)),
            (),
            "nearly perfectly",
        ),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing_behind(
    in_process: Shipworthy, home: Path, tmp_path: Path, content: str | None, options: tuple[str, ...], said: str
) -> None:
    file = tmp_path / "some.csv"
    if content is not None:
        file.write_text(content)
    done = in_process("init", str(file), *options, cwd=home)
    assert done.returncode in (1, 2) and said in one_sentence(done)
    assert not list((home / "data").iterdir()) and not (home / "conf" / "data" / "some.yaml").exists()


def test_it_says_where_it_is_asked_outside_a_project(in_process: Shipworthy, tmp_path: Path) -> None:
    done = in_process("init", "x.csv", cwd=tmp_path)
    assert "is not inside a shipworthy project" in one_sentence(done)
    project_root.cache_clear()


def test_what_is_written_is_plain_yaml(in_process: Shipworthy, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "plain.csv"
    file.write_text("n,y\n" + "".join(f"{i * 7 % 13},{'ab'[i % 2]}\n" for i in range(60)))
    assert in_process("init", str(file), cwd=home).returncode == 0
    read = yaml.safe_load((home / "conf" / "data" / "plain.yaml").read_text())
    assert read["defaults"] == ["base_table", "_self_"] and read["split"]["stratify"] is True
