"""The settings of conf/task/NAME.yaml, each with its reason."""

import math

from shipworthy.data.look.draft import ANSWERS, CLASSES, NUMBERS, SEVERAL, TABLE, TAGS, TALKS, Draft
from shipworthy.data.look.findings import NAMED_CLASSES, Findings
from shipworthy.data.look.names import shown
from shipworthy.data.look.settings import Setting
from shipworthy.data.look.trial import Tried

FEW_ROWS = 200
"""With fewer rows in test, an interval is so wide that hardly anything can be told."""
CHARACTERS_OF_A_TOKEN = 2.5
"""Few, so that lengths are enough for most languages."""
LONGEST = 2048


def task_settings(look: Findings, tried: Tried) -> list[Setting]:
    """The settings of conf/task/NAME.yaml."""
    draft = look.draft
    made = [Setting("name", look.name, "What reports call the task.")]
    if draft.kind == TABLE:
        label = shown(draft.label, 40)
        made.append(Setting("description", f"Says which {label} a row has.", "One sentence for the model's card."))
        made += _positive(look, tried)
        why = "What must be beaten: the most frequent class, and logistic regression on all columns."
        made.append(Setting("baselines", ["majority", "logistic"], why))
    elif draft.kind == NUMBERS:
        label = shown(draft.label, 40)
        made.append(Setting("description", f"Says the {label} of a row.", "One sentence for the model's card."))
        why = "What decides: the mean distance from the right number. docs/metrics.md names others, such as rmse."
        made.append(Setting("metric", "mae", why))
        why = "What must be beaten: the median of train, and linear regression on all columns."
        made.append(Setting("baselines", ["median", "ridge"], why))
    elif draft.kind in SEVERAL:
        made += _labels(draft)
    else:
        made += _words(look, tried)
    return [*made, _criteria(look, tried)]


def _positive(look: Findings, tried: Tried) -> list[Setting]:
    if not tried.both:
        return []
    rarer = tried.classes[-1][0]
    why = "The class that is looked for, for the area under the ROC curve: the rarer one."
    return [Setting("positive", rarer, why)]


def _labels(draft: Draft) -> list[Setting]:
    label, what = shown(draft.label, 40), "text" if draft.kind == TAGS else "row"
    why = "What decides: F1 of all labels of all rows together. docs/metrics.md names others, such as macro_f1."
    similar = ", those of the most similar text" if draft.kind == TAGS else ""
    return [
        Setting("description", f"Names the {label} of a {what}.", "One sentence for the model's card."),
        Setting("metric", "micro_f1", why),
        Setting("metrics", ["macro_f1", "hamming_loss"], "Beside it in the report."),
        Setting(
            "baselines",
            ["frequent", *(["nearest"] if draft.kind == TAGS else [])],
            f"What must be beaten: the labels that are worth most without looking{similar}.",
        ),
    ]


def read(draft: Draft) -> str:
    """The columns of a text as a prompt or a template names them."""
    return "\n".join(f"{{{name}}}" for name in [*draft.context, draft.text])


def _words(look: Findings, tried: Tried) -> list[Setting]:
    draft = look.draft
    length, answer = _lengths(look)
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
            Setting("system", what, "What a language model is given before every text (the system prompt)."),
            Setting("prompt", read(draft), "{column}: its value."),
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


def _lengths(look: Findings) -> tuple[int, int]:
    """The longest row and the longest answer (tokens), by their characters."""
    draft, profile = look.draft, look.profile
    if draft.talks:
        whole, answer = draft.talks.characters
    else:
        answer = profile[draft.label].characters
        whole = answer + sum(profile[name].characters for name in [draft.text, *draft.context])
    rounded = [math.ceil((n / CHARACTERS_OF_A_TOKEN + plus) / 32) * 32 for n, plus in ((whole, 64), (answer, 8))]
    return min(LONGEST, rounded[0]), min(LONGEST // 2, rounded[1])


def _criteria(look: Findings, tried: Tried) -> Setting:
    small = tried.rows.get("test", 0) < FEW_ROWS
    why = "When it is good enough to ship. Set what your use needs: the plan holds it before anything is trained."
    if small:
        why += f" About {tried.rows.get('test', 0)} rows of test: the figures will mean little."
    network = look.draft.kind in (ANSWERS, TALKS)
    share = {NUMBERS: "Share of its own error", **dict.fromkeys(SEVERAL, "F1")}.get(look.draft.kind, "Share of rows")
    made = [
        Setting("margin", 0.01, f"{share} by which the best baseline must be beaten …"),
        Setting("alpha", 0.01, "… and the level of the paired test that it is no chance."),
        Setting("max_p95_s", 5.0 if network else 0.5, "An answer's latency: 95 of 100 are faster (seconds)."),
        Setting("max_size_mb", 200, "The served model (megabytes)."),
        Setting("max_memory_mb", 1500 if network else 1000, "The serving process (megabytes)."),
    ]
    return Setting("criteria", made, why)
