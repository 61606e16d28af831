"""Virtual tokens: the losses of PEFT's own forward pass, alone, side by side and in packs; answers with a cache."""

from pathlib import Path

import pytest
import torch
from peft import PeftModel, PrefixTuningConfig, PromptTuningConfig, get_peft_model
from torch.nn.functional import cross_entropy

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import AdapterConfig
from shipworthy.models.activations import checkpoint
from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.network import base_of, is_added, save, saved, trained_of
from shipworthy.models.adapters.schema import PrefixTuning, PromptTuning
from shipworthy.models.causal_lm.checkpoint import is_plain
from shipworthy.models.causal_lm.fitness import fit_for_packs, make_batch
from shipworthy.models.causal_lm.generate import greedy
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Pack, Row, token_losses
from shipworthy.models.causal_lm.padded import pad
from shipworthy.models.causal_lm.quantities import NetworkQuantities, on_meta
from shipworthy.models.causal_lm.tuned import load_merged
from shipworthy.train.optimizers.schema import AdamW
from tests.models.causal_lm.families import FAMILIES, UNFIT, tiny

ROWS = [Row([1, 2, 3, 4, 5], [6, 7, 8]), Row([1, 2, 9, 10], [11, 12, 13, 14]), Row([1, 2, 15], [16])]
RULE = AdamW()
CONFIGS = {"prompt": PromptTuning(tokens=3), "prefix": PrefixTuning(tokens=3)}
THEIRS = {"prompt": PromptTuningConfig, "prefix": PrefixTuningConfig}
REFUSED = {"prompt": {"lfm2", "mamba2"}, "prefix": {"lfm2", "mamba2", "deepseek_v3", "gpt_neox", "falcon"}}


@pytest.fixture(params=CONFIGS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def stirred(network: PeftModel) -> PeftModel:
    """With large virtual tokens, so that they change something."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in trained_of(network).values():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return network.eval()


def ours(folder: Path, config: AdapterConfig) -> PeftModel:
    network = build(load_network(folder), config, 1)
    assert isinstance(network, PeftModel)
    return stirred(network)


def by_peft(network: PeftModel, row: Row) -> torch.Tensor:
    """The losses of one row's supervised tokens, by PEFT's forward pass."""
    ids_1L = torch.tensor([[*row.prompt, *row.answer]])
    logits_LV = network(input_ids=ids_1L[:, :-1], attention_mask=torch.ones_like(ids_1L[:, :-1])).logits[0]
    supervised_NV = logits_LV[-len(row.answer) :].float()
    return cross_entropy(supervised_NV, ids_1L[0, len(row.prompt) :], reduction="none")


@pytest.mark.parametrize("family", FAMILIES)
def test_losses_gradients_and_answers(family: str, kind: str, tmp_path: Path) -> None:
    tiny(family).save_pretrained(tmp_path / "hub")
    if family in REFUSED[kind]:
        with pytest.raises(UsageError, match=rf"^adapter={kind}: \w+ .*: take adapter=lora\.$"):
            ours(tmp_path / "hub", CONFIGS[kind])
        return
    network = ours(tmp_path / "hub", CONFIGS[kind])
    base = base_of(network)
    theirs = stirred(get_peft_model(tiny(family), THEIRS[kind](num_virtual_tokens=3, task_type="CAUSAL_LM")))
    weights = [list(trained_of(one).values()) for one in (network, theirs)]
    expected_N = torch.cat([by_peft(theirs, row) for row in ROWS])
    (expected,) = torch.autograd.grad(expected_N.sum(), weights[1])
    batch = make_batch(base, ROWS)
    assert isinstance(batch, Pack) == (kind == "prompt" and family not in UNFIT)
    for one in (batch, pad(ROWS)):
        losses_N = token_losses(base, one)
        torch.testing.assert_close(losses_N, expected_N, atol=1e-4, rtol=1e-4)
        (found,) = torch.autograd.grad(losses_N.sum(), weights[0])
        torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)
    prompts = [list(row.prompt) for row in ROWS]
    answers = greedy(base, prompts, max_new_tokens=6, eos_id=-1)
    with torch.no_grad():
        for prompt, answer in zip(prompts, answers, strict=True):
            for count, token in enumerate(answer):
                ids = torch.tensor([[*prompt, *answer[:count]]])
                logits_V = base(input_ids=ids, use_cache=False).logits[0, -1]
                assert logits_V[token] >= logits_V.max() - 1e-4, "with a cache the same as without"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny("llama").save_pretrained(tmp_path / "llama")
    return tmp_path / "llama"


def test_it_is_saved_and_answers_as_it_did(folder: Path, kind: str, tmp_path: Path) -> None:
    network = ours(folder, CONFIGS[kind])
    save(network, tmp_path, "tiny")
    (name,) = trained_of(network)
    assert torch.equal(saved(network, tmp_path)[name], trained_of(network)[name]) and is_added(network, name)
    answering = load_network(folder, tmp_path / "adapter")
    with torch.no_grad():
        expected_N, found_N, plain_N = (
            token_losses(one, pad(ROWS)) for one in (base_of(network), answering, load_network(folder))
        )
        by_library = PeftModel.from_pretrained(load_network(folder), str(tmp_path / "adapter")).eval()
        torch.testing.assert_close(by_peft(by_library, ROWS[0]), expected_N[: len(ROWS[0].answer)])
    torch.testing.assert_close(found_N, expected_N)
    assert (plain_N - expected_N).abs().max() > 1e-2
    assert not is_plain(tmp_path / "adapter")
    with pytest.raises(UsageError, match=r"can't be merged into the model's weights: to hand on one model, train with"):
        load_merged(folder, tmp_path)


def test_they_are_counted(folder: Path, kind: str) -> None:
    network, bare = ours(folder, CONFIGS[kind]), on_meta(folder, CONFIGS[kind])
    real, shape = NetworkQuantities(network), NetworkQuantities(bare)
    assert (real.parameters, real.kept_layers) == (shape.parameters, shape.kept_layers)
    assert real.kept_layers == 2 and real.trainable_parameters == 3 * (32 if kind == "prompt" else 2 * 2 * 2 * 8)
    batch = pad(ROWS).shape
    longer = type(CONFIGS[kind])(tokens=30)
    more = NetworkQuantities(on_meta(folder, longer))
    assert (
        more.flops([batch]) > shape.flops([batch])
        and more.memory(batch, RULE).activations > shape.memory(batch, RULE).activations
    )


def test_activations_are_not_computed_again_behind_keys_and_values(folder: Path, kind: str) -> None:
    base = base_of(ours(folder, CONFIGS[kind]))
    if kind == "prompt":
        checkpoint(base, "full", offload=False, draws=False)
        assert fit_for_packs(base).fit
        return
    with pytest.raises(UsageError, match=r"has no room for the keys and values of adapter=prefix: take none, or adap"):
        checkpoint(base, "full", offload=False, draws=False)


def test_no_tokens_are_refused() -> None:
    for schema in (PromptTuning, PrefixTuning):
        with pytest.raises(UsageError, match=r"adapter\.tokens=0 must be 1 or more"):
            schema(tokens=0)
