"""Asking over a real connection: the cache, the budget, kills, and what an endpoint may do wrong."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from shipworthy.core import json_lines
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.evaluation.judges import endpoint
from shipworthy.evaluation.judges.asking import ask
from shipworthy.evaluation.judges.budget import Limits, tokens_of
from shipworthy.evaluation.judges.cache import Answers
from tests.conftest import ROOT
from tests.evaluation.judges.endpoints import longer, played
from tests.evaluation.judges.made import PAIRS, asked, judge, rows

TEN = rows([f"tuned {i}" for i in range(10)], [f"base {i}" for i in range(10)])
LONG = Limits(price_in=1.0, price_out=2.0, max_tokens=100)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "PAUSE_S", 0.01)


def test_a_second_run_asks_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = asked(TEN)
    with played(longer) as server:
        heard = ask(judge(server.url), questions, Answers(tmp_path / "a.jsonl"))
        assert (heard.questions, heard.cached, len(server.asked)) == (20, 0, 20) and not heard.stopped
    again = ask(judge(server.url), questions, Answers(tmp_path / "a.jsonl"))  # the server is gone
    assert again.cached == 20 and again.answers == heard.answers
    assert "judge: 20 of 20 answers from the cache" in capsys.readouterr().out


def test_what_is_asked_is_what_answers_are_kept_by(tmp_path: Path) -> None:
    keys = {key for key, _ in asked(TEN)}
    assert len(keys) == 20
    for other in (asked(TEN, identity={"model": "other"}), asked(rows(["x"] * 10, ["yy"] * 10))):
        assert not keys & {key for key, _ in other}
    twice = {key for key, _ in asked(TEN, draws=2)}
    assert keys < twice and len(twice) == 40


def test_equal_questions_are_asked_once(tmp_path: Path) -> None:
    same = rows(["long answer"] * 5, ["short"] * 5)
    same = type(same)(same.ids, ["user: the same"] * 5, None, same.answers, None)
    with played(longer) as server:
        heard = ask(judge(server.url), asked(same), Answers(tmp_path / "a.jsonl"))
    assert heard.questions == len(server.asked) == 2


def test_a_torn_line_is_asked_again_and_swallows_none(tmp_path: Path) -> None:
    path, questions = tmp_path / "a.jsonl", asked(TEN)
    with played(longer) as server:
        ask(judge(server.url), questions[:4], Answers(path))
        path.write_bytes(path.read_bytes()[:-30])
        heard = ask(judge(server.url), questions, Answers(path))
    assert heard.cached == 3 and len(heard.answers) == 20 and len(server.asked) == 4 + 17
    assert len({line["key"] for line in json_lines.read(path)}) == 20


def test_two_processes_may_write_at_once(tmp_path: Path) -> None:
    path, questions = tmp_path / "a.jsonl", asked(TEN)
    ours, theirs = Answers(path), Answers(path)
    with played(longer) as server:
        ask(judge(server.url), questions, ours)
        ask(judge(server.url), questions, theirs)  # did not know of the others
    assert len(list(json_lines.read(path))) == 40
    assert all(ours.get(key) == Answers(path).get(key) for key, _ in questions)


def test_killed_it_goes_on_where_it_stood(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    program = (
        "from tests.evaluation.judges.made import asked, judge\n"
        "from tests.evaluation.judges.test_asking import TEN\n"
        "from shipworthy.evaluation.judges.asking import ask\n"
        "from shipworthy.evaluation.judges.cache import Answers\n"
        "from pathlib import Path\nimport sys\n"
        "ask(judge(sys.argv[1]), asked(TEN), Answers(Path(sys.argv[2])))\n"
    )
    with played(longer, pause_s=0.3) as server:
        command = [sys.executable, "-c", program, server.url, str(path)]
        with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
            while len(list(json_lines.read(path))) < 3:
                time.sleep(0.02)
                assert process.poll() is None, "it ended before it was killed"
            process.send_signal(signal.SIGKILL)
        kept = len(list(json_lines.read(path)))
        time.sleep(0.5)  # what was on its way then
        before, server.pause_s = len(server.asked), 0.0
        heard = ask(judge(server.url), asked(TEN), Answers(path))
    assert 3 <= heard.cached == kept < 20 and len(server.asked) - before == 20 - kept
    assert len(heard.answers) == 20


def test_a_budget_of_questions_is_kept_before_the_first(tmp_path: Path) -> None:
    with played(longer) as server:
        with pytest.raises(UsageError, match=r"Judging asks 20 questions, and judge.most_requests=19 allows fewer"):
            ask(judge(server.url, Limits(most_requests=19)), asked(TEN), Answers(tmp_path / "a.jsonl"))
        assert not server.asked
        ask(judge(server.url), asked(TEN)[:6], Answers(tmp_path / "a.jsonl"))
        with pytest.raises(UsageError, match="20 questions, of which 6 are answered already, and"):
            ask(judge(server.url, Limits(most_requests=19)), asked(TEN), Answers(tmp_path / "a.jsonl"))
        ask(judge(server.url, Limits(most_requests=20)), asked(TEN), Answers(tmp_path / "a.jsonl"))
    assert len(server.asked) == 20


def test_a_budget_of_money_is_kept_before_the_first_by_an_estimate(tmp_path: Path) -> None:
    estimate = sum((tokens_of(one) + 2 * 100) / 1e6 for _, one in asked(TEN))
    limits = Limits(most_money=estimate * 0.99, price_in=1.0, price_out=2.0, max_tokens=100, currency="EUR")
    with played(longer) as server:
        with pytest.raises(UsageError, match=r"cost up to 0\.0\d+ EUR for 20 questions \(an estimate\)") as refused:
            ask(judge(server.url, limits), asked(TEN), Answers(tmp_path / "a.jsonl"))
        assert not server.asked and "judge.most_money" in str(refused.value)


def test_at_its_budget_it_stops_and_keeps_what_was_answered(tmp_path: Path) -> None:
    """The endpoint counts more tokens than the estimate did."""
    limits = Limits(most_money=0.0115, price_in=1.0, price_out=0.0, max_tokens=100)
    with played(longer, usage={"prompt_tokens": 2000, "completion_tokens": 9}) as server:
        heard = ask(judge(server.url, limits, concurrent=1), asked(TEN), Answers(tmp_path / "a.jsonl"))
    assert heard.stopped and len(heard.answers) == len(server.asked) == 6
    assert [key in heard.answers for key, _ in asked(TEN)] == [True] * 6 + [False] * 14
    assert heard.spent == pytest.approx(6 * 2000 / 1e6) and len(list(json_lines.read(tmp_path / "a.jsonl"))) == 6
    with pytest.raises(UsageError, match="of which 6 are answered already"):
        ask(judge(server.url, limits), asked(TEN), Answers(tmp_path / "a.jsonl"))


def test_tokens_are_estimated_where_nobody_counts_them(tmp_path: Path) -> None:
    with played(longer) as server:
        heard = ask(judge(server.url, LONG), asked(TEN)[:1], Answers(tmp_path / "a.jsonl"))
    (answer,) = heard.answers.values()
    assert answer.tokens_in == tokens_of(asked(TEN)[0][1]) and 5 < answer.tokens_out < 20
    assert heard.spent == pytest.approx((answer.tokens_in + 2 * answer.tokens_out) / 1e6)


def test_a_full_or_failing_endpoint_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    with played(longer, failures=[(429, "", {"Retry-After": "0.02"}), (503, "", {}), (500, "", {})]) as server:
        opened = judge(server.url, retries=3)
        real = opened.open

        def watched() -> Any:
            found = real()
            monkeypatch.setattr(found.thing.stopped, "wait", waited.append)
            return found

        ask(type(opened)(watched, opened.limits, 1), asked(TEN)[:1], Answers(tmp_path / "a.jsonl"))
    assert len(server.asked) == 1 and waited == [0.02, 0.02, 0.04]


@pytest.mark.parametrize(
    ("status", "body", "settings", "said"),
    [
        (401, "{}", {}, "answered 401 Unauthorized: name the environment variable that holds its key"),
        (401, "{}", {"key": "k", "key_from": "MY_KEY"}, "answered 401 Unauthorized: look at the key in MY_KEY"),
        (403, "{}", {"key_from": "MY_KEY"}, "answered 403 Forbidden: look at the key in MY_KEY"),
        (404, '{"error": {"message": "The model `m` does not exist."}}', {}, "'m': The model `m` does not exist; corr"),
        (400, '{"error": "max_tokens is too large"}', {}, "max_tokens is too large; correct judge.url, judge.model or"),
        (400, "", {}, "it says no more"),
        (200, "<html>Welcome</html>", {}, "something else than a chat completion: '<html>Welcome</html>'"),
        (200, '{"choices": []}', {}, "something else than a chat completion"),
        (200, "[1]", {}, "something else than a chat completion"),
        (
            429,
            '{"error": {"message": "slow down"}}',
            {"retries": 1},
            "answered 429 Too Many Requests: slow down, asked 2",
        ),
        (503, "busy", {}, "answered 503 Service Unavailable: busy: see to it; what was answered is kept"),
    ],
)
def test_what_an_endpoint_does_wrong_is_one_sentence(
    status: int, body: str, settings: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with played(longer, always=(status, body)) as server, pytest.raises(ShipworthyError) as told:
        ask(judge(server.url, **settings), asked(TEN), Answers(tmp_path / "a.jsonl"))
    assert said in str(told.value) and server.url in str(told.value) and "\n" not in str(told.value)


def test_an_endpoint_that_hangs_or_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with (
        played(longer, pause_s=1.0) as server,
        pytest.raises(ShipworthyError, match=r"gave no answer in 0\.1 s, asked 2"),
    ):
        ask(judge(server.url, timeout_s=0.1, retries=1), asked(TEN)[:1], Answers(tmp_path / "a.jsonl"))
    with pytest.raises(ShipworthyError, match=r"can't be reached \(.*\): see to it"):
        ask(judge(server.url), asked(TEN), Answers(tmp_path / "a.jsonl"))


def test_what_was_answered_before_an_error_is_kept(tmp_path: Path) -> None:
    with played(longer) as server:
        ask(judge(server.url), asked(TEN)[:5], Answers(tmp_path / "a.jsonl"))
        server.always = (401, "")
        with pytest.raises(ShipworthyError):
            ask(judge(server.url), asked(TEN), Answers(tmp_path / "a.jsonl"))
        server.always = None
        heard = ask(judge(server.url), asked(TEN), Answers(tmp_path / "a.jsonl"))
    assert heard.cached == 5 and len(heard.answers) == len(server.asked) == 20


def test_a_key_is_sent_and_a_seed_where_the_endpoint_takes_one(tmp_path: Path) -> None:
    with played(longer) as server:
        ask(judge(server.url, key="secret", seeded=True), asked(TEN, draws=2)[:2], Answers(tmp_path / "a.jsonl"))
        ask(judge(server.url), asked(TEN)[2:3], Answers(tmp_path / "a.jsonl"))
    assert [one.get("Authorization") for one in server.headers] == ["Bearer secret", "Bearer secret", None]
    assert sorted(one.get("seed", -1) for one in server.asked) == [-1, 0, 1]
    assert all(one["model"] == "m" and one["temperature"] == 0.0 for one in server.asked)
    assert "secret" not in (tmp_path / "a.jsonl").read_text()


def test_a_refusal_without_a_text_is_an_empty_reply(tmp_path: Path) -> None:
    null = '{"choices": [{"message": {"role": "assistant", "content": null, "refusal": "no"}}]}'
    with played(longer, always=(200, null)) as server:
        heard = ask(judge(server.url), asked(TEN)[:1], Answers(tmp_path / "a.jsonl"))
    assert [one.text for one in heard.answers.values()] == [""] and PAIRS
