"""Both models' answers to the tasks of lm-evaluation-harness, side by side, document by document."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.artifact import Artifact
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import matching, sha256_of_files
from shipworthy.core.project import project_root
from shipworthy.evaluation.general.comparison import Measured, Score
from shipworthy.evaluation.general.lm_eval import toolchain
from shipworthy.evaluation.general.lm_eval.schema import LmEval
from shipworthy.models.build import config_of
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.checkpoint import is_plain, weights
from shipworthy.models.causal_lm.schema import CausalLM

BASE, TUNED = "base", "tuned"
Answers = Sequence[Mapping[str, Any]]
"""What toolchains/lm_eval/answer.py says of each task."""


def inputs(config: LmEval) -> dict[str, str]:
    """The files of the tasks, as a pattern from the project's root → their hash.

    Raises:
        UsageError: there are none.
    """
    top, _, rest = f"{config.include_path.rstrip('/')}/**/*".partition("/")
    if not (paths := matching(project_root() / top, rest)):
        raise UsageError(
            f"general.include_path={config.include_path}: there is no such folder with files in the project."
        )
    return {f"{top}/{rest}": sha256_of_files(paths, project_root() / top)}


def measure(config: LmEval, checkpoint: Artifact, seed: int, kept: Path) -> Measured:
    """Asks the base model, then the trained one, what `kept` does not hold already.

    Raises:
        ShipworthyError: the harness is not built, or failed, or did not ask both the same.
    """
    model = config_of(checkpoint.path)
    assert isinstance(model, CausalLM)
    base = base_folder(model)
    with _as_trained(base, checkpoint.path) as tuned:
        networks: dict[str, toolchain.Network] = {BASE: (base, None), TUNED: tuned}
        given = {name: toolchain.answers(config, base, one, seed, kept / name) for name, one in networks.items()}
    versions: dict[str, str] = given[BASE][0]["versions"]
    if any(task["versions"] != versions for tasks in given.values() for task in tasks):
        raise ShipworthyError(
            f"The answers in {kept} are of several versions of the harness: delete it, and run it again."
        )
    check_asked_the_same(given[BASE], given[TUNED])
    return Measured(versions, config.margin, list(scores(given[BASE], given[TUNED])), table(given[BASE], given[TUNED]))


@contextmanager
def _as_trained(base: Path, checkpoint: Path) -> Iterator[toolchain.Network]:
    """The trained network for the harness, which merges an adapter into the base as its files have it.

    One that was trained on a base in 4 bits is merged here, for as long as it takes.

    Raises:
        UsageError: it has virtual tokens before its rows.
    """
    folder, adapter = weights(base, checkpoint)
    if adapter is None or is_plain(adapter):
        yield folder, adapter
        return
    from shipworthy.models.causal_lm.tuned import load_merged

    with TemporaryDirectory() as scratch:
        load_merged(base, checkpoint).save_pretrained(scratch)
        yield Path(scratch), None


def check_asked_the_same(base: Answers, tuned: Answers) -> None:
    """Refuses answers to other documents, or to other tokens of them.

    Raises:
        ShipworthyError: with the first document that differs.
    """
    for name, mine, theirs in _parts(base, tuned):
        for key, what in (("doc", "document"), ("filter", "filter"), ("hash", "content"), ("tokens", "tokens")):
            asked = [[one[key] for one in part["documents"]] for part in (mine, theirs)]
            if asked[0] != asked[1]:
                at = next((i for i, (a, b) in enumerate(zip(*asked, strict=False)) if a != b), min(map(len, asked)))
                raise ShipworthyError(
                    f"general: task {name} did not ask the base model and the trained one the same: from document "
                    f"{at} on the {what} differs, so that their scores are no pairs; a task must not draw at random, "
                    "and its files must not change meanwhile."
                )


def scores(base: Answers, tuned: Answers) -> Iterator[Score]:
    """Each metric of each task that both were asked."""
    for name, mine, theirs in _parts(base, tuned):
        for value, other in zip(mine["values"], theirs["values"], strict=True):
            metric, applied = value["metric"], value["filter"]
            if not isinstance(value["value"], int | float):
                continue  # such as how many samples there were, in words
            base_N, tuned_N = (_rows(part["documents"], metric, applied) for part in (mine, theirs))
            more = value["higher_is_better"] is not False
            yield Score(name, metric, applied, base_N, tuned_N, value["value"], other["value"], more)


def table(base: Answers, tuned: Answers) -> pl.DataFrame:
    """A row for each document and metric: task, doc, hash, tokens, filter, metric, base, tuned."""
    rows = [
        (name, one["doc"], one["hash"], one["tokens"], one["filter"], metric, value, other["scores"].get(metric))
        for name, mine, theirs in _parts(base, tuned)
        for one, other in zip(mine["documents"], theirs["documents"], strict=True)
        for metric, value in one["scores"].items()
    ]
    texts = dict.fromkeys(("hash", "tokens", "filter", "metric"), pl.String)
    columns = {"task": pl.String, "doc": pl.Int64, **texts, BASE: pl.Float64, TUNED: pl.Float64}
    return pl.DataFrame(rows, schema=columns, orient="row")


def _parts(base: Answers, tuned: Answers) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Of each task, and each task of a group, what both answered."""
    for mine, theirs in zip(base, tuned, strict=True):
        if mine["parts"].keys() != theirs["parts"].keys():
            raise ShipworthyError(f"general: task {mine['task']} has not the same parts for both models.")
        for name, part in mine["parts"].items():
            yield name, part, theirs["parts"][name]


def _rows(documents: Sequence[Mapping[str, Any]], metric: str, applied: str) -> NDArray[np.float64]:
    """A metric of each document after a filter, shape (n,); NaN where it is no number."""
    found = [one["scores"].get(metric) for one in documents if one["filter"] == applied]
    return np.array([np.nan if one is None else one for one in found], dtype=np.float64)
