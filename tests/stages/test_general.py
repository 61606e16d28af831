"""general: nothing where nothing is asked, and, marked e2e, the harness itself on a tiny model and its adapter."""

import itertools
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from peft import LoraConfig, get_peft_model
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from transformers import AutoModelForCausalLM

from shipworthy.core.artifact import Artifact, read_artifact
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.project import cache_folder, project_root
from shipworthy.core.sources.schema import Folder
from shipworthy.evaluation.general.lm_eval import toolchain
from shipworthy.evaluation.general.lm_eval.schema import LmEval
from shipworthy.evaluation.general.none.schema import NoBenchmarks
from shipworthy.evaluation.tasks.schema import Criteria
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models import build
from shipworthy.models.causal_lm import weights
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.stages import general
from tests.conftest import ROOT
from tests.stages import workspaces
from tests.tiny import write_model

TASK = TextToText(name="t", description="d", baselines=["majority"], prompt="{text}")
DEMO = "extensions/operation_naming/benchmarks"
# Beside the demo's: documents that a whole corpus is scored by, for which there is no test.
PERPLEXITY = """task: sentences
dataset_path: json
dataset_kwargs: {data_files: {test: extensions/operation_naming/benchmarks/which_service.jsonl}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{sentence}}"
metric_list: [{metric: byte_perplexity}]
"""


def test_where_nothing_is_asked_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspaces.write_plan(tmp_path, TASK)
    with workspaces.workspace(tmp_path, "train").write("checkpoint") as folder:
        (folder / "weights").touch()
    general.run(general=NoBenchmarks(), seed=0, workspace=workspaces.workspace(tmp_path, "general"))
    found = read_artifact(tmp_path / "artifacts" / "general", "general")
    assert found.json("general.json") == {"asked": False} and set(found.manifest.inputs) == {"checkpoint"}
    assert "no benchmarks are asked for (general=none)" in capsys.readouterr().out


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a plan and a checkpoint: a tiny model with an adapter that changes many of its answers."""
    root = tmp_path_factory.mktemp("trained")
    for name in ("cache", "conf"):
        (root / name).mkdir()
    (root / "conf" / "config.yaml").touch()
    (root / "cache" / "toolchains").symlink_to(cache_folder() / "toolchains")
    for name in ("toolchains", "extensions"):
        (root / name).symlink_to(ROOT / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHIPWORTHY_CACHE", str(root / "cache"))
        patch.chdir(root)
        project_root.cache_clear()
        workspaces.write_plan(root, TASK)
        model = CausalLM(name="tiny", licence="none", source=Folder(path=str(write_model(root / "tiny"))))
        base = weights.fetch(model)
        torch.manual_seed(1)
        settings = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
        with workspaces.workspace(root, "train").write("checkpoint") as folder:
            get_peft_model(AutoModelForCausalLM.from_pretrained(base), settings).save_pretrained(folder / "adapter")
            build.describe(model, folder)
        yield root
    project_root.cache_clear()


def tasks(root: Path, name: str, files: dict[str, str]) -> str:
    """A folder of the project with the demo's tasks and some more."""
    shutil.copytree(DEMO, root / name)
    for file, text in files.items():
        (root / name / file).write_text(text, encoding="utf-8")
    return name


def run(root: Path, **settings: Any) -> None:
    config = LmEval(**{"tasks": ["which_service"], "include_path": DEMO, "limit": 40, **settings})
    workspace = replace(workspaces.workspace(root, "general"), config={"general": asdict(config)})
    general.run(general=config, seed=5, workspace=workspace)


