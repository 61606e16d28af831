"""What each command depends on: what it imports, as grimp sees it, and what the config chose of the rest."""

import ast
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

import grimp
import pytest

from shipworthy.config.compose import compose
from shipworthy.core.extensions import in_folder
from shipworthy.core.groups import ModelConfig
from shipworthy.core.identity import package_files
from shipworthy.core.lineage import chosen
from shipworthy.core.lineage import lineage as searched
from shipworthy.core.lineage.lineage import lineage
from shipworthy.core.lineage.sources import Sources, sources
from shipworthy.core.schema import SCHEMAS, Schema, schema
from shipworthy.stages.code import COMMANDS

# What the stages of two recipes load by kind or by name, written down by hand. A stage also needs the schemas of the
# groups that its function takes.
SHARED = {
    "core.sources.build": ["core.sources.wheel"],
    "data.clean.apply": ["data.clean.encoding", "data.clean.unicode"],
    "data.gates.build": ["data.gates.ids", "data.gates.missing", "data.gates.missing_runs", "data.gates.constant"],
    "models.transform.transformation": [
        f"models.transform.ops.{name}"
        for name in "calendar clip codes drop fill isolation_forest mark model_fill text_components".split()
    ],
    "optimize.engines.in_subprocess": ["optimize.engines.measure"],
}
NETWORK = {
    **SHARED,
    "models.quantities": ["models.causal_lm.quantities", "models.causal_lm.lengths"],
    "models.build": ["models.causal_lm.family"],
    "models.base": ["models.causal_lm.weights", "models.causal_lm.base", "models.causal_lm.chat"],
    "models.baselines": ["models.majority.family", "models.tfidf.family"],
    "models.fit_memory": ["models.majority.fit_memory", "models.tfidf.fit_memory"],
    "stages.evaluate": ["models.majority.family", "models.tfidf.family"],
    "evaluation.metric": ["evaluation.metrics.exact_match"],
    "stages.train": ["train.lightning.fit"],
    "models.adapters.build": ["models.adapters.lora"],
    "train.lightning.probe": ["models.causal_lm.untrained"],
    "train.optimizers.build": ["train.optimizers.adamw"],
    "train.objectives.build": ["train.objectives.sft"],
    "train.schedules.build": ["train.schedules.cosine"],
    "train.strategies.build": ["train.strategies.ddp"],
    "data.sources.files": ["data.formats.evals"],
    "data.duplicates.clusters": ["data.duplicates.exact", "data.duplicates.minhash"],
    "optimize.quantize.build": ["optimize.quantize.gguf.compress"],
    "optimize.engines.build": ["optimize.engines.llamacpp.bench"],
    "optimize.package.build": ["optimize.package.gguf.fill"],
}
TABLE = {
    **SHARED,
    "data.gates.build": [*SHARED["data.gates.build"], "data.gates.leak", "data.gates.time"],
    "models.build": ["models.xgboost.family"],
    "models.baselines": ["models.majority.family", "models.logistic.family"],
    "models.fit_memory": [f"models.{name}.fit_memory" for name in ("xgboost", "majority", "logistic")],
    "data.fitted.build": ["data.fitted.encode.auto"],
    "stages.evaluate": ["models.majority.family", "models.logistic.family"],
    "evaluation.metric": ["evaluation.metrics.accuracy", "evaluation.metrics.auc"],
    "stages.train": ["train.classical.fit"],
    "models.adapters.build": ["models.adapters.none"],
    "train.objectives.build": ["train.objectives.sft"],
    "train.schedules.build": ["train.schedules.cosine"],
    "train.strategies.build": ["train.strategies.ddp"],
    "data.sources.files": ["data.formats.parquet"],
    "optimize.quantize.build": ["optimize.quantize.none.compress"],
    "optimize.engines.build": ["optimize.engines.in_process.bench"],
    "optimize.package.build": ["optimize.package.xgboost.fill"],
}
RECIPES = {"sarcasm": NETWORK, "adult_xgboost": TABLE}


@cache
def groups(recipe: str, *overrides: str) -> Mapping[str, Schema]:
    """The chosen configs of a recipe."""
    return compose([f"experiment={recipe}", *overrides]).groups()


def needed(recipe: str) -> dict[str, set[str]]:
    """Command → modules, as grimp finds them, with what is loaded lazily added to its graph."""
    graph = grimp.build_graph("shipworthy", exclude_type_checking_imports=True, cache_dir=None)
    for importer, loaded in RECIPES[recipe].items():
        for name in loaded:
            graph.add_import(importer=f"shipworthy.{importer}", imported=f"shipworthy.{name}")
    found = {}
    for command in COMMANDS:
        stage = f"shipworthy.stages.{command}"
        configs = {type(groups(recipe)[name]) for name in sources().read(stage).arguments if name in SCHEMAS}
        configs -= {type(groups(recipe)["tracker"]), type(groups(recipe)["compute"])} if command == "train" else set()
        starts = {stage, *(cls.__module__ for cls in configs)}
        modules = starts.union(*(graph.find_upstream_modules(name) for name in starts))
        packages = {".".join(name.split(".")[:n]) for name in modules for n in range(1, name.count(".") + 1)}
        found[command] = modules | packages
    return found


