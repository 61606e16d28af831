import pytest

from shipworthy.config.compose import compose
from shipworthy.core.errors import UsageError
from shipworthy.optimize.engines.in_process.schema import InProcess
from shipworthy.optimize.engines.llamacpp.schema import Llamacpp
from shipworthy.optimize.quantize.gguf.schema import Gguf


def test_gguf_is_refused_for_trees() -> None:
    with pytest.raises(UsageError, match="quant 'gguf' needs model to be causal_lm or decoder, not 'xgboost'"):
        compose(["experiment=adult_xgboost", "quant=gguf", "engine=llamacpp"])


def test_a_language_model_is_not_handed_on_uncompressed() -> None:
    with pytest.raises(UsageError, match="needs model to be logistic or .* or xgboost, not 'causal_lm'"):
        compose(["quant=none", "engine=in_process"])


@pytest.mark.parametrize(("choice", "names"), [("gguf_q8_0", ["q8_0"]), ("gguf", ["q8_0", "q4_k_m"])])
def test_each_file_names_its_variants(choice: str, names: list[str]) -> None:
    quant = compose([f"quant={choice}"]).quant
    assert isinstance(quant, Gguf)
    assert quant.variants == names


@pytest.mark.parametrize("names", [[], ["q8_0", "q8_0"], ["q3"]])
def test_impossible_variants_are_refused(names: list[str]) -> None:
    with pytest.raises(UsageError, match=r"quant\.variants"):
        Gguf(variants=names)


@pytest.mark.parametrize(
    "settings", [{"clients": [4]}, {"clients": []}, {"requests": 0}, {"threads": -1}, {"port": 70000}]
)
def test_impossible_servers_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=f"engine.{next(iter(settings))}="):
        Llamacpp(**settings)  # type: ignore[arg-type]


def test_a_bench_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match=r"engine\.requests=0"):
        InProcess(requests=0)
