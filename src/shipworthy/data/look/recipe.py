"""The files of a recipe: conf/data, conf/task and conf/experiment, each setting with its reason."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.data.gates.row_settings import Missing
from shipworthy.data.kinds.schema import Records
from shipworthy.data.look.draft import ANSWERS, CLASSES, TABLE, TALKS, Draft, features
from shipworthy.data.look.names import listed, shown
from shipworthy.data.look.profile import Profile
from shipworthy.data.look.raw_file import RawFile
from shipworthy.data.look.roles import likely_words
from shipworthy.data.look.settings import Setting, comment, text
from shipworthy.data.look.trial import Tried

BASES = {TABLE: "table", CLASSES: "records", ANSWERS: "records", TALKS: "conversations"}
FEW_ROWS = 200
"""With fewer rows in test, an interval is so wide that hardly anything can be told."""
RARE = 0.1
"""A class below this share of the rows is rare."""
NAMED_CLASSES = 10
"""As many are named to a language model."""
CHARACTERS_OF_A_TOKEN = 2.5
"""Few, so that lengths are enough for most languages."""
LONGEST = 2048
PASSES = 3
"""Over train, by the default number of steps of a language model."""
SMALL = 1000
"""Texts of fewer rows hold too few words that stand twice."""


@dataclass(frozen=True)
class Look:
    """All that is known when a recipe is written.

    Attributes:
        name: of the recipe.
        found: the raw file.
        profile: its columns.
        draft: what is proposed.
    """

    name: str
    found: RawFile
    profile: Profile
    draft: Draft

    def data(self, split: Mapping[str, Any], tried: Tried | None = None) -> list[Setting]:
        """The settings of conf/data/NAME.yaml.

        Args:
            split: how the rows are divided.
            tried: what came of it (None: it is being tried).
        """
        made = [
            Setting("name", self.name, "What reports call the data."),
            Setting("licence", "unknown", "Whose the data are, and what may be done with them: say it here."),
            Setting("file", self.found.file, "In data/. A folder, or a pattern (tickets/2026-*.csv), will do, too."),
        ]
        if self.found.format:
            made.append(Setting("format", self.found.format, "The files' names don't say how they are written."))
        if self.found.delimiter:
            made.append(Setting("delimiter", self.found.delimiter, "What stands between the cells."))
        if self.draft.id:
            made.append(Setting("id", self.draft.id, "It only tells rows apart: the model does not see it."))
        made += {TABLE: self._table, TALKS: self._talks}.get(self.draft.kind, self._texts)(tried)
        return [*made, self._split(split, tried)]

    def _table(self, tried: Tried | None) -> list[Setting]:
        draft = self.draft
        made = [Setting("label", draft.label, self._about_label(tried))]
        if draft.ignore:
            made.append(Setting("ignore", list(draft.ignore), self._about_ignored()))
        if draft.missing:
            why = (
                "What stands for a missing value, beside empty cells. If it is a value of its own, take it out; "
                "add others, such as none or unknown."
            )
            made.append(Setting("missing", draft.missing, why))
        most = max((self.profile[name].missing for name in features(self.profile, draft)), default=0.0)
        if draft.missing or most > Missing().max_share:
            most = max(most, self._most_marked())
        if most > Missing().max_share:
            limit = min(1.0, math.ceil(most * 20) / 20 + 0.05)
            why = f"A column has gaps in {most:.0%} of its rows; the usual limit is 0.5."
            made.append(Setting("gates", [Setting("missing", [Setting("max_share", round(limit, 2))])], why))
        return made

    def _most_marked(self) -> float:
        """The largest share of gaps, marks included."""
        shares = [0.0]
        for name in features(self.profile, self.draft):
            column = self.profile[name]
            values = self.profile.values(column)
            if column.type in ("string", "int") and values.len():
                marked = int(values.cast(pl.String).str.strip_chars().is_in(self.draft.missing).sum()) / values.len()
                shares.append(column.missing + (1 - column.missing) * marked)
        return max(shares)

    def _about_label(self, tried: Tried | None) -> str:
        draft = self.draft
        lines = [f"What is learned: {draft.why}."]
        if draft.others:
            lines[0] += f" It may as well be {listed(draft.others, 4)}: change it here, or call init with --label."
        if tried and tried.classes:
            rows = sum(number for _, number in tried.classes)
            shares = ", ".join(f"{shown(name, 30)} {number / rows:.1%}" for name, number in tried.classes[:6])
            lines.append(f"{len(tried.classes)} classes: {shares}{', …' if len(tried.classes) > 6 else ''}.")
            rare = [shown(name, 30) for name, number in tried.classes if number < RARE * rows]
            if rare and len(tried.classes) <= NAMED_CLASSES:
                lines.append(
                    f"Rare: {', '.join(rare)}. A model that never says it can be right in most rows: look at the share "
                    "of each class that is found, not at accuracy alone."
                )
        return "\n".join(lines)

    def _about_ignored(self) -> str:
        draft = self.draft
        lines = ["Columns that the model does not see:"]
        lines += [f"  {shown(name)}: {why}" for name, why in draft.ignore.items() if name not in draft.leaks]
        if draft.leaks:
            lines += [f"  {shown(name)}: alone it tells the label nearly perfectly (a leak?)" for name in draft.leaks]
            lines.append(
                "A column that is known when the answer is asked for is no leak: take it out here, and name it in "
                "gates.leak.known_in_advance."
            )
        return "\n".join(lines)

    def _texts(self, tried: Tried | None) -> list[Setting]:
        draft, profile = self.draft, self.profile
        made = [Setting("text", draft.text, "What is read, and compared to find near-duplicates.")]
        if draft.context:
            made.append(
                Setting("context", draft.context, "Columns that are read as well; a row needs a value in each.")
            )
        made.append(Setting("answer", draft.label, self._about_label(tried)))
        default = Records(name="", licence="", file="x", text="text", answer="answer")
        if profile[draft.text].longest > default.max_words:
            most = math.ceil(profile[draft.text].longest * 1.5 / 500) * 500
            made.append(Setting("max_words", most, "Longer texts are left out; the longest has fewer words."))
        if likely_words(profile.values(profile[draft.text])):
            made.append(Setting("min_words", 0, "Some texts have no words, signs alone: 1 would leave them out."))
        return made

    def _talks(self, tried: Tried | None) -> list[Setting]:
        talks = self.draft.talks
        assert talks is not None
        made = [Setting("messages", talks.messages, "The conversations; their last message is learned.")]
        if talks.tools:
            made.append(Setting("tools", talks.tools, "The functions that the assistant may call."))
        return made

    def _split(self, split: Mapping[str, Any], tried: Tried | None) -> Setting:
        why = {
            "test": "Shares of the rows (from 1 on: numbers of rows). Near-duplicates stay together.",
            "stratify": "Each part has the classes' shares of the whole.",
            "time": "Train comes before validation, validation before test, as in use. Without it: at random.",
            "group_columns": "No value of these stands in two parts: the model is asked about new ones, as in use. "
            "Without it rows of one of them stand on both sides, and the result looks better than it is.",
        }
        about = "How the rows are divided."
        if tried and tried.given_up:
            about += f" Not {shown(tried.given_up, 300)}."
        if self.draft.kind == TABLE and not split.get("time") and self.draft.time:
            about += f" '{shown(self.draft.time)}' looks like a time."
        return Setting("split", [Setting(key, value, why.get(key, "")) for key, value in split.items()], about)

    def task(self, tried: Tried) -> list[Setting]:
        """The settings of conf/task/NAME.yaml."""
        draft = self.draft
        made = [Setting("name", self.name, "What reports call the task.")]
        if draft.kind == TABLE:
            label = shown(draft.label, 40)
            made.append(Setting("description", f"Says which {label} a row has.", "One sentence for the model's card."))
            made += self._positive(tried)
            why = "What must be beaten: the most frequent class, and logistic regression on all columns."
            made.append(Setting("baselines", ["majority", "logistic"], why))
        else:
            made += self._words(tried)
        return [*made, self._criteria(tried)]

    def _positive(self, tried: Tried) -> list[Setting]:
        if not tried.both:
            return []
        rarer = tried.classes[-1][0]
        why = "The class that is looked for, for the area under the ROC curve: the rarer one."
        return [Setting("positive", rarer, why)]

    def _words(self, tried: Tried) -> list[Setting]:
        draft = self.draft
        length, answer = self._lengths()
        if draft.kind == TALKS:
            talks = draft.talks
            assert talks is not None
            made = [Setting("description", "Continues a conversation.", "One sentence for the model's card.")]
            made.append(Setting("messages", talks.messages, "The column of the conversations, as in conf/data/."))
            if talks.tools:
                made.append(Setting("tools", talks.tools))
            made.append(Setting("turns", "last", "all: train teaches every turn of the assistant."))
            baselines, about = ["majority", "zero_shot"], "the most frequent answer, and the model as it was"
        else:
            label = shown(draft.label, 40)
            what = f"Name the {label}." if draft.kind == CLASSES else f"Give the {label}."
            if draft.kind == CLASSES and len(tried.classes) <= NAMED_CLASSES:
                what += f" It is one of: {', '.join(shown(name, 40) for name, _ in sorted(tried.classes))}."
            made = [
                Setting("description", f"Says the {label} of a text.", "One sentence for the model's card."),
                Setting("system", what, "What a language model is told before every text."),
                Setting(
                    "prompt", "\n".join(f"{{{name}}}" for name in [*draft.context, draft.text]), "{column}: its value."
                ),
            ]
            if draft.kind == CLASSES:
                baselines, about = ["majority", "nearest"], "the most frequent answer, that of the most similar text"
            else:
                baselines = ["majority", "nearest", "zero_shot"]
                about = "the most frequent answer, that of the most similar text, and the model as it was"
        if draft.kind != CLASSES:
            made.append(Setting("max_length", length, "Of question and answer (tokens); longer rows are left out."))
            made.append(Setting("max_new_tokens", answer, "Of an answer (tokens)."))
        return [*made, Setting("baselines", baselines, f"What must be beaten: {about}.")]

    def _lengths(self) -> tuple[int, int]:
        """The longest row and the longest answer (tokens), by their characters."""
        draft, profile = self.draft, self.profile
        if draft.talks:
            whole, answer = draft.talks.characters
        else:
            answer = profile[draft.label].characters
            whole = answer + sum(profile[name].characters for name in [draft.text, *draft.context])
        rounded = [math.ceil((n / CHARACTERS_OF_A_TOKEN + plus) / 32) * 32 for n, plus in ((whole, 64), (answer, 8))]
        return min(LONGEST, rounded[0]), min(LONGEST // 2, rounded[1])

    def _criteria(self, tried: Tried) -> Setting:
        small = tried.rows.get("test", 0) < FEW_ROWS
        why = "When it is good enough to ship. Set what your use needs: the plan holds it before anything is trained."
        if small:
            why += f" About {tried.rows.get('test', 0)} rows of test: the figures will mean little."
        network = self.draft.kind in (ANSWERS, TALKS)
        made = [
            Setting("margin", 0.01, "Share of rows by which the best baseline must be beaten …"),
            Setting("alpha", 0.01, "… and the level of the paired test that it is no chance."),
            Setting("max_p95_s", 5.0 if network else 0.5, "An answer's latency: 95 of 100 are faster (seconds)."),
            Setting("max_size_mb", 200, "The served model (megabytes)."),
            Setting("max_memory_mb", 1500 if network else 1000, "The serving process (megabytes)."),
        ]
        return Setting("criteria", made, why)

    def experiment(self, tried: Tried) -> str:
        """conf/experiment/NAME.yaml."""
        head = f"@package _global_\n{self._about_recipe()}\nRun it: shipworthy pipeline experiment={self.name}"
        network = self.draft.kind in (ANSWERS, TALKS)
        groups = {"task": self.name, "data": self.name, **(self._network() if network else self._classical())}
        lines = "".join(f"  - override /{group}: {choice}\n" for group, choice in groups.items())
        return f"{comment(head)}defaults:\n{lines}{text(self._of_model(tried))}{comment(self._instead())}"

    def _about_recipe(self) -> str:
        draft = self.draft
        return {
            TABLE: f"A table: {shown(draft.label)} from the other columns, by XGBoost.",
            CLASSES: f"Texts: {shown(draft.label)}, by TF-IDF and logistic regression, in about a minute on a CPU.",
            ANSWERS: f"Texts and answers to them ({shown(draft.label)}), by a small language model with LoRA.",
            TALKS: "Conversations, by a small language model with LoRA.",
        }[draft.kind]

    def _classical(self) -> dict[str, str]:
        model = "xgboost" if self.draft.kind == TABLE else "tfidf"
        none = {"adapter": "none", "trainer": "classical", "optimizer": "none", "quant": "none"}
        return {"model": model, **none, "engine": "in_process"}

    def _network(self) -> dict[str, str]:
        trained = {"model": "smollm2_135m", "adapter": "lora", "trainer": "lightning", "optimizer": "adamw"}
        return {**trained, "quant": "gguf_q8_0", "engine": "llamacpp"}

    def _of_model(self, tried: Tried) -> list[Setting]:
        """The settings of the model and of its training that differ from their groups' own."""
        draft = self.draft
        if draft.kind == TABLE:
            return []
        if draft.kind == CLASSES:
            rows = self.profile.rows
            why = "Words that stand in one text alone count, too, for there are few texts; 2 is the default."
            return [Setting("model", [Setting("min_count", 1)], why)] if rows < SMALL else []
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

    def _instead(self) -> str:
        if self.draft.kind != CLASSES:
            return ""
        lines = "\n".join(f"  - override /{group}: {choice}" for group, choice in self._network().items())
        return (
            "A language model instead (its weights are fetched; half an hour or more on a CPU): take these lines, drop "
            f"the model's settings, and set baselines: [majority, tfidf] in conf/task/{self.name}.yaml:\n{lines}"
        )


def files(look: Look, tried: Tried) -> dict[str, str]:
    """Path below conf/ → content, of the three files."""
    data = look.data(tried.split, tried)
    base = BASES[look.draft.kind]
    problem = "classification" if look.draft.kind == TABLE else "text_to_text"
    notes = "".join(f"\n{note}." for note in look.draft.notes)
    seen = f"{look.profile.rows:,} rows, {len(look.profile.columns) + len(look.profile.unreadable)} columns"
    heads = {
        "data": comment(f"{shown(look.found.path.name)}: {seen}, as shipworthy init found it.{notes}"),
        "task": comment(f"What is learned from conf/data/{look.name}.yaml, and when it is good enough."),
    }
    name = f"{look.name}.yaml"
    return {
        str(Path("data") / name): f"{heads['data']}defaults: [base_{base}, _self_]\n{text(data)}",
        str(Path("task") / name): f"{heads['task']}defaults: [base_{problem}, _self_]\n{text(look.task(tried))}",
        str(Path("experiment") / name): look.experiment(tried),
    }
