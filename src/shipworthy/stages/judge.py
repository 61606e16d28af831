"""Asks a language model which answers are better, the tuned model's or the best baseline's."""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.artifact import Artifact
from shipworthy.core.errors import UsageError
from shipworthy.core.files import sha256_of_file, write_json
from shipworthy.core.groups import JudgeConfig
from shipworthy.core.lazy import Lazy
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation import heldout, predictions
from shipworthy.evaluation.judges import people
from shipworthy.evaluation.judges.asking import Judge
from shipworthy.evaluation.judges.budget import Limits
from shipworthy.evaluation.judges.cache import FILE, Answers
from shipworthy.evaluation.judges.endpoint import Endpoint
from shipworthy.evaluation.judges.judgement import judgement, prompts
from shipworthy.evaluation.judges.questions import BASELINE, TUNED, drawn
from shipworthy.evaluation.judges.schema import Asked, Local, OpenAI
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.dataset import split
from shipworthy.models.documents import documents

READS = ("plan", "dataset", "evaluation")
SERVERS = Lazy("shipworthy.optimize.engines.{judge.engine}.serve_model")


def run(*, task: Task, judge: JudgeConfig, seed: int, workspace: Workspace) -> None:
    """Reads `plan`, `dataset` and `evaluation`, writes `judgement`.

    Raises:
        UsageError: the judge is not there as the config says, or costs more than it may.
        ShipworthyError: it does not answer.
    """
    criteria = workspace.read("plan").json("criteria.json")
    dataset, evaluation = workspace.read("dataset"), workspace.read("evaluation")
    role = criteria.get("judge", "none")
    if not isinstance(judge, Asked):
        with workspace.write("judgement") as folder:
            write_json(folder / "judgement.json", {"asked": False, "role": role})
        say("judge: none (judge=openai asks one)")
        return
    assert isinstance(task, TextToText)
    by_mode, files = prompts(judge), _files(judge)
    identity, asked = _identity(judge, files), _asked(judge)
    workspace.uses(files)
    test = split(dataset, "test")
    whole = documents(test)["id"]
    best = evaluation.json("evaluation.json")["best_baseline"]
    answers = {TUNED: _said(evaluation, TUNED, whole), BASELINE: _said(evaluation, best, whole)}
    purpose = f"shown to a judge, {identity['model']}, by {', '.join(one.name for one in by_mode.values())}"
    references = heldout.answers_to(dataset, test, purpose, workspace) if judge.reference else None
    rows = drawn(task, test, answers, references, most=judge.rows, seed=seed)
    labels = None
    if judge.labels:
        labels = people.read(project_root() / judge.labels, judge.labels, rows, whole.cast(pl.String).to_list())
    cache = Answers(workspace.root.parent / "runs" / FILE)
    how = Resampling(len(rows), rows.groups, seed, criteria["alpha"])
    found = judgement(judge, by_mode, rows, labels, asked, identity, cache, reference=best, how=how)
    with workspace.write("judgement") as folder:
        record = {**found.record, "role": role, "judge": {"kind": judge.kind, **identity, **judge.parameters}}
        write_json(folder / "judgement.json", record)
        found.table.write_parquet(folder / "answers.parquet")
    for sentence in [*found.verdict.reasons, *(f"look at this: {one}." for one in found.record["remarks"])]:
        say(f"  {sentence}")


def _files(judge: Asked) -> dict[str, str]:
    """The files that the result depends on: name from the project's root → sha256.

    Raises:
        UsageError: one is not there.
    """
    found = {}
    for setting in ("prompt", "labels", "gguf"):
        if name := getattr(judge, setting, ""):
            path = project_root() / name
            if not path.is_file():
                raise UsageError(f"judge.{setting}={name}: there is no file {path}; put it there, or name another.")
            found[name] = sha256_of_file(path)
    return found


def _identity(judge: Asked, files: Mapping[str, str]) -> dict[str, Any]:
    """Who is asked, as answers are kept by it."""
    if isinstance(judge, Local):
        return {"engine": judge.engine, "model": Path(judge.gguf).name, "sha256": files[judge.gguf]}
    assert isinstance(judge, OpenAI)
    return {"url": judge.url.rstrip("/"), "model": judge.model}


def _asked(judge: Asked) -> Judge:
    """The judge, not opened yet; what it lacks is told now.

    Raises:
        UsageError: the environment variable with its key is not set, or holds none.
    """
    if isinstance(judge, Local):
        return Judge(lambda: _local(judge, project_root() / judge.gguf), Limits(max_tokens=judge.max_tokens))
    assert isinstance(judge, OpenAI)
    variable = judge.api_key_variable
    key = os.environ.get(variable, "").strip() if variable else ""
    if variable and not (key and key.isascii() and key.isprintable()):
        what = "holds no key: it must be of one line, in ASCII" if key else "is not set: set it"
        raise UsageError(f"The environment variable {variable}, which judge.api_key_variable names, {what}.")
    limits = Limits(
        judge.most_requests, judge.most_money, judge.price_in, judge.price_out, judge.max_tokens, judge.currency
    )

    def opened() -> AbstractContextManager[Endpoint]:
        settings = judge.parameters, judge.timeout_s, judge.retries
        return closing(Endpoint(judge.url, judge.model, *settings, key=key, key_from=variable))

    return Judge(opened, limits, judge.concurrent)


@contextmanager
def _local(judge: Local, path: Path) -> Iterator[Endpoint]:
    server = SERVERS.load(judge.engine)
    with (
        server.serve_model(path, judge.context_tokens, judge.threads) as url,
        closing(
            Endpoint(url, path.name, {**judge.parameters, **server.PLAIN}, judge.timeout_s, seeded=True)
        ) as endpoint,
    ):
        yield endpoint


def _said(evaluation: Artifact, name: str, ids: pl.Series) -> list[str]:
    """What a candidate said of each document."""
    return [one.text for one in predictions.read(evaluation.file(f"predictions/{name}.parquet"), ids)]