def edited(code: Sources, edits: Mapping[str, bytes]) -> Sources:
    return replace(code, modules={**code.modules, **edits})


@pytest.mark.parametrize("recipe", RECIPES)
def test_an_edit_of_a_module_makes_stale_exactly_the_stages_that_import_it(recipe: str) -> None:
    code, known, expected = sources(), groups(recipe), needed(recipe)
    before = {command: lineage(command, known, code).digest for command in COMMANDS}
    for name, text in code.modules.items():
        other = edited(code, {name: text + b"\nADDED = 1\n"})
        stale = {command for command in COMMANDS if lineage(command, known, other).digest != before[command]}
        assert stale == {command for command in COMMANDS if name in expected[command]}, name


@pytest.mark.parametrize("recipe", RECIPES)
def test_comments_docstrings_and_formatting_make_nothing_stale(recipe: str) -> None:
    code, known = sources(), groups(recipe)
    before = {command: lineage(command, known, code) for command in COMMANDS}

    def rewritten(text: bytes) -> bytes:
        """In ast.unparse's formatting, without comments, and with another docstring wherever there is one."""
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
                node.body[0] = ast.Expr(ast.Constant("Another sentence."))
        return b"# A comment.\n" + ast.unparse(tree).encode() + b"\n# The end.\n"

    other = edited(code, {name: rewritten(text) for name, text in code.modules.items()})
    assert all(other.modules[name] != text for name, text in code.modules.items())
    assert {command: lineage(command, known, other) for command in COMMANDS} == before


def test_files_that_are_no_modules_count_for_the_modules_of_their_package() -> None:
    code, known = sources(), groups("sarcasm")

    def stale(package: str, file: str) -> set[str]:
        files = {**code.files, package: {**code.files[package], file: b"edited"}}
        assert file in code.files[package]
        other = replace(code, files=files)
        return {name for name in COMMANDS if lineage(name, known, other) != lineage(name, known, code)}

    assert stale("shipworthy.track.report", "shipworthy/track/report/page.html.j2") == {"report"}
    assert stale("shipworthy.architect", "shipworthy/architect/plan.md.j2") == {"plan"}
    template = "shipworthy/models/causal_lm/templates/llama3.jinja"
    assert {"train", "prepare"} <= stale("shipworthy.models.causal_lm", template)
    assert stale("shipworthy.optimize.package.gguf", "shipworthy/optimize/package/gguf/files/serve") == {"package"}
    assert stale("shipworthy.optimize.package.xgboost", "shipworthy/optimize/package/xgboost/files/model.py") == set()


def test_what_is_chosen_decides_which_of_a_groups_kinds_counts() -> None:
    network, table = groups("sarcasm"), groups("adult_xgboost")
    train = lineage("train", network).modules
    assert "shipworthy.models.causal_lm.family" in train and "shipworthy.train.lightning.fit" in train
    assert not any(name.startswith(("shipworthy.models.xgboost", "shipworthy.train.classical")) for name in train)
    train = lineage("train", table).modules
    assert "shipworthy.models.xgboost.family" in train and "shipworthy.train.classical.fit" in train
    assert "shipworthy.train.lightning.fit" not in train
    settings = groups("sarcasm", "quant=gguf")
    assert all(lineage(name, settings) == lineage(name, network) for name in COMMANDS), "the same kind, set otherwise"
    none = {**network, "quant": table["quant"]}
    changed = {name for name in COMMANDS if lineage(name, none).digest != lineage(name, network).digest}
    assert changed == {"compress", "bench", "package"}, "a bench of llama.cpp imports how it was quantized"


def test_a_kind_that_extends_another_needs_the_modules_of_both() -> None:
    fetch = lineage("fetch", groups("sarcasm", "model=decoder_5m")).modules
    assert {f"shipworthy.models.{name}.weights" for name in ("decoder", "causal_lm")} <= {*fetch}
    train = lineage("train", groups("sarcasm", "model=decoder_5m")).modules
    assert "shipworthy.models.causal_lm.family" in train
    assert not any(name.startswith("shipworthy.models.decoder") for name in lineage("train", groups("sarcasm")).modules)


def test_what_makes_no_other_run_makes_no_other_code() -> None:
    for tracker in ("none", "wandb"):
        other = {**groups("sarcasm"), "tracker": groups("sarcasm", f"tracker={tracker}")["tracker"]}
        assert lineage("train", other) == lineage("train", groups("sarcasm"))
    assert not [name for name in lineage("train", groups("sarcasm")).modules if name.endswith("trackers.mlflow")]


