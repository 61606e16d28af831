"""A fit in rounds is followed as it goes, and leaves what every trained model leaves."""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sklearn.metrics import f1_score

from shipworthy.core import events, interrupt
from shipworthy.core.errors import UsageError
from shipworthy.core.files import new_folder, read_json
from shipworthy.core.groups import ModelConfig
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.adapters.schema import NoAdapter
from shipworthy.models.build import load
from shipworthy.models.logistic.schema import Logistic
from shipworthy.models.majority.schema import Majority
from shipworthy.models.mean.schema import Mean
from shipworthy.models.ridge.schema import Ridge
from shipworthy.models.xgboost.family import XGBoostModel
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.train.classical.fit import VALIDATE_EVERY, fit
from shipworthy.train.objectives.schema import SupervisedFineTuning
from shipworthy.train.optimizers.schema import NoOptimizer
from shipworthy.train.records import NoRecords, Records
from shipworthy.train.request import Request
from shipworthy.train.schedules.schema import Cosine
from shipworthy.train.schema import ClassicalTrainer
from shipworthy.train.strategies.schema import DDP
from tests.models import samples

TASK = Classification(name="t", description="d", baselines=["majority"])
TREES = XGBoost(rounds=300, early_stopping_rounds=8, max_depth=3, threads=1, learning_rate=0.1)
TRAIN, VALIDATION = samples.table(400), samples.table(120, seed=9)


class Noted(NoRecords):
    """Keeps what is logged, and does something at a step."""

    def __init__(self, at: int = 0, what: Callable[[], None] = lambda: None) -> None:
        self.at, self.what, self.logged = at, what, list[tuple[int, Mapping[str, float]]]()

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        self.logged.append((step, dict(metrics)))
        if step == self.at:
            self.what()


def run(
    folder: Path,
    model: ModelConfig = TREES,
    records: Records | None = None,
    *,
    task: Task = TASK,
    splits: tuple[pl.DataFrame, pl.DataFrame] = (TRAIN, VALIDATION),
) -> Path:
    with new_folder(folder) as target:
        request = Request(
            task=task,
            model=model,
            adapter=NoAdapter(),
            objective=SupervisedFineTuning(),
            trainer=ClassicalTrainer(),
            optimizer=NoOptimizer(),
            schedule=Cosine(),
            strategy=DDP(),
            train=splits[0],
            validation=splits[1],
            seed=3,
            run=folder,
            run_id="r",
        )
        fit(request, records or NoRecords(), target)
    return folder


def test_the_model_is_that_of_a_fit_that_nobody_watched(tmp_path: Path) -> None:
    alone = XGBoostModel(TREES)
    alone.fit(TRAIN, VALIDATION, 3)
    (tmp_path / "alone").mkdir()
    alone.save(tmp_path / "alone")
    done = run(tmp_path / "done")
    assert (done / "xgboost.json").read_bytes() == (tmp_path / "alone" / "xgboost.json").read_bytes()


def test_rounds_are_recorded_and_validated_as_they_come(tmp_path: Path) -> None:
    records, told = Noted(), list[dict[str, Any]]()
    with events.subscribed(told.append):
        done = run(tmp_path / "done", records=records)
    history, training = read_json(done / "history.json"), read_json(done / "training.json")
    assert [step for step, _ in records.logged] == [entry["step"] for entry in history] == [*range(1, len(history) + 1)]
    every = [*range(VALIDATE_EVERY, len(history) + 1, VALIDATE_EVERY)]
    assert len(every) > 1 and [step for step, numbers in records.logged if "val_metric" in numbers] == every
    assert [fact["step"] for fact in told] == every
    assert [fact["validation"] for fact in told] == [history[step - 1]["val_metric"] for step in every]
    short = read_json(run(tmp_path / "short", replace(TREES, rounds=every[0])) / "training.json")
    assert (
        told[0]["validation"] == short["selected_metric"] and told[0]["val_loss"] == history[every[0] - 1]["val_loss"]
    )
    losses = [entry["val_loss"] for entry in history]
    assert training["selected_step"] == losses.index(min(losses)) + 1 == len(history) - 8 == training["steps"] - 8
    assert history[training["selected_step"] - 1]["val_metric"] == training["selected_metric"]


