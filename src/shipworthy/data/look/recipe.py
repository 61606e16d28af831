"""The files of a recipe: conf/data, conf/task and conf/experiment, each setting with its reason."""

import math
from pathlib import Path

from shipworthy.data.look.data_settings import data_settings
from shipworthy.data.look.draft import ANSWERS, CLASSES, LABELS, NUMBERS, SEVERAL, TABLE, TABLES, TAGS, TALKS
from shipworthy.data.look.findings import Findings
from shipworthy.data.look.names import shown
from shipworthy.data.look.settings import Setting, comment, text
from shipworthy.data.look.task_settings import read, task_settings
from shipworthy.data.look.trial import Tried

BASES = {**dict.fromkeys(TABLES, "table"), TALKS: "conversations"}
"""Of texts: records."""
PROBLEMS = {TABLE: "classification", NUMBERS: "regression", **dict.fromkeys(SEVERAL, "multi_label")}
"""Of the others: text_to_text."""
MODELS = {TABLE: "xgboost", NUMBERS: "xgboost_regression", LABELS: "xgboost_labels", TAGS: "tfidf_labels"}
"""Of the others: tfidf."""
PASSES = 3
"""Over train, by the default number of steps of a language model."""
SMALL = 1000
"""Texts of fewer rows hold too few words that stand twice."""
NETWORK = {
    "model": "smollm2_135m",
    "adapter": "lora",
    "trainer": "lightning",
    "optimizer": "adamw",
    "quant": "gguf_q8_0",
    "engine": "llamacpp",
}
"""Group → choice, of a small language model."""


def files(look: Findings, tried: Tried) -> dict[str, str]:
    """Path below conf/ → content, of the three files."""
    data = data_settings(look, tried.split, tried)
    base, problem = BASES.get(look.draft.kind, "records"), PROBLEMS.get(look.draft.kind, "text_to_text")
    notes = "".join(f"\n{note}." for note in look.draft.notes)
    seen = f"{look.profile.rows:,} rows, {len(look.profile.columns) + len(look.profile.unreadable)} columns"
    heads = {
        "data": comment(f"{shown(look.found.path.name)}: {seen}, as shipworthy init found it.{notes}"),
        "task": comment(f"What is learned from conf/data/{look.name}.yaml, and when it is good enough."),
    }
    name = f"{look.name}.yaml"
    return {
        str(Path("data") / name): f"{heads['data']}defaults: [base_{base}, _self_]\n{text(data)}",
        str(
            Path("task") / name
        ): f"{heads['task']}defaults: [base_{problem}, _self_]\n{text(task_settings(look, tried))}",
        str(Path("experiment") / name): _experiment(look, tried),
    }


def _experiment(look: Findings, tried: Tried) -> str:
    """conf/experiment/NAME.yaml."""
    head = f"@package _global_\n{_about_recipe(look)}\nRun it: shipworthy pipeline experiment={look.name}"
    network = look.draft.kind in (ANSWERS, TALKS)
    groups = {"task": look.name, "data": look.name, **(NETWORK if network else _classical(look))}
    lines = "".join(f"  - override /{group}: {choice}\n" for group, choice in groups.items())
    return f"{comment(head)}defaults:\n{lines}{text(_of_model(look, tried))}{comment(_instead(look))}"


def _about_recipe(look: Findings) -> str:
    draft = look.draft
    return {
        TABLE: f"A table: {shown(draft.label)} from the other columns, by XGBoost.",
        NUMBERS: f"A table: the number in {shown(draft.label)} from the other columns, by XGBoost.",
        LABELS: f"A table: the labels in {shown(draft.label)} from the other columns, by XGBoost.",
        TAGS: f"Texts: the labels in {shown(draft.label)}, by TF-IDF and logistic regression, each on its own.",
        CLASSES: f"Texts: {shown(draft.label)}, by TF-IDF and logistic regression, in about a minute on a CPU.",
        ANSWERS: f"Texts and answers to them ({shown(draft.label)}), by a small language model with LoRA.",
        TALKS: "Conversations, by a small language model with LoRA.",
    }[draft.kind]


def _classical(look: Findings) -> dict[str, str]:
    model = MODELS.get(look.draft.kind, "tfidf")
    none = {"adapter": "none", "trainer": "classical", "optimizer": "none", "quant": "none"}
    return {"model": model, **none, "engine": "in_process"}


def _of_model(look: Findings, tried: Tried) -> list[Setting]:
    """The settings of the model and of its training that differ from their groups' own."""
    draft = look.draft
    if draft.kind in TABLES:
        return []
    if draft.kind in (CLASSES, TAGS):
        made = [Setting("template", read(draft), "{column}: its value.")] if draft.kind == TAGS else []
        why = "Words that are in one text alone count, too, for there are few texts; 2 is the default."
        made += [Setting("min_count", 1, why)] if look.profile.rows < SMALL else []
        return [Setting("model", made)] if made else []
    batch = min(16, max(1, tried.rows["train"]))
    steps = min(400, max(20, math.ceil(PASSES * tried.rows["train"] / batch)))
    trainer = [
        Setting("batch_size", batch),
        Setting("micro_batch_size", min(8, batch)),
        Setting("steps", steps),
        Setting("validate_every", max(1, steps // 2)),
        Setting("validation_rows", 100),
    ]
    made = [Setting("trainer", trainer, "Three passes over train, 400 steps at most.")]
    if draft.talks and (draft.talks.tools or draft.talks.calls):
        why = "A chat template that knows tools; the model's own does not."
        made.insert(0, Setting("model", [Setting("template", "qwen")], why))
    return made


def _instead(look: Findings) -> str:
    if look.draft.kind != CLASSES:
        return ""
    lines = "\n".join(f"  - override /{group}: {choice}" for group, choice in NETWORK.items())
    return (
        "A language model instead (its weights are fetched; half an hour or more on a CPU): take these lines, drop "
        f"the model's settings, and set baselines: [majority, tfidf] in conf/task/{look.name}.yaml:\n{lines}"
    )
