"""Campaigns as workers leave them: a real Optuna study in a journal, trials' notes, and the folders of their runs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from omegaconf import OmegaConf
from optuna.trial import TrialState

from shipworthy.core.files import write_json
from shipworthy.evaluation import claims, paired, power, predictions, scores
from shipworthy.evaluation.metric import metric as metric_of
from shipworthy.evaluation.resampling import Resampling
from shipworthy.track.hpo.schema import Search
from shipworthy.track.hpo.space import overrides, parse
from shipworthy.track.hpo.study import Trials, make, open_storage
from tests.track.cost.made import BEGAN, start, write_run

SPACE: dict[str, Any] = {
    "optimizer.lr": {"float": [1e-4, 3e-3], "log": True},
    "adapter": {"categorical": ["lora", "none"]},
    "adapter.rank": {"int": [4, 64], "log": True, "when": {"adapter": ["lora"]}},
    "trainer.batch_size": {"int": [8, 32], "step": 8},
}
RECIPE: dict[str, Any] = {
    "optimizer.lr": 3e-4,
    "adapter": "lora",
    "adapter.rank": 8,
    "trainer.batch_size": 16,
}
STEPS, EVERY, ROWS, UNSEEN = 400, 50, 280, 120
FAILURE = "The loss is not finite at step 90: lower optimizer.lr."


def quality(params: Mapping[str, Any]) -> float:
    """What a trial comes to after all its steps: best near a rate of 1e-3, better with an adapter of some rank."""
    distance = abs(np.log10(params["optimizer.lr"] / 1e-3))
    rank = 0.05 * np.log2(params["adapter.rank"] / 4) / 4 if "adapter.rank" in params else -0.08
    return float(0.47 - 0.22 * distance**2 + rank)


def write_campaign(
    root: Path,
    trials: int = 40,
    *,
    space: Mapping[str, Any] = SPACE,
    objectives: tuple[str, ...] = ("metric",),
    fails: Callable[[int, Mapping[str, Any]], bool] = lambda number, params: number in (2, 9),
    gpus: int = 1,
    unseen: bool = True,
    seed: int = 3,
    metric: str = "exact_match",
) -> Path:
    """`runs/campaigns/search` of a search by TPE with median pruning, four at a time.

    Args:
        metric: by which trials are judged: exact_match, or brier, whose less is better.
    """
    pruner = {"name": "median"} if len(objectives) == 1 else {"name": "none"}
    wanted = {"space": dict(space), "pruner": pruner, "workers": 4, "objectives": [{"name": one} for one in objectives],
              "budget": {"trials": trials, "money": 12.0}}  # fmt: skip
    settings = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Search), wanted))
    assert isinstance(settings, Search)
    settings = settings.measured_by(metric)
    folder = root / "runs" / "campaigns" / "search"
    folder.mkdir(parents=True)
    plain = OmegaConf.to_container(OmegaConf.structured(settings))
    recipe = {key: RECIPE[key] for key in space}
    about = {"name": "search", "kind": "tune", "made": BEGAN, "settings": plain, "root": str(root), "snapshot": "",
             "sweeps": [], "seed": seed, "price_per_hour": 1.2, "currency": "USD", "recipe": recipe,
             "overrides": ["experiment=smoke", "hpo=lora"]}  # fmt: skip
    write_json(folder / "campaign.json", about)
    base = {"task": {"metric": metric}, "trainer": {"steps": STEPS}}
    (folder / "params.yaml").write_text(yaml.safe_dump(base))
    storage = open_storage(folder, "")
    make(storage, "search", [one.direction for one in settings.objectives], trials)
    study = Trials(storage, "search", settings, seed, EVERY, STEPS)
    draws = np.random.default_rng(seed)
    notes = [_trial(root, study, number, settings, draws, fails, gpus, metric) for number in range(trials)]
    done = [note for note in notes if note["state"] == "finished"]
    if unseen and done:
        values = {note["number"]: note["values"]["metric"] for note in done}
        best = next(note for note in done if note["number"] == claims.best(metric, values))
        answers = root / "runs" / best["run_id"] / "checkpoint" / "validation.parquet"
        seen = predictions.rows(predictions.scored(answers))
        winner = {
            "trial": best["number"],
            "run_id": best["run_id"],
            "params": best["params"],
            "metric": metric,
            "seen": {**scores.interval(metric, seen, Resampling(ROWS)).to_json(), "rows": ROWS},
            "unseen": on_unseen(metric, best),
            "validation_rows": ROWS + UNSEEN,
        }
        if notes[0]["state"] == "finished" and best["number"]:
            winner |= {
                "recipe": {"trial": 0, "run_id": notes[0]["run_id"], "unseen": on_unseen(metric, notes[0])},
                "against_recipe": against_recipe(metric, best, notes[0]),
            }
        write_json(folder / "winner.json", winner)
    return folder


def answered(metric: str, note: Mapping[str, Any]) -> NDArray[Any]:
    """What a trial would come to on the rows that no trial saw, by the metric."""
    return scored(metric, np.arange(UNSEEN) < UNSEEN * (quality(note["params"]) - 0.01))


def on_unseen(metric: str, note: Mapping[str, Any]) -> dict[str, Any]:
    return {**scores.interval(metric, answered(metric, note), Resampling(UNSEEN)).to_json(), "rows": UNSEEN}


def against_recipe(name: str, best: Mapping[str, Any], recipe: Mapping[str, Any]) -> dict[str, Any]:
    """As track/hpo/winner.py compares the two, with a margin of 2 points."""
    pair = paired.pair(metric_of(name), answered(name, best), answered(name, recipe), Resampling(UNSEEN))
    (claim,) = claims.decide(name, [pair], 0.01, 0.02)
    gain = max(claim.gain, 0.02)
    return {"claim": claim.to_json(), "gain": gain, "rows_needed": power.rows_for(pair, gain, 0.01), "power": 0.8}


def scored(metric: str, correct: NDArray[np.bool_]) -> NDArray[Any]:
    """By the metric; an error is small where the answer is right."""
    return correct if metric == "exact_match" else np.where(correct, 0.1, 0.6)


def _trial(
    root: Path,
    study: Trials,
    number: int,
    settings: Search,
    draws: Any,
    fails: Callable[..., bool],
    gpus: int,
    metric: str,
) -> dict[str, Any]:
    trial = study.all()[number]
    params = {key: RECIPE[key] for key in settings.space}
    if number:
        params = study.values(trial, parse(settings.space))
    else:
        study.fix(trial, parse(settings.space), params)
    step_s = (0.8 + 0.05 * params.get("trainer.batch_size", 16)) * float(draws.uniform(0.9, 1.1))
    state, reached, history = "finished", STEPS, list[dict[str, Any]]()
    correct = np.zeros(ROWS, dtype=bool)
    for step in range(EVERY, STEPS + 1, EVERY):
        if fails(number, params) and step > 100:
            state, reached = "failed", 90
            break
        level = quality(params) * (1 - 0.8 * np.exp(-step / 90))
        correct = draws.random(ROWS) < level
        value = float(scored(metric, correct).mean())
        history.append({"step": step, "step_s": step_s, "val_metric": value})
        if study.report(trial, step, value) and number:
            state, reached = "pruned", step
            break
    run_id, began = f"{number:02}{trial.number:014x}", BEGAN + 260 * number
    ended = began + 25 + step_s * reached
    value = history[-1]["val_metric"]
    known = {"metric": value, "seconds": step_s * reached, "val_loss": 3 - 2 * value}
    values = {one.name: known[one.name] for one in settings.objectives} if state == "finished" else {}
    states = {"finished": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
    study.tell(trial, states[state], list(values.values()) or None)
    begun = start(
        1,
        began,
        ended,
        state,
        host=f"node{number % 4}",
        gpus=["NVIDIA A10G"] * gpus,
        price_per_hour=1.2,
        cpus=8,
        stepped=[[step, began + 25 + step_s * step] for step in (EVERY, reached)],
    )
    told = {"metric": metric, "greater_is_better": metric == "exact_match", "selected_metric": value, "steps": reached}
    training = told if state == "finished" else None
    write_run(
        root,
        run_id,
        [begun],
        training=training,
        history=history,
        correct=correct.tolist(),
        scored=scored(metric, correct).tolist(),
        samples=[{"time": began + t, "cpu_percent": 60, "gpus": [{"power_w": 140}] * gpus} for t in range(0, 400, 20)],
        campaign={"name": "search", "trial": number},
    )
    attempt = {
        "worker": number % 4,
        "host": f"node{number % 4}",
        "began": began,
        "ended": ended,
        "gpus": gpus,
        "outcome": state,
    }
    said = FAILURE if state == "failed" else ""
    own = overrides(params) if number else []
    note = {"number": number, "state": state, "params": params, "overrides": own, "run_id": run_id,
            "values": values, "step": reached, "attempts": [attempt], "said": said}  # fmt: skip
    folder = root / "runs" / "campaigns" / "search" / "trials"
    write_json(folder / f"{number}.json", note)
    return note
