"""Every choice of every group goes with every other, or is refused in one sentence; what goes with one another trains.

Nothing is listed by hand: groups and choices are those of conf/ and of the schemas, so a new one is taken up by itself.
A file of conf/ is composed and loaded once, beside whichever others; combinations are then made of the loaded parts, as
config/load.py makes the whole config of them.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import combinations, product, zip_longest
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from omegaconf import DictConfig
from omegaconf.errors import InterpolationKeyError

from shipworthy.config.compose import compose, composed
from shipworthy.config.keys import import_checked_schemas
from shipworthy.config.load import as_dict, plain
from shipworthy.config.root import GROUPS, Config
from shipworthy.core.artifact import Artifact, read_artifact, write_artifact
from shipworthy.core.choices import of as choices_of
from shipworthy.core.errors import UsageError
from shipworthy.core.files import write_json
from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import SCHEMAS, Schema, from_plain
from shipworthy.core.workspace import Workspace
from shipworthy.execution.reads import stage_groups
from shipworthy.execution.stage import stage
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.sequence_classifier.schema import SequenceClassifier
from shipworthy.models.sequence_classifier.weights import fetch
from shipworthy.track.trackers.schema import NoTracker
from shipworthy.train.optimizers.schema import AdamW
from shipworthy.train.schedules.schema import Cosine
from shipworthy.train.schema import KNOWN, LightningTrainer
from tests.train.lightning import runs

TRAINING = [name for name in stage_groups("train") if name in GROUPS and name not in ("tracker", "compute")]
"""The groups of a training that may depend on one another; where it is noted and what it costs do not."""
TRAINED = [name for name in TRAINING if name not in ("task", "model", "trainer", "optimizer", "schedule")]
"""Of these the ones of which each combination is trained, with each precision."""

Combination = tuple[str, ...]


@cache
def parts() -> dict[str, dict[str, Schema]]:
    """Group → choice → its config; of a trainer with each value of its settings that have few, too."""
    names = {group: sorted(choices_of(group)) for group in GROUPS}
    found: dict[str, dict[str, Schema]] = defaultdict(dict)
    for row in zip_longest(*names.values()):
        asked = {group: choice for group, choice in zip(names, row, strict=True) if choice}
        whole = composed([f"{group}={choice}" for group, choice in asked.items()])
        for group, choice in asked.items():
            value = resolved(whole, group, choice)
            found[group][choice] = from_plain(SCHEMAS[group][value["kind"]], value, group)
    for name, trainer in [*found["trainer"].items()]:
        for setting, value in ((one, value) for one, values in KNOWN.items() for value in values):
            if isinstance(trainer, LightningTrainer):
                with suppress(UsageError):  # what a trainer alone refuses is no matter of other groups
                    found["trainer"][f"{name} {setting}={value}"] = replace(trainer, **{setting: value})
    return found


def resolved(whole: DictConfig, group: str, choice: str) -> dict[str, Any]:
    """The choice that stands in a composed config; what it takes from other groups may be known in a recipe only."""
    try:
        return plain(whole[group])
    except InterpolationKeyError:
        recipes = (composed([f"experiment={name}", f"{group}={choice}"]) for name in choices_of("experiment"))
        return next(found for one in recipes if (found := known(one[group])))


def known(part: DictConfig) -> dict[str, Any] | None:
    with suppress(InterpolationKeyError):
        return plain(part)
    return None


def different(group: str) -> dict[str, Schema]:
    """The choices of a group; of those that no rule of another group tells apart one stands for all."""
    found: dict[Any, tuple[str, Schema]] = {}
    for name, part in parts()[group].items():
        found.setdefault(told_by(group, part), (name, part))
    return dict(found.values())


def told_by(group: str, part: Schema) -> tuple[Any, ...]:
    """What config/root.py can ask of a choice: what it declares, and what others say of it by name, or of a setting."""
    every = [cls for kinds in SCHEMAS.values() for cls in kinds.values()]
    rules = [cls.needs.get(group, ()) for cls in every] + [getattr(cls, "tasks", ()) for cls in every]
    rules += [(getattr(cls, "ignores", {}).get(group, ""),) for cls in every]
    settings = sorted({key.partition(".")[2] for cls in every for key in cls.excludes if key.startswith(f"{group}.")})
    declared = [repr(getattr(part, name, "")) for name in ("needs", "excludes", "ignores", "learns", "asks_judge")]
    names = {part.kind, *part.provides} & {name for rule in rules for name in rule}
    ignored = any(group in getattr(cls, "ignores", {}) for cls in every)
    set_otherwise = ignored and part != type(part)()
    return (*sorted(names), *declared, *(getattr(part, name, "") for name in settings), set_otherwise)


@cache
def recipes() -> list[dict[str, Schema]]:
    """The parts of the recipes, of which no two serve a model alike: what a combination may have beside it."""
    whole = [compose(), *(compose([f"experiment={name}"]) for name in choices_of("experiment"))]
    return list({(one.quant.kind, one.engine.kind): one.groups() for one in reversed(whole)}.values())


def refusal(chosen: Mapping[str, Schema]) -> str:
    """The sentence with which a combination is refused beside the last of the recipes; empty: it goes with one."""
    said = ""
    for recipe in recipes():
        try:
            Config(**{**recipe, **chosen})  # type: ignore[arg-type]
        except UsageError as error:
            said = str(error)
        else:
            return ""
    return said


def assert_a_sentence(said: str) -> None:
    assert "\n" not in said and said.endswith((".", "?")), said
    assert re.search(r"[:,;] ", said), f"it does not say what to do: {said}"


def test_a_training_of_any_choices_goes_or_is_refused_in_a_sentence() -> None:
    """The whole product of the groups that may depend on one another, but for choices that no rule tells apart."""
    choices = {group: different(group) for group in TRAINING}
    accepted: set[tuple[str, str]] = set()
    refusals: set[str] = set()
    for names in product(*choices.values()):
        chosen = {group: choices[group][name] for group, name in zip(choices, names, strict=True)}
        if said := refusal(chosen):
            refusals.add(said)
        else:
            accepted |= {*zip(choices, names, strict=True)}
    for said in refusals:
        assert_a_sentence(said)
    everything = {(group, name) for group, found in choices.items() for name in found}
    assert not everything - accepted, "each choice goes with some of the others"


def test_any_two_choices_of_all_groups_go_or_are_refused_in_a_sentence() -> None:
    """Pairs of all choices, all else as in a recipe: what has no part in a training is asked by one group at most."""
    refusals = {
        refusal({first: one, second: other})
        for first, second in combinations(GROUPS, 2)
        for one, other in product(parts()[first].values(), parts()[second].values())
    }
    assert len(refusals) > 1
    for said in refusals - {""}:
        assert_a_sentence(said)


def kinds() -> dict[str, list[str]]:
    """The parts of a training of which each combination is trained: group → kinds, and `precision` → its values."""
    import_checked_schemas()
    return {**{group: sorted(SCHEMAS[group]) for group in TRAINED}, "precision": list(KNOWN["precision"])}


def covering(every: Sequence[Combination]) -> list[Combination]:
    """As few as come of taking, each time, the one with most pairs that none had before, until each pair was had."""
    left = {pair for one in every for pair in pairs(one)}
    found: list[Combination] = []
    while left:
        best = max(every, key=lambda one: len(left & {*pairs(one)}))
        found.append(best)
        left -= {*pairs(best)}
    return found


def pairs(one: Combination) -> Iterator[tuple[tuple[int, str], tuple[int, str]]]:
    return combinations(enumerate(one), 2)


EVERY = list(product(*kinds().values()))
SAMPLE = covering(EVERY)


@pytest.mark.parametrize("combination", SAMPLE, ids="-".join)
def test_two_steps(combination: Combination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample of the combinations, with each pair of choices in it."""
    two_steps(dict(zip(kinds(), combination, strict=True)), tmp_path, monkeypatch)


