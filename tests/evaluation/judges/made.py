"""Rows to judge, and a judge behind a played endpoint."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import numpy as np

from shipworthy.evaluation.judges import prompt
from shipworthy.evaluation.judges.asking import Judge, Keyed
from shipworthy.evaluation.judges.budget import Limits
from shipworthy.evaluation.judges.cache import key_of
from shipworthy.evaluation.judges.endpoint import Endpoint
from shipworthy.evaluation.judges.prompt import Prompt
from shipworthy.evaluation.judges.questions import Rows, questions
from shipworthy.evaluation.judges.schema import Asked

PAIRS = {"pairwise": prompt.read(prompt.OURS["pairwise"])}
RUBRIC = {"rubric": prompt.read(prompt.OURS["rubric"])}


def rows(tuned: list[str], baseline: list[str], clusters: list[str] | None = None) -> Rows:
    n = len(tuned)
    return Rows(
        ids=[f"r{i}" for i in range(n)],
        questions=[f"user: question {i}" for i in range(n)],
        references=[f"right {i}" for i in range(n)],
        answers={"tuned": tuned, "baseline": baseline},
        groups=None if clusters is None else np.array(clusters),
    )


def asked(of: Rows, by_mode: Mapping[str, Prompt] = PAIRS, draws: int = 1, identity: Any = None) -> Keyed:
    """Every question with its key."""
    parameters = Asked().parameters
    return [
        (key_of(identity or {"model": "m"}, parameters, by_mode[one.mode].to_json(), one.messages, one.draw), one)
        for one in questions(of, by_mode, draws)
    ]


def judge(url: str, limits: Limits | None = None, concurrent: int = 2, **settings: Any) -> Judge:
    parameters = Asked().parameters
    return Judge(
        lambda: closing(Endpoint(url, "m", parameters, **{"timeout_s": 20.0, **settings})),
        limits or Limits(),
        concurrent,
    )