def test_a_toolchains_files_count_where_they_are_run() -> None:
    known = groups("sarcasm")
    using = {name for name in COMMANDS if "toolchains/llamacpp/quantize.py" in lineage(name, known).files}
    assert using == {"compress", "bench", "package"}
    table = groups("adult_xgboost")
    assert not any("toolchains" in file for name in COMMANDS for file in lineage(name, table).files)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a project that has extensions of its own."""
    monkeypatch.setattr(searched, "project_root", lambda: tmp_path)
    monkeypatch.setattr(chosen, "extensions", lambda: in_folder(tmp_path / "extensions"))
    monkeypatch.setitem(SCHEMAS, "model", dict(SCHEMAS["model"]))
    return tmp_path


def of_extension(project: Path, monkeypatch: pytest.MonkeyPatch) -> Schema:
    """A model family of an extension, and its files."""
    folder = project / "extensions" / "mine"
    for file, text in {
        "models/forest/schema.py": "",
        "models/forest/family.py": "from shipworthy.evaluation.paired import holm\n",
        "words.json": "{}",
        "tests/test_forest.py": "",
        "metrics/f1.py": "",
    }.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text)
    name = "shipworthy.extensions.mine.models.forest.schema"
    module = ModuleType(name)
    module.__file__ = str(folder / "models/forest/schema.py")
    monkeypatch.setitem(sys.modules, name, module)

    @schema("model", "forest")
    class Forest(ModelConfig):
        __module__ = name

    return Forest()


def test_all_of_an_extension_counts_where_one_of_its_classes_is_chosen(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forest = {**groups("adult_xgboost"), "model": of_extension(project, monkeypatch)}
    found = lineage("train", forest)
    files = {name for name in found.files if name.startswith("mine/")}
    assert files == {
        "mine/models/forest/schema.py",
        "mine/models/forest/family.py",
        "mine/words.json",
        "mine/metrics/f1.py",
    }
    assert "shipworthy.evaluation.paired" in found.modules, "what it imports of the package"
    assert "shipworthy.models.xgboost.family" not in found.modules
    assert not [name for name in lineage("report", forest).files if name.startswith("mine/")]
    named = replace(groups("adult_xgboost")["task"], baselines=["majority", "forest"])  # type: ignore[type-var]
    task = {**groups("adult_xgboost"), "task": named}
    using = {name for name in COMMANDS if any(file.startswith("mine/") for file in lineage(name, task).files)}
    assert using == {"plan", "baseline", "evaluate"}


def test_an_extension_that_has_what_a_field_names_counts(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_extension(project, monkeypatch)
    mine = (project / "extensions" / "mine").resolve()
    assert chosen.in_extensions("x.evaluation.metrics.{task.metric}", "x.evaluation.metrics.f1") == {mine}
    assert chosen.in_extensions("x.evaluation.metrics.{task.metric}", "x.evaluation.metrics.other") == set()


def test_a_module_that_is_loaded_by_its_name_is_declared() -> None:
    """So that the graph is whole: nobody but core/lazy.py imports a module whose name is computed."""
    known = {
        "core/lazy.py": "finds what is declared",
        "core/extensions.py": "loads what is declared, and every schema, to know the choices",
        "cli.py": "the stage of a command that takes no config, and so has no lineage",
        "execution/stage.py": "a command's stage, from which its lineage starts",
        "core/gpus.py": "torch",
        "evaluation/tasks/metric_names.py": "reads what a metric says of itself, without importing it",
        "models/transform/replay.py": "packages carry it; transformation.py declares what it loads",
    }
    texts = {name: text for name, text in package_files().items() if name.endswith(".py") and "/files/" not in name}
    found = {name for name, text in texts.items() if b"import_module(" in text or b"find_spec(" in text}
    assert found == set(known)


def test_a_modules_name_in_a_string_is_a_declaration() -> None:
    """As in `python -m …`: another process imports it, which no import statement says."""
    code = sources()
    for name, text in code.modules.items():
        declared = {pattern for patterns, otherwise in code.read(name).lazy for pattern in (*patterns, otherwise)}
        strings = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
        named = {one for one in strings if isinstance(one, str) and one in code.modules.keys() - code.packages}
        of_a_stage = not name.startswith(("shipworthy.cli", "shipworthy.execution"))
        assert named <= declared or not of_a_stage, name


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_trainings_code_follows_from_the_groups_that_it_takes(recipe: str) -> None:
    """So that a run is made again with the same id, whatever else is in the config by then."""
    taken = sources().read("shipworthy.stages.train").arguments
    own = {name: config for name, config in groups(recipe).items() if name in taken}
    assert lineage("train", own) == lineage("train", groups(recipe))
