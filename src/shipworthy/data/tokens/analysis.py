"""Token statistics of a dataset: lengths, truncation, padding, use of the vocabulary, tokens per word; for its report.

Rows are read from disk in batches; in memory are counts by length and by token, and a sample of texts.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from shipworthy.core.progress import track
from shipworthy.data.tokens import lengths, template_checks
from shipworthy.data.tokens.schema import Tokens
from shipworthy.data.tokens.vocabulary import Vocabulary
from shipworthy.data.tokens.word_sample import WordSample
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.questions import questions

BATCH_ROWS = 10_000
TOO_LONG = "too long"


def analyse(
    rows: pl.LazyFrame, task: TextToText, chat: Chat, config: Tokens, context: Sequence[str] = ()
) -> dict[str, Any]:
    """Token statistics of encoded rows; the answers of the test split are not read.

    Args:
        rows: as `Encoder` gives them, with id, split, prompt_ids, answer_ids; those that it rejected as too long may
            be among them (with their `_reason`), so that the share of rows that a length cuts is that of the data.
        context: columns by whose values lengths are given.

    Returns:
        `lengths` per split, `by` column, `truncation` and `padding` at several lengths, `vocabulary`, `words`,
        `warnings` (sentences), `cautions` (sentences). JSON.
    """
    if "_reason" in rows.collect_schema():
        rows = rows.filter(pl.col("_reason").is_null() | (pl.col("_reason") == TOO_LONG))
    counts = lengths.histograms(rows)
    longest = max(len(c) for c in counts.values())
    asked = sorted({*config.lengths, task.max_length})
    # All lengths beyond the longest row have the same statistics.
    shown = [n for i, n in enumerate(asked) if n == task.max_length or i == 0 or asked[i - 1] < longest]
    vocabulary, words = _collect(rows, task, chat, config)
    summary: dict[str, Any] = {
        "lengths": {split: lengths.summary(c) for split, c in counts.items()},
        "by": {column: lengths.by_column(rows, column) for column in context},
        "truncation": lengths.truncation(counts, shown),
        "padding": lengths.waste(counts["train"], shown, config.batch_sizes) if "train" in counts else [],
        "vocabulary": vocabulary.summary(),
        "words": words.summary(chat.tokenizer),
        "cautions": template_checks.cautions(chat),
    }
    return {**summary, "warnings": warnings(summary, config)}


def _collect(rows: pl.LazyFrame, task: TextToText, chat: Chat, config: Tokens) -> tuple[Vocabulary, WordSample]:
    """One pass over the rows outside of test, in batches."""
    vocabulary, words = Vocabulary(chat.tokenizer), WordSample(config.sample)
    seen = rows.filter(pl.col("split") != "test")
    total = int(seen.select(pl.len()).collect(engine="streaming").item())
    batches = seen.collect_batches(chunk_size=BATCH_ROWS, maintain_order=False, engine="streaming")
    for batch in track(batches, "token analysis, batches", -(-total // BATCH_ROWS)):
        vocabulary.add(batch.select(pl.col("prompt_ids").list.concat("answer_ids")).to_series())
        draws = words.draw_numbers(batch["id"])
        chosen = batch.filter(pl.Series([number is not None for number in draws], dtype=pl.Boolean))
        numbers = [number for number in draws if number is not None]
        for number, identity, question, answer in zip(
            numbers, chosen["id"], questions(task, chosen), chosen["answer"], strict=True
        ):
            asked = [m["content"] for m in question.messages if m["role"] != "system" and m.get("content")]
            words.add(number, identity, "\n".join([*asked, answer]))
    return vocabulary, words


def warnings(summary: dict[str, Any], config: Tokens) -> list[str]:
    """Sentences on why the tokenizer does not fit the data, each with what to do; empty if it fits."""
    found = []
    unknown, byte_tokens = summary["vocabulary"]["unknown"], summary["vocabulary"]["byte_tokens"]
    if unknown["share"] > config.max_unknown:
        found.append(
            f"{unknown['tokens']:,} tokens ({unknown['share']:.2%}) stand for text that the vocabulary lacks, in "
            f"{unknown['rows']:,} rows: the model can't read it; clean these characters away, or choose a model whose "
            "tokenizer works on bytes."
        )
    if byte_tokens["share"] > config.max_byte_tokens:
        found.append(
            f"{byte_tokens['share']:.1%} of the tokens are bytes or parts of characters (the limit is "
            f"{config.max_byte_tokens:.1%}): the tokenizer was not made for this script; choose a model that was "
            "trained on it."
        )
    words = summary["words"]
    for name, limit in (("per word", config.max_per_word), ("per character", config.max_per_character)):
        if words["rows"] and words[name]["low"] > limit:
            found.append(
                f"{words[name]['value']:.2f} tokens {name} ({words[name]['low']:.2f} to {words[name]['high']:.2f}; "
                f"the limit is {limit:g}): rows are long and expensive for their content; choose a model whose "
                "tokenizer knows this language or notation, or write the words that split worst in another form."
            )
    return found
