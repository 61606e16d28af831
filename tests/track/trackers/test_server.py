"""MLflow over HTTP: a server that is killed, hangs or comes back, and what it holds in the end."""

import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.track.trackers.buffered import BufferedTracker
from shipworthy.track.trackers.forwarder import METADATA, sync
from shipworthy.track.trackers.identity import Identity
from shipworthy.track.trackers.schema import Mlflow
from tests.track.trackers.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

CONFIG = {"model": {"kind": "causal_lm", "rank": 16}, "seed": 17}


def buffered(server: Server, run: Path, finish_timeout_s: float = 20.0) -> BufferedTracker:
    return BufferedTracker(
        Mlflow(uri=server.url, experiment="pipeline", flush_s=0.2), run / "tracker", finish_timeout_s
    )


def history(server: Server, run_id: str, key: str) -> list[tuple[int, float]]:
    """Read with MLflow's own client."""
    from mlflow import MlflowClient

    client = MlflowClient(server.url)
    points = client.get_metric_history(of(server, run_id).info.run_id, key)
    return sorted((point.step, point.value) for point in points)


def of(server: Server, run_id: str):
    from mlflow import MlflowClient

    client = MlflowClient(server.url)
    experiment = client.get_experiment_by_name("pipeline")
    (found,) = client.search_runs([experiment.experiment_id], f"tags.`shipworthy.run_id` = '{run_id}'")
    return found


def until(what: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.1)


def expected(steps: int) -> list[tuple[int, float]]:
    return [(step, 1.0 / step) for step in range(1, steps + 1)]