@pytest.fixture(scope="module")
def found(trained: Path) -> Artifact:
    """What three tasks show, of 40 documents each."""
    folder = tasks(trained, "three", {"sentences.yaml": PERPLEXITY})
    run(trained, include_path=folder, tasks=["which_service", "last_word", "sentences"])
    return read_artifact(trained / "artifacts" / "general", "general")


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_scores_are_the_harnesss_own_and_tests_those_of_the_libraries(found: Artifact) -> None:
    record = found.json("general.json")
    documents = pl.read_parquet(found.file("documents.parquet"))
    tested = {(one["task"], one["metric"]): one for one in record["tested"]}
    assert list(tested) == [("which_service", "acc"), ("which_service", "acc_norm"), ("last_word", "exact_match")]
    alone = []
    for (task, metric), one in tested.items():
        rows = documents.filter(task=task, metric=metric)
        base, tuned = rows["base"].to_numpy(), rows["tuned"].to_numpy()
        assert len(base) == one["claim"]["n"] == 40
        assert (one["base"]["value"], one["tuned"]["value"]) == pytest.approx((base.mean(), tuned.mean()))
        table = [[((base == b) & (tuned == t)).sum() for t in (1, 0)] for b in (1, 0)]
        assert (one["claim"]["wins"], one["claim"]["losses"]) == (table[1][0], table[0][1])
        alone.append(mcnemar(table, exact=True).pvalue)
    assert [one["claim"]["p_value"] for one in record["tested"]] == pytest.approx(
        multipletests(alone, method="holm")[1]
    )
    assert any(one["claim"]["wins"] + one["claim"]["losses"] > 5 for one in record["tested"]), "the adapter does much"

    (untested,) = record["untested"]
    assert (untested["task"], untested["metric"], untested["n"]) == ("sentences", "byte_perplexity", 40)
    assert untested["why"] == "it is computed of all documents together" and untested["tuned"] != untested["base"] > 1


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_another_plan_asks_nothing_anew(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(trained, limit=4)
    monkeypatch.setattr(toolchain, "locate", lambda: pytest.fail("the harness is started again"))
    workspaces.write_plan(trained, replace(TASK, criteria=Criteria(alpha=0.05)))
    run(trained, limit=4)
    assert read_artifact(trained / "artifacts" / "general", "general").json("general.json")["alpha"] == 0.05


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_what_the_harness_says_of_all_documents_is_the_mean_that_is_tested(trained: Path) -> None:
    """By its own command line, which knows nothing of ours."""
    base = next((trained / "cache" / "models").glob("tiny-*"))
    command = [str(toolchain.locate().with_name("lm_eval")), "run", "--model", "hf", "--tasks", "which_service"]
    command += ["--include_path", DEMO, "--limit", "40", "--batch_size", "8", "--device", "cpu", "--seed", "5"]
    adapter = trained / "artifacts" / "checkpoint" / "adapter"
    values = {}
    for name, peft in {"base": "", "tuned": f",peft={adapter}"}.items():
        out = trained / "theirs" / name
        told = [*command, "--model_args", f"pretrained={base},dtype=float32{peft}", "--output_path", str(out)]
        done = subprocess.run(told, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        (file,) = out.rglob("results*.json")
        values[name] = json.loads(file.read_text())["results"]["which_service"]
    run(trained)
    record = read_artifact(trained / "artifacts" / "general", "general").json("general.json")
    assert len(record["tested"]) == 2
    for one in record["tested"]:
        for name in ("base", "tuned"):
            assert one[name]["value"] == pytest.approx(values[name][f"{one['metric']},none"]), (name, one["metric"])


@pytest.mark.e2e
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("files", "settings", "said"),
    [
        ({}, {"tasks": ["which_servce"]}, r"there is no task which_servce, neither in .* nor among the harness's own"),
        ({"broken.yaml": "task: [a"}, {}, r"broken\.yaml can't be read"),
        (
            {"lost.yaml": "task: lost\ndataset_path: json\ndataset_kwargs: {data_files: {test: lost.jsonl}}\n"},
            {"tasks": ["lost"]},
            r"lm-evaluation-harness: FileNotFoundError: .*lost\.jsonl",
        ),
        (
            {"unsafe.yaml": "include: which_service.yaml\ntask: unsafe\nunsafe_code: true\n"},
            {"tasks": ["unsafe"]},
            "marked as unsafe",
        ),
    ],
    ids=["name", "yaml", "data", "unsafe"],
)
def test_a_mistake_in_a_task_is_told_in_a_sentence(
    trained: Path, request: pytest.FixtureRequest, files: dict[str, str], settings: dict[str, Any], said: str
) -> None:
    folder = tasks(trained, f"mistake-{request.node.callspec.id}", files)
    with pytest.raises(ShipworthyError, match=said) as error:
        run(trained, include_path=folder, **settings)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_a_task_that_draws_at_random_is_refused(trained: Path) -> None:
    drawn = "import os\n\ndef prompt(doc):\n    return doc['sentence'] + os.urandom(4).hex()\n"
    text = "include: which_service.yaml\ntask: drawn\ndoc_to_text: !function drawn.prompt\n"
    folder = tasks(trained, "drawn", {"drawn.py": drawn, "drawn.yaml": text})
    with pytest.raises(ShipworthyError, match="task drawn did not ask .* from document 0 on the tokens differs"):
        run(trained, include_path=folder, tasks=["drawn"], limit=4)


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_examples_and_the_chat_template_reach_both_models_alike(trained: Path) -> None:
    hashes = []
    for settings in ({}, {"num_fewshot": 2}, {"apply_chat_template": True}):
        run(trained, limit=4, **settings)
        found = read_artifact(trained / "artifacts" / "general", "general")
        hashes.append(pl.read_parquet(found.file("documents.parquet"))["tokens"].to_list())
    assert all(not set(one) & set(other) for one, other in itertools.combinations(hashes, 2)), "each asks otherwise"
