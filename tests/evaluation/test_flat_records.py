"""What DVC shows: numbers without lists, and rows that all have the same columns."""

from shipworthy.evaluation import flat_records


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1, "level": 0.95}


def test_an_evaluation_is_the_judged_models_metrics_and_its_difference() -> None:
    record = {
        "n": 300,
        "best_baseline": "logistic",
        "comparison": {"difference": interval(0.25), "p_value": 0.125},
        "verdict": {"passed": False, "reasons": ["Not met"]},
    }
    candidate = {"name": "tuned", "metrics": {"accuracy": interval(0.5)}, "size_mb": 0.5, "p95_s": 0.25}
    found = flat_records.evaluated(record, candidate)
    assert (found["accuracy"], found["accuracy_low"], found["accuracy_high"]) == (0.5, 0.4, 0.6)
    assert (found["against"], found["difference"], found["p_value"]) == ("logistic", 0.25, 0.125)
    assert found["passed"] is False and found["test_rows"] == 300
    assert not any(isinstance(value, (dict, list)) for value in found.values())


def test_a_curve_has_the_steps_that_were_validated_and_all_columns() -> None:
    history = [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0, "val_loss": 1.5, "tokens": 9}]
    assert flat_records.curve(history) == [{"step": 2, "loss": 1.0, "val_loss": 1.5, "val_metric": None}]
    fitted_at_once = [{"step": 1.0, "val_metric": 0.5}]
    assert flat_records.curve(fitted_at_once) == [{"step": 1.0, "loss": None, "val_loss": None, "val_metric": 0.5}]


def test_a_bench_names_each_number_of_clients() -> None:
    load = {"clients": 4, "requests_per_s": 10.0, "latency_s": {"p50": 0.1, "p95": 0.2}}
    found = flat_records.benched({"memory_mb": 100.0, "concurrency": [load], "answers": {}})
    assert found == {"memory_mb": 100.0, "clients_4": {"requests_per_s": 10.0, "p50": 0.1, "p95": 0.2}}
