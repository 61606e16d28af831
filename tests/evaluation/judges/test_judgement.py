"""What follows from a judge's replies: swapped positions, draws, grades, groups, and people's own word."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.evaluation.intervals import wilson
from shipworthy.evaluation.judges import people
from shipworthy.evaluation.judges.cache import Answers
from shipworthy.evaluation.judges.judgement import Judgement, judgement
from shipworthy.evaluation.judges.pairwise import preferences
from shipworthy.evaluation.judges.prompt import Prompt
from shipworthy.evaluation.judges.questions import Rows
from shipworthy.evaluation.judges.rubric import grades
from shipworthy.evaluation.judges.schema import OpenAI
from shipworthy.evaluation.judges.words import claims, position
from shipworthy.evaluation.judges.words import people as of_people
from shipworthy.evaluation.resampling import Resampling
from tests.evaluation.judges.endpoints import Rule, between, first, garbage, graded, longer, played, winner
from tests.evaluation.judges.made import PAIRS, RUBRIC, judge, rows

BETTER = rows([f"a long answer {i}" for i in range(40)], [f"short {i}" for i in range(40)])


def judged(
    of: Rows,
    rule: Rule,
    folder: Path,
    by_mode: Mapping[str, Prompt] = PAIRS,
    labels: people.Labels | None = None,
    draws: int = 1,
) -> Judgement:
    config = OpenAI(modes=list(by_mode), draws=draws, temperature=0.7)
    how = Resampling(len(of), of.groups, 3, 0.01)
    with played(rule) as server:
        return judgement(
            config,
            by_mode,
            of,
            labels,
            judge(server.url, concurrent=4),
            {"model": "m"},
            Answers(folder / "a.jsonl"),
            reference="nearest",
            how=how,
        )


def test_a_judge_that_looks_at_the_answers_finds_the_better_one(tmp_path: Path) -> None:
    found = judged(BETTER, longer, tmp_path)
    record = found.record["pairwise"]
    assert (record["won"], record["tied"], record["lost"], record["same"]) == (40, 0, 0, 0)
    assert record["claim"]["difference"]["value"] == 1.0 and record["claim"]["words"] == "better"
    assert record["claim"]["test"] == "permutation test of rows" and record["claim"]["metric"] == "judge_preference"
    assert record["following_position"] == wilson(0, 40).to_json()
    assert found.verdict.passed and found.verdict.reasons[0].startswith("Met: against nearest the judge says better")
    assert found.table.height == 80 and found.table["said"].value_counts().height == 2
    assert found.record["answered_as"] == ["judge-2026"] and not found.record["remarks"]
    ((mode, sentence),) = claims(found.record)
    assert mode == "pairwise" and sentence.startswith(
        "better against nearest: won 40, tied 0, lost 0; wins less losses"
    )


def test_the_worse_model_is_worse(tmp_path: Path) -> None:
    found = judged(rows(list(BETTER.answers["baseline"]), list(BETTER.answers["tuned"])), longer, tmp_path)
    assert found.record["pairwise"]["claim"]["words"] == "worse" and not found.verdict.passed


def test_a_judge_that_follows_the_position_decides_nothing(tmp_path: Path) -> None:
    found = judged(BETTER, first, tmp_path)
    record = found.record["pairwise"]
    assert (record["won"], record["tied"], record["lost"]) == (0, 40, 0)
    assert (record["first"], record["second"]) == (40, 0)
    assert record["following_position"] == wilson(40, 40).to_json()
    assert record["claim"]["p_value"] == 1.0 and not found.verdict.passed
    assert "100.0% [91.2, 100.0] of the pairs the judge follows the position" in found.record["remarks"][0]
    assert "40 times the first, 0 times the second" in position(found.record)


@pytest.mark.parametrize(
    ("tuned_first", "baseline_first", "win", "following"),
    [
        ("A", "B", 1.0, 0.0),
        ("B", "A", 0.0, 0.0),
        ("A", "A", 0.5, 1.0),
        ("B", "B", 0.5, 1.0),
        ("tie", "tie", 0.5, 0.0),
        ("A", "tie", 0.5, 0.0),
        ("tie", "A", 0.5, 0.0),
    ],
)
def test_a_win_is_what_both_orders_agree_on(
    tuned_first: str, baseline_first: str, win: float, following: float
) -> None:
    one = rows(["x"], ["y"])
    said = {(0, "tuned", 0): winner(tuned_first), (0, "baseline", 0): winner(baseline_first)}
    found = preferences(one, said, 1)
    assert (found.wins.tolist(), found.following.tolist()) == ([win], [following])
    assert found.first + found.second == following


def test_draws_are_averaged_and_what_is_not_whole_is_left_out() -> None:
    three = rows(["x", "x", "same"], ["y", "y", " same "])
    said = {
        **{(0, side, draw): winner(name) for side, name in (("tuned", "A"), ("baseline", "B")) for draw in (0, 1)},
        **{(0, side, 2): winner("A") for side in ("tuned", "baseline")},
        (1, "tuned", 0): winner("A"),
        (1, "baseline", 0): "I can't say",
        (1, "tuned", 1): winner("A"),
    }
    found = preferences(three, said, 3)
    assert found.rows.tolist() == [0, 2] and found.wins.tolist() == pytest.approx([2.5 / 3, 0.5])
    assert found.asked.tolist() == [0] and found.following.tolist() == pytest.approx([1 / 3]) and found.same == 1


def test_what_both_say_is_a_tie_that_nobody_is_asked_about(tmp_path: Path) -> None:
    half = rows(["the same"] * 10 + ["longer one"] * 10, ["the same "] * 10 + ["short"] * 10)
    found = judged(half, longer, tmp_path).record
    assert found["questions"] == 20 and found["pairwise"]["same"] == 10
    assert (found["pairwise"]["won"], found["pairwise"]["tied"], found["pairwise"]["n"]) == (10, 10, 20)
    assert found["pairwise"]["claim"]["difference"]["value"] == 0.5
    (everywhere,) = claims(judged(rows(["x"] * 5, ["x"] * 5), longer, tmp_path).record)
    assert "no difference shown" in everywhere[1] and "5 (5 of them the same answer)" in everywhere[1]


def test_rows_that_belong_together_are_exchanged_together(tmp_path: Path) -> None:
    clustered = rows(list(BETTER.answers["tuned"]), list(BETTER.answers["baseline"]), [str(i // 10) for i in range(40)])
    found = judged(clustered, longer, tmp_path)
    claim = found.record["pairwise"]["claim"]
    assert claim["test"] == "permutation test of 4 clusters of rows" and claim["p_value"] == 2 / 2**4
    assert not found.verdict.passed, "four clusters can't show it at 0.01"


def test_replies_that_say_nothing_are_counted_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(ShipworthyError, match="Of no row could all replies of the judge be read"):
        judged(BETTER, garbage, tmp_path / "all")

    def partly(message: str) -> str:
        return garbage(message) if "question 7\n" in message or "question 17\n" in message else longer(message)

    found = judged(rows(["longer"] * 19, ["short"] * 19), partly, tmp_path / "some").record
    assert (found["unreadable"], found["pairwise"]["n"], found["answered"]) == (4, 17, 38)
    assert found["remarks"] == ["4 of 38 replies can't be read, and don't count"]


def test_a_rubric_grades_both_and_tests_the_difference(tmp_path: Path) -> None:
    of = rows(["12345", "1234", "123456"] * 8, ["12", "123", "1"] * 8)
    found = judged(of, graded, tmp_path, RUBRIC)
    record = found.record["rubric"]
    means = {"tuned": np.mean([5, (4 + 4 + 5) / 3, 5]), "baseline": np.mean([3, 11 / 3, 7 / 3])}
    assert {side: one["value"] for side, one in record["scores"].items()} == pytest.approx(means)
    assert record["claim"]["difference"]["value"] == pytest.approx(means["tuned"] - means["baseline"])
    assert record["claim"]["words"] == "better" and found.verdict.passed and found.record["decides"] == "rubric"
    assert record["criteria"]["clear"] == {s: {"value": 5, "low": 5, "high": 5, "level": 0.95} for s in means}
    assert record["criteria"]["correct"]["baseline"]["value"] == pytest.approx(2)
    ((_, sentence),) = claims(found.record)
    assert "of 5 on 24 rows" in sentence and found.table["said"][0].startswith("correct 5, complete 5, clear 5")


def test_a_row_of_which_one_side_has_no_grade_is_left_out() -> None:
    full = json.dumps(dict.fromkeys(RUBRIC["rubric"].criteria, 4))
    said = {(0, "tuned", 0): full, (0, "baseline", 0): full, (1, "tuned", 0): full, (1, "baseline", 0): "4"}
    assert grades(rows(["a", "b"], ["c", "d"]), said, RUBRIC["rubric"].criteria, 1).rows.tolist() == [0]


def test_both_modes_at_once_and_the_first_decides(tmp_path: Path) -> None:
    def either(message: str) -> str:
        return first(message) if "answer A begins" in message else graded(message)

    of = rows(["12345"] * 12, ["12"] * 12)
    found = judged(of, either, tmp_path, {**RUBRIC, **PAIRS})
    assert found.record["decides"] == "rubric" and found.verdict.passed
    other = judged(of, either, tmp_path, {**PAIRS, **RUBRIC})
    assert other.record["cached"] == other.record["questions"] and not other.verdict.passed


def labelled(text: str, of: Rows, folder: Path, name: str = "labels.jsonl") -> people.Labels:
    (folder / name).write_text(text)
    return people.read(folder / name, name, of, [*of.ids, "r999"])


def test_agreement_is_sklearns(tmp_path: Path) -> None:
    """The judge prefers the longer; people do so on two rows of three."""
    said = [("tuned", "baseline", "tie")[i % 3] for i in range(60)]
    lengths = [("longer", "ok", "same") if i % 2 else ("ok", "longer", "same") for i in range(60)]
    of = rows([one[0] for one in lengths], [one[1] for one in lengths])
    lines = "".join(json.dumps({"id": id_, "winner": who}) + "\n" for id_, who in zip(of.ids, said, strict=True))
    (found,) = judged(of, longer, tmp_path, labels=labelled(lines, of, tmp_path)).record["people"]["compared"]
    mine = ["tuned" if i % 2 else "baseline" for i in range(60)]
    assert found["kappa"]["value"] == pytest.approx(cohen_kappa_score(mine, said))
    assert found["kappa"]["low"] < found["kappa"]["value"] < found["kappa"]["high"]
    assert found["share"] == wilson(sum(a == b for a, b in zip(mine, said, strict=True)), 60).to_json()
    (low,) = found["remarks"]
    assert low.startswith("the judge agrees with people little more than chance (kappa ")


def test_agreement_of_scores_weighs_the_distance(tmp_path: Path) -> None:
    of = rows([("1", "12", "12345")[i % 3] for i in range(30)], ["123"] * 30)
    lines = [f"r{i},{1 + i % 4},tuned" for i in range(30)] + ["r0,3,baseline", "r999,4,tuned"]
    labels = labelled("id,score,of\n" + "\n".join(lines) + "\n", of, tmp_path, "labels.csv")
    assert labels.elsewhere == 1 and len(labels.labels) == 31
    record = judged(of, graded, tmp_path, RUBRIC, labels).record
    (found,) = record["people"]["compared"]
    given = [1 + i % 4 for i in range(30)] + [3]
    mine = [{1: 2, 2: 3, 5: 5}[(1, 2, 5)[i % 3]] for i in range(30)] + [4]  # (1+1+5)/3, (2+2+5)/3, (3+3+5)/3 rounded
    expected = cohen_kappa_score(mine, given, weights="quadratic", labels=[1, 2, 3, 4, 5])
    assert found["n"] == 31 and found["kappa"]["value"] == pytest.approx(expected)
    assert found["remarks"][-1] == "31 labels are few to compare a judge with: label 50 rows or more"
    said = list(of_people(record))
    assert said[0].startswith("Of 31 scores that people gave, the judge gives the same in ")
    assert said[-1] == "1 labels are of rows that were not drawn."


def test_without_labels_it_says_so(tmp_path: Path) -> None:
    record = judged(BETTER, longer, tmp_path).record
    assert record["people"] is None
    assert list(of_people(record)) == ["The judge was not compared with people: judge.labels names no file of labels."]
    of = labelled('{"id": "r999", "winner": "tie"}\n', BETTER, tmp_path)
    assert list(of_people(judged(BETTER, longer, tmp_path, labels=of).record)) == [
        "The judge was not compared with people: no label is of a row that was judged.",
        "1 labels are of rows that were not drawn.",
    ]


def test_where_all_say_one_thing_kappa_has_no_value(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"id": id_, "winner": "tuned"}) + "\n" for id_ in BETTER.ids)
    record = judged(BETTER, longer, tmp_path, labels=labelled(lines, BETTER, tmp_path)).record
    (found,) = record["people"]["compared"]
    assert found["kappa"] is None and found["share"]["value"] == 1.0
    assert "Cohen's kappa without a value" in next(of_people(record))


def test_labels_of_other_answers_do_not_count(tmp_path: Path) -> None:
    line: dict[str, Any] = {"id": "r0", "winner": "tuned", "tuned": BETTER.answers["tuned"][0], "baseline": "short 0 "}
    other = {"id": "r1", "winner": "tuned", "tuned": "what an older model said"}
    found = labelled(json.dumps(line) + "\n\n" + json.dumps(other), BETTER, tmp_path)
    assert [one.place for one in found.labels] == [0] and found.outdated == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id": "nobody", "winner": "tie"}', "line 1: 'nobody' is the id of no row of the test split"),
        ('{"winner": "tie"}', "line 1: '' is the id of no row"),
        ('\n{"id": "r0", "winner": "A"}', "line 2: give winner, one of tuned, baseline, tie, or score"),
        ('{"id": "r0"}', "give winner, one of tuned, baseline, tie"),
        ('{"id": "r0", "score": 6}', "a whole number from 1 to 5"),
        ('{"id": "r0", "score": 4, "of": "other"}', "with of tuned or baseline"),
        ('{"id": "r0", "score": 4, "winner": "tie"}', "give either winner, or score"),
        ('{"id": "r0", "winner": "tie"}\n{"id": "r0", "winner": "tuned"}', "line 2: 'r0' is labelled twice"),
        ("[1]", "line 1 is no JSON object"),
    ],
)
def test_labels_that_are_none_are_one_sentence(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        labelled(text, BETTER, tmp_path)
    assert said in str(refused.value) and "judge.labels=labels.jsonl" in str(refused.value)


def test_the_right_answer_stands_in_the_question_where_it_is_shown(tmp_path: Path) -> None:
    seen: list[str] = []

    def noted(message: str) -> str:
        seen.append(between(message, "right answer"))
        return longer(message)

    judged(rows(["x"], ["yy"]), noted, tmp_path)
    assert seen == ["right 0", "right 0"]
