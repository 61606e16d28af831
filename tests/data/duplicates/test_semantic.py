"""Embeddings of a very small model: pooling, order, cosine."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from shipworthy.core.errors import UsageError
from shipworthy.core.parallel import over_threads
from shipworthy.data.duplicates import documents, semantic
from shipworthy.data.duplicates.clusters import clusters
from shipworthy.data.duplicates.documents import read
from shipworthy.data.duplicates.schema import Duplicates, Semantic
from tests.data.duplicates import plain
from tests.tiny import write_model

TEXTS_PER_BATCH = [
    "Deletes a bucket.",
    "deletes a bucket",
    "Deletes a bucket!!",
    "0",
    "Starts the machine that was stopped.",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


def test_an_embedding_is_the_mean_over_the_tokens_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "HELD_TEXTS", 2)
    config = Semantic(model=str(folder), batch_size=3)
    found = read(plain.frame(TEXTS_PER_BATCH), "text", 1, tmp_path, over_threads(1))
    semantic.embed(found, config, tmp_path / "embeddings")
    vectors = np.fromfile(tmp_path / "embeddings", np.float32).reshape(len(found), -1)
    tokenizer, model = semantic._load(folder)
    for row, vector in zip(found.first_row, vectors, strict=True):
        with torch.inference_mode():
            states = model(**tokenizer([TEXTS_PER_BATCH[row]], return_tensors="pt")).last_hidden_state[0].mean(dim=0)
        assert np.allclose(vector, (states / states.norm()).numpy(), atol=1e-5)


def test_what_points_the_same_way_is_joined_in_any_order(folder: Path) -> None:
    texts = [f"Deletes the bucket number {i}." for i in range(12)] + ["0", "@@ ~~ x", "Starts what was stopped."]
    config = Semantic(model=str(folder), threshold=0.97)
    labels = clusters(plain.frame(texts), "text", Duplicates(minhash=None, semantic=config))
    assert labels.tolist()[:12] == [0] * 12
    assert labels[12] == 12
    backwards = clusters(plain.frame(texts[::-1]), "text", Duplicates(minhash=None, semantic=config))
    same = labels[:, None] == labels[None]
    assert (same[::-1, ::-1] == (backwards[:, None] == backwards[None])).all()


def test_what_is_no_such_model_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="semantic.model=null: give the folder"):
        Semantic()
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="can't be loaded"):
        semantic._load(tmp_path)
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    with pytest.raises(UsageError, match="does not pool by the mean"):
        semantic._load(tmp_path)
