"""Metrics of texts are sacrebleu's, torchmetrics' and Google's, on rows as they are and on resamples."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF
from torchmetrics.functional.text import squad

from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.metrics.rouge_l import common
from shipworthy.models.protocol import Prediction
from tests.evaluation.metrics import samples
from tests.evaluation.metrics.reference import SEEDS, agrees, task, told, values

TASK = task("text_to_text")
SIZES = (1, 2, 7, 40)


def bleu(said: Sequence[Prediction], answers: Sequence[str]) -> float:
    found = BLEU(force=True).corpus_score([p.text for p in said], [list(answers)])
    return float(found.score) / 100 if found.ref_len else np.nan


def chrf(said: Sequence[Prediction], answers: Sequence[str]) -> float:
    found = CHRF().corpus_score([p.text for p in said], [list(answers)]).score
    return float(found) / 100 if "".join(answers).split() else np.nan


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("reference", [bleu, chrf])
def test_of_the_corpus(reference, seed: int) -> None:  # type: ignore[no-untyped-def]
    for n in SIZES:
        agrees(reference.__name__, TASK, *samples.texts(seed, n), reference, seed)


def test_bleu_of_a_corpus_without_long_matches_is_smoothed_as_sacrebleu_does() -> None:
    said, answers = told("a b c d e", "the cat sat down"), ["a x c y e", "the dog sat up"]
    agrees("bleu", TASK, said, answers, bleu)
    assert 0 < bleu(said, answers) < 0.3


def squads(key: str, said: Sequence[Prediction], answers: Sequence[str]) -> float:
    predictions = [{"prediction_text": p.text, "id": str(i)} for i, p in enumerate(said)]
    targets = [{"answers": {"answer_start": [0], "text": [a]}, "id": str(i)} for i, a in enumerate(answers)]
    return float(squad(predictions, targets)[key]) / 100


@pytest.mark.parametrize("seed", SEEDS)
def test_words_are_squads(seed: int) -> None:
    said, answers = samples.texts(seed, 40)
    exact, f1 = (metric(name).score(TASK, said, answers) for name in ("normalised_match", "token_f1"))
    for i, (p, answer) in enumerate(zip(said, answers, strict=True)):
        assert exact[i] == squads("exact_match", [p], [answer])
        if set(answer.split()) - {"the", "a"}:  # of nothing beside nothing, torchmetrics has SQuAD 1.1's 0
            assert f1[i] == pytest.approx(squads("f1", [p], [answer]), abs=1e-6)


def test_normalised_match_forgives_case_punctuation_articles_and_white_space() -> None:
    said = told(" The  cat!", "an Über-cat", "cat", "thecat", "", "The")
    answers = ["cat", "über-cat", "cats", "the cat", "a", ""]
    assert metric("normalised_match").score(TASK, said, answers).tolist() == [True, True, False, False, True, True]


def test_token_f1_of_nothing_is_right_beside_nothing() -> None:
    said = told("", "", "cat", "the cat cat", "b a d")
    answers = ["a", "cat", "", "cat dog", "a b d"]
    assert metric("token_f1").score(TASK, said, answers).tolist() == [1.0, 0.0, 0.0, 0.5, 1.0]


def longest_by_table(one: Sequence[str], other: Sequence[str]) -> int:
    table = np.zeros((len(one) + 1, len(other) + 1), dtype=int)
    for i, mine in enumerate(one, 1):
        for j, theirs in enumerate(other, 1):
            table[i, j] = table[i - 1, j - 1] + 1 if mine == theirs else max(table[i - 1, j], table[i, j - 1])
    return int(table[-1, -1])


words = st.lists(st.sampled_from("abcd"), max_size=90)


@given(words, words)
def test_the_longest_common_subsequence_is_that_of_the_table(one: list[str], other: list[str]) -> None:
    assert common(one, other) == longest_by_table(one, other)


def test_rouge_l_as_googles_own_tests_have_it() -> None:
    """rouge_scorer_test.py: testRougeL, and the F-measures that rouge_score 0.1.2 gives."""
    said = told("testing one two", "three, TWO one", "two", "", "猫", "猫", "naïve café")
    answers = ["testing", "one two three", "", "two", "猫", "犬", "naive cafe"]
    found = metric("rouge_l").score(TASK, said, answers)
    assert found == pytest.approx([0.5, 1 / 3, 0.0, 0.0, 1.0, 0.0, 0.0])


def test_rouge_l_of_a_sentence_by_hand() -> None:
    """The example of rouge_score's README: five words in common, in order, of eight and of nine."""
    said = told("The quick brown dog jumps on the log.")
    found = metric("rouge_l").score(TASK, said, ["The quick brown fox jumps over the lazy dog"])
    assert found == pytest.approx([2 * 5 / (8 + 9)])


def test_what_answers_hold_nothing_has_no_value() -> None:
    for name in ("bleu", "chrf"):
        assert np.isnan(values(name, metric(name).score(TASK, told("cat", ""), ["", " "]), np.ones((1, 2)))).all()