def test_what_a_round_answers_is_what_the_trees_so_far_answer() -> None:
    model = XGBoostModel(TREES)
    rounds = model.rounds(TRAIN, VALIDATION, 3)
    answers = [round_.answers() for round_, _ in zip(rounds, range(4), strict=False)]
    shorter = XGBoostModel(replace(TREES, rounds=4))
    shorter.fit(TRAIN, VALIDATION, 3)
    expected = shorter.predict(VALIDATION.drop("answer"))
    assert [p.text for p in answers[3]] == [p.text for p in expected]
    assert [p.probabilities for p in answers[3]] == [pytest.approx(p.probabilities) for p in expected]


@pytest.mark.parametrize("model", [TREES, Majority()], ids=lambda model: model.kind)
def test_the_answers_on_which_it_was_judged_come_with_it(tmp_path: Path, model: ModelConfig) -> None:
    from shipworthy.config.compose import register

    register()
    done = run(tmp_path / "done", model)
    answers, training = pl.read_parquet(done / "validation.parquet"), read_json(done / "training.json")
    assert answers["id"].to_list() == VALIDATION["id"].to_list()
    assert answers["prediction"].to_list() == [p.text for p in load(done).predict(VALIDATION.drop("answer"))]
    assert answers["correct"].to_list() == (answers["prediction"] == VALIDATION["answer"]).to_list()
    interval = training["selected_interval"]
    assert interval["value"] == training["selected_metric"] == answers["correct"].mean()
    assert interval["low"] < interval["value"] < interval["high"] and interval["n"] == 120
    if model.kind == "majority":
        assert read_json(done / "history.json") == [{"step": 1, "val_metric": training["selected_metric"]}]