@pytest.mark.long
@pytest.mark.parametrize("combination", [one for one in EVERY if one not in SAMPLE], ids="-".join)
def test_two_steps_of_all_others(combination: Combination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of them."""
    two_steps(dict(zip(kinds(), combination, strict=True)), tmp_path, monkeypatch)


def two_steps(chosen: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trains two steps of a tiny model, unless the config or this machine refuses them, in a sentence."""
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(folder / "cache"))
    trainer = replace(runs.TRAINER, steps=2, validate_every=2, precision=chosen.pop("precision"))
    tiny = runs.model_in(folder / "hub")
    model = MODELS[SCHEMAS["objective"][chosen["objective"]].needs["model"][0]](tiny)
    try:
        done = trained(configured(chosen, model, trainer), runs.rows(tiny), folder)
    except UsageError as error:
        assert_a_sentence(str(error))
        return
    history = done.json("history.json")
    assert [entry["step"] for entry in history] == [1, 2]
    assert all(entry["loss"] > 0 and (entry["grad_norm"] > 0 or entry.get("overflow")) for entry in history)
    assert done.manifest.files.keys() >= {"training.json", "validation.parquet"}


def with_head(model: CausalLM) -> SequenceClassifier:
    """The same network, to which a head is given."""
    made = SequenceClassifier(name="tiny", licence="none", source=model.source, template="{text}", max_length=24)
    fetch(made)
    return made


MODELS: Mapping[str, Callable[[CausalLM], ModelConfig]] = {
    "causal_lm": lambda one: one,
    "sequence_classifier": with_head,
}
"""What an objective needs → a tiny model of that kind; a new one has to be put here."""


def configured(chosen: Mapping[str, str], model: ModelConfig, trainer: LightningTrainer) -> Config:
    """The default config with these parts in it."""
    own = {"task": runs.TASK, "model": model, "trainer": trainer, "optimizer": AdamW(lr=0.01), "schedule": Cosine()}
    made = {group: SCHEMAS[group][kind]() for group, kind in chosen.items()}
    beside = {"quant": "none", "engine": "in_process"} if model.provides else {}
    served = {group: SCHEMAS[group][kind]() for group, kind in beside.items()}
    return Config(**{**compose().groups(), **own, **served, **made, "tracker": NoTracker()})  # type: ignore[arg-type]


def trained(config: Config, table: pl.DataFrame, folder: Path) -> Artifact:
    """The checkpoint of a training on a few rows, of three different answers."""
    root, answers = folder / "artifacts", pl.Series("answer", [f"Del{i % 3}" for i in range(table.height)])
    rows = table.with_columns(answers)
    with write_artifact(root / "dataset", "dataset", run_id="d", config={}, inputs={}, seeds={}) as target:
        rows[:9].write_parquet(target / "train.parquet")
        rows[9:].write_parquet(target / "validation.parquet")
        rows[9:].drop("answer", "answer_ids").write_parquet(target / "test.parquet")
    with write_artifact(root / "plan", "plan", run_id="p", config={}, inputs={}, seeds={}) as target:
        write_json(target / "fits.json", {"fits": True, "reasons": []})
    asked = {name: getattr(config, name) for name in stage_groups("train")} | {"preflight": "off"}
    plain_parts = {name: as_dict(part) for name, part in asked.items() if isinstance(part, Schema)}
    workspace = Workspace(root=root, command="train", config=plain_parts, seed=config.seed)
    stage("train")(**asked, workspace=workspace)
    return read_artifact(root / "checkpoint", "checkpoint")