def test_a_run_is_read_back_with_all_that_was_noted(server: Server, run: Path) -> None:
    from mlflow import MlflowClient

    run_id = uuid.uuid4().hex[:16]
    note = run / "record.json"
    note.write_text('{"kept": true}')
    tracker = buffered(server, run)
    tracker.start(Identity(run_id, "train", config=CONFIG, tags={"git": "abc"}))
    tracker.keep(note)
    for step in range(1, 301):
        tracker.log({"loss": 1.0 / step, "nan": float("nan")}, step)
        if step % 100 == 0:
            tracker.sample({"system/cpu_percent": 50.0}, step // 100)
            tracker.flush()
    tracker.alert("overfitting", "the gap grows", 200)
    tracker.summary({"selected_metric": 0.9, "verdict": "ship"})
    tracker.finish("finished")

    found = of(server, run_id)
    assert history(server, run_id, "loss") == expected(300)
    assert [step for step, _ in history(server, run_id, "system/cpu_percent")] == [1, 2, 3]
    assert found.info.status == "FINISHED"
    assert found.data.params == {"model.kind": "causal_lm", "model.rank": "16", "seed": "17"}
    assert found.data.tags["alert.200.overfitting"] == "the gap grows"
    assert found.data.tags["verdict"] == "ship"
    assert found.data.metrics["selected_metric"] == 0.9
    client = MlflowClient(server.url)
    assert [one.path for one in client.list_artifacts(found.info.run_id)] == ["record.json"]
    assert sync(run) == 0


def test_killed_in_mid_run_and_back_it_gets_what_it_missed_while_the_run_goes_on(
    server: Server, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = uuid.uuid4().hex[:16]
    tracker = buffered(server, run)
    tracker.start(Identity(run_id, "train", config=CONFIG))
    for step in range(1, 101):
        tracker.log({"loss": 1.0 / step}, step)
        if step == 30:
            until(lambda: tracker._journal.count() == 0)
            server.kill()
        if step == 60:
            tracker.flush()
            until(lambda: "is away" in capsys.readouterr().out)
        if step == 90:
            server.start()
    until(lambda: tracker._journal.count() == 0)
    tracker.finish("finished")
    assert "is back" in capsys.readouterr().out
    assert history(server, run_id, "loss") == expected(100)
    assert of(server, run_id).info.status == "FINISHED"


def test_what_a_server_missed_to_the_end_is_sent_by_sync(
    server: Server, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = uuid.uuid4().hex[:16]
    tracker = buffered(server, run, finish_timeout_s=2.0)
    tracker.start(Identity(run_id, "train", config=CONFIG))
    tracker.log({"loss": 1.0}, 1)
    until(lambda: tracker._journal.count() == 0)
    server.kill()
    try:
        for step in range(2, 51):
            tracker.log({"loss": 1.0 / step}, step)
        begun = time.monotonic()
        tracker.finish("finished")
        assert time.monotonic() - begun < 20, "the end of a run waits for its tracker for a few seconds only"
        remedy = f"shipworthy runs sync 0123456789abcdef workspace={run.parent.parent / 'artifacts'}"
        assert f"50 entries are not sent to the tracker yet: `{remedy}`" in capsys.readouterr().out
        with pytest.raises(ShipworthyError, match="nobody answers there") as caught:
            sync(run)
        assert len(str(caught.value).splitlines()) == 1
    finally:
        server.start()
    assert history(server, run_id, "loss") == [(1, 1.0)]
    assert sync(run) == 50
    assert sync(run) == 0
    assert history(server, run_id, "loss") == expected(50)
    assert of(server, run_id).info.status == "FINISHED"


def test_what_a_server_missed_is_sent_at_the_runs_next_start(server: Server, run: Path) -> None:
    run_id = uuid.uuid4().hex[:16]
    first = buffered(server, run, finish_timeout_s=1.0)
    first.start(Identity(run_id, "train", config=CONFIG))
    first.log({"loss": 1.0}, 1)
    until(lambda: first._journal.count() == 0)
    server.kill()
    try:
        for step in range(2, 11):
            first.log({"loss": 1.0 / step}, step)
        first.finish("killed")
        second = buffered(server, run)
        second.start(Identity(run_id, "train", config=CONFIG))  # away, and not the first start: the run goes on
    finally:
        server.start()
    for step in range(6, 21):  # from the checkpoint at step 5
        second.log({"loss": 1.0 / step}, step)
    second.finish("finished")
    assert history(server, run_id, "loss") == expected(20)
    assert of(server, run_id).info.status == "FINISHED"


def test_one_that_hangs_holds_up_nothing(server: Server, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = uuid.uuid4().hex[:16]
    tracker = buffered(server, run, finish_timeout_s=2.0)
    tracker.start(Identity(run_id, "train", config=CONFIG))
    server.hang()
    try:
        begun = time.monotonic()
        for step in range(1, 201):
            tracker.log({"loss": 1.0 / step}, step)
            tracker.flush()
        tracker.finish("finished")
        assert time.monotonic() - begun < 30
        assert "are not sent to the tracker yet" in capsys.readouterr().out
    finally:
        server.go_on()
    for thread in [one for one in threading.enumerate() if one.name == "tracker"]:
        thread.join()  # its request of then may still arrive
    sync(run)
    assert history(server, run_id, "loss") == expected(200)


def test_one_that_is_not_there_at_the_first_start_is_one_sentence(run: Path) -> None:
    config = Mlflow(uri="http://127.0.0.1:9", experiment="pipeline")
    begun = time.monotonic()
    with pytest.raises(ShipworthyError, match="MLflow at http://127.0.0.1:9 can't be reached") as caught:
        BufferedTracker(config, run / "tracker").start(Identity("0" * 16, "train", config=CONFIG))
    assert len(str(caught.value).splitlines()) == 1
    assert time.monotonic() - begun < 30
    assert not (run / "tracker" / METADATA).exists()


def test_a_note_that_it_refuses_does_not_stop_the_others(
    server: Server, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = uuid.uuid4().hex[:16]
    tracker = buffered(server, run)
    tracker.start(Identity(run_id, "train", config=CONFIG))
    tracker.log({"loss": 1.0}, 1)
    tracker.log({"no such/../name\n": 1.0}, 2)
    tracker.log({"loss": 0.5}, 2)
    until(lambda: tracker._journal.count() == 0)
    tracker.finish("finished")
    assert "which is left out" in capsys.readouterr().out
    assert history(server, run_id, "loss") == expected(2)
