"""From an ablation's trainings to ablation.json: its decisions, interactions, cautions and commands."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

from shipworthy.core import yaml_text
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json, write_json
from shipworthy.evaluation import claims
from shipworthy.track.ablation import words
from shipworthy.track.ablation.cautions import cautions
from shipworthy.track.ablation.commands import Next
from shipworthy.track.ablation.decisions import Decision, decisions
from shipworthy.track.ablation.design import Training, trainings
from shipworthy.track.ablation.effects import Scores
from shipworthy.track.ablation.interactions import interactions
from shipworthy.track.ablation.models import digest, without_chance, without_effect
from shipworthy.track.ablation.schema import Ablation
from shipworthy.track.ablation.settings import Setting
from shipworthy.track.ablation.units import rows, score

PARAMS, RECORD = "params.yaml", "campaign.json"
TABLE = "ablation.json"


def write(folder: Path) -> None:
    """Writes ablation.json into the folder of an ablation's campaign, once a training came to an end.

    Raises:
        ShipworthyError: the trainings were validated on different rows.
    """
    whole, record = yaml_text.read(folder / PARAMS), read_json(folder / RECORD)
    config = Ablation(**{key: value for key, value in whole["ablation"].items() if key != "kind"})
    planned, runs = trainings(config, whole["seed"]), folder.parents[1]
    records = [read_json(path) for path in sorted((folder / "trials").glob("*.json"))]
    ended = {
        planned[one["number"]]: runs / one["run_id"] / "checkpoint" for one in records if one["state"] == "finished"
    }
    if ended:
        scores = _scores(folder.name, whole["task"]["metric"], ended)
        digests = {training: digest(checkpoint) for training, checkpoint in ended.items()}
        validated = rows(next(iter(ended.values())))
        write_json(folder / TABLE, document(config, whole, record, scores, digests, validated))


def document(
    config: Ablation,
    whole: Mapping[str, Any],
    record: Mapping[str, Any],
    scores: Scores,
    digests: Mapping[Training, str],
    validated: int,
) -> dict[str, Any]:
    """The content of ablation.json.

    Args:
        whole: the config that was composed, the ablation's too.
        record: the content of campaign.json.
        digests: of the models of the trainings that `scores` are of.
        validated: rows that they were validated on.
    """
    name, planned = whole["task"]["metric"], trainings(config, whole["seed"])
    recipe = [float(one.mean()) for training, one in scores.items() if not training.changed]
    reference = fmean(recipe or [float(one.mean()) for one in scores.values()])
    margin = claims.margin_of(name, whole["task"]["criteria"]["noninferiority_margin"], reference)
    pairs, same = interactions(config, scores, name), without_chance(digests)
    equal = [one for one in without_chance({one: s.tobytes() for one, s in scores.items()}) if one not in same]
    alike = {one: without_effect(one, digests) for one in config.changes}
    found = decisions(config, scores, name, margin, interactions=pairs, alike=alike)
    sets, following = (
        _sets(record, config),
        Next(record["overrides"], whole, config.changes, validated, record.get("about_hydra", ())),
    )
    return {
        "design": config.design,
        "metric": name,
        "level": config.level,
        "margin": margin,
        "seeds": config.seeds,
        "rows": validated,
        "recipe": recipe,
        "told": words.recipe(name, recipe),
        "decisions": [_told(one, config.design, sets[one.name], following) for one in found],
        "interactions": [{**one.to_json(), "sentence": words.interaction(one, name, sets)} for one in pairs],
        "without_chance": [list(one) for one in same],
        "cautions": cautions(planned, scores, same, equal, whole["model"], found, pairs, name),
        "commands": [{"what": what, "command": text} for what, text in following.after(found)],
    }


def _told(found: Decision, design: str, sets: Sequence[Setting], following: Next) -> dict[str, Any]:
    sentence = words.decision(found, found.claim.metric, design, sets, following.rows)
    changes = [asdict(one) for one in sets]
    return {**found.to_json(), "changes": changes, "sentence": sentence, "commands": following.of(found)}


def _sets(record: Mapping[str, Any], config: Ablation) -> words.Settings:
    """What each change sets, as it was written down when the campaign was made."""
    known = {one["changed"][0]: one.get("sets", ()) for one in record["plan"] if len(one.get("changed", ())) == 1}
    return {name: [Setting(**one) for one in known.get(name, ())] for name in config.changes}


def _scores(campaign: str, name: str, ended: Mapping[Training, Path]) -> Scores:
    scores = {training: score(name, checkpoint) for training, checkpoint in ended.items()}
    if any(len(one) == 1 for one in scores.values()):  # what one training's rows can't say, those of all can't
        scores = {training: one.mean(keepdims=True) for training, one in scores.items()}
    if len({len(one) for one in scores.values()}) > 1:
        raise ShipworthyError(
            f"the trainings of {campaign} were validated on different rows, so they can't be compared: a change may "
            "not touch task, data, trainer.validation_rows or validation_share."
        )
    return scores