def test_asked_to_stop_it_stops_after_its_round(tmp_path: Path) -> None:
    records = Noted(4, lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(StopRequestedError, match="SIGTERM: 4 rounds are done, and it starts over"):
        run(tmp_path / "done", records=records)
    assert [step for step, _ in records.logged] == [1, 2, 3, 4]
    assert not (tmp_path / "done").exists()


def test_pruned_it_stops_at_the_validation_that_it_told(tmp_path: Path) -> None:
    records = Noted()

    def prune(facts: dict[str, Any]) -> None:
        if facts["step"] == 2 * VALIDATE_EVERY:
            interrupt.ask("pruned")

    with events.subscribed(prune), pytest.raises(StopRequestedError) as caught:
        run(tmp_path / "done", records=records)
    assert caught.value.signal_name == "pruned" and len(records.logged) == 2 * VALIDATE_EVERY
    assert not interrupt.asked()


@pytest.mark.parametrize("model", [TREES, Logistic()], ids=lambda model: model.kind)
def test_a_chosen_threshold_gives_the_answers_from_then_on(
    tmp_path: Path, model: ModelConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    task = replace(TASK, metric="f1", positive=">50K", decision="threshold")
    rare = samples.rare(400), samples.rare(200, seed=9)
    done = run(tmp_path / "done", model, task=task, splits=rare)
    training, answers = read_json(done / "training.json"), pl.read_parquet(done / "validation.parquet")
    found, right = training["decision"], (rare[1]["answer"] == ">50K").to_numpy()
    threshold = found["decision"]["threshold"]
    assert threshold != 0.5 and read_json(done / "decision.json") == found["decision"]
    sure = answers["probabilities"].struct.field(">50K").to_numpy()
    assert (answers["prediction"] == ">50K").to_list() == (sure >= threshold).tolist()
    assert training["selected_metric"] == found["value"] == pytest.approx(f1_score(right, sure >= threshold))
    assert found["most_likely"] == pytest.approx(f1_score(right, sure > 0.5)) and found["value"] > found["most_likely"]
    served = load(done).predict(rare[1].drop("answer"))
    assert [p.text for p in served] == answers["prediction"].to_list()
    assert [p.probabilities for p in served] == answers["probabilities"].to_list()
    history = read_json(done / "history.json")
    assert history[training["selected_step"] - 1]["val_metric"] == found["value"]
    assert f"'>50K' from a probability of {threshold:.3g} on, chosen on validation: F1" in capsys.readouterr().out
    plain = run(tmp_path / "plain", model, task=replace(task, decision="most_likely"), splits=rare)
    assert read_json(plain / "training.json")["decision"] is None and not (plain / "decision.json").exists()
    assert read_json(plain / "training.json")["selected_metric"] == pytest.approx(found["most_likely"])


def test_of_three_classes_there_is_no_threshold(tmp_path: Path) -> None:
    task = replace(TASK, metric="f1", positive="high", decision="threshold")
    three = samples.table(200, classes=("high", "low", "middle"))
    with pytest.raises(UsageError, match="needs probabilities of two classes, .* and the model knows 3 classes"):
        run(tmp_path / "done", Majority(), task=task, splits=(three, three))


MEASURED = samples.measured(400), samples.measured(120, seed=9)
NUMBER = Regression(name="t", description="d", baselines=["median"], interval=0.9)
BY_NUMBER = {
    "ridge": Ridge(),
    "mean": Mean(),
    "trees": replace(TREES, objective="squared_error"),
    "quantiles": replace(TREES, objective="quantiles", interval=0.9),
}


@pytest.mark.parametrize("model", BY_NUMBER)
@pytest.mark.parametrize("name", ["mae", "interval_score"])
def test_numbers_have_intervals_from_then_on(
    tmp_path: Path, model: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(tmp_path / "done", BY_NUMBER[model], task=replace(NUMBER, metric=name), splits=MEASURED)
    training, answers = read_json(done / "training.json"), pl.read_parquet(done / "validation.parquet")
    assert read_json(done / "interval.json") == training["interval"] and training["interval"]["level"] == 0.9
    right = MEASURED[1]["answer"].cast(pl.Float64)
    inside = ((answers["low"] <= right) & (right <= answers["high"])).sum()
    assert "intervals for 90% of rows reach" in capsys.readouterr().out
    # Exactly so many on the rows that told it, but for the rows that clipping to the prediction adds.
    assert inside == 109 if model != "quantiles" else 109 <= inside <= 115
    served = load(done).predict(MEASURED[1].drop("answer"))
    assert [(p.low, p.number, p.high) for p in served] == answers.select("low", "number", "high").rows()
    widths = {round(p.high - p.low, 6) for p in served if p.low is not None and p.high is not None}
    assert (len(widths) > 10) == (model == "quantiles")
    expected = answers["scored"].mean() if name == "interval_score" else (answers["number"] - right).abs().mean()
    assert training["selected_metric"] == pytest.approx(expected)
    history = read_json(done / "history.json")
    assert history[training["selected_step"] - 1]["val_metric"] == training["selected_metric"]


def test_without_an_interval_there_is_none(tmp_path: Path) -> None:
    done = run(tmp_path / "done", Ridge(), task=replace(NUMBER, interval=0.0), splits=MEASURED)
    assert read_json(done / "training.json")["interval"] is None and not (done / "interval.json").exists()
    assert pl.read_parquet(done / "validation.parquet")["low"].null_count() == 120


def test_too_few_validation_rows_for_an_interval_are_refused_before_the_fit(tmp_path: Path) -> None:
    records = Noted()
    with pytest.raises(UsageError, match="task.interval=0.995 takes 199 validation rows or more, and there are 120"):
        run(
            tmp_path / "done",
            BY_NUMBER["trees"],
            records,
            task=replace(NUMBER, interval=0.995),
            splits=MEASURED,
        )
    assert not records.logged
