from itertools import chain, combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.evaluation.metrics import micro_f1
from shipworthy.evaluation.tasks.multi_label.schema import MultiLabel
from shipworthy.models.frequent.family import FrequentModel, create
from shipworthy.models.frequent.schema import Frequent
from shipworthy.models.label_lists import written
from shipworthy.models.protocol import Prediction
from tests.models import samples

CONFIG = Frequent()
TASK = MultiLabel(name="t", description="d", baselines=["frequent"])


def fitted(answers: list[str]) -> FrequentModel:
    train = pl.DataFrame({"answer": answers}).with_columns(a=1)
    model = create(CONFIG)
    model.fit(train, train, 0)
    return model


def test_it_says_the_same_labels_of_every_row_with_their_shares(tmp_path: Path) -> None:
    model = fitted(['["a", "b"]', '["a"]', "[]", '["a", "c"]'])
    rows = pl.DataFrame({"a": [1, 2, 3]})
    assert model.predict(rows) == [Prediction('["a"]', {"a": 0.75, "b": 0.25, "c": 0.25})] * 3
    samples.saved_and_loaded(CONFIG, model, rows, tmp_path)


@pytest.mark.parametrize("seed", range(5))
def test_no_constant_has_a_higher_micro_f1(seed: int) -> None:
    draws = np.random.default_rng(seed)
    shares = dict(zip("abcde", draws.uniform(0.02, 0.6, 5), strict=True))
    answers = [written(label for label, share in shares.items() if draws.random() < share) for _ in range(80)]

    def f1(text: str) -> float:
        rows = micro_f1.score(TASK, [Prediction(text)] * len(answers), answers)
        return float(micro_f1.statistic(rows, np.ones((1, len(rows))))[0])

    every = [written(one) for one in chain.from_iterable(combinations("abcde", n) for n in range(1, 6))]
    (said,) = fitted(answers).predict(pl.DataFrame({"a": [1]}))
    assert f1(said.text) == pytest.approx(max(f1(one) for one in every))


def test_what_cannot_be_fitted_gets_a_sentence() -> None:
    samples.refuses_rows_without_answers(CONFIG, pl.DataFrame({"answer": ['["a"]'], "a": [1]}))
    with pytest.raises(ShipworthyError, match="No row of train has a label"):
        fitted(["[]", "[]"])
