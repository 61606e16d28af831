"""Runs as they are read from their folders."""

import json
import os
import socket
import time
from pathlib import Path

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.track.runs import starts
from shipworthy.track.runs.registry import Run, differences, find, read, read_all
from tests.track.runs import project


def runs(folder: Path) -> list[Run]:
    return read_all(folder)[0]


def rewrite(folder: Path, *lines: dict[str, object] | str) -> None:
    texts = [line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines]
    (folder / "starts.jsonl").write_text("".join(texts))
    os.utime(folder / "starts.jsonl", (project.FIRST, project.FIRST))


def begin(number: int = 1, **facts: object) -> dict[str, object]:
    return {"start": number, "began": project.FIRST, "host": "elsewhere", "pid": 1, "price_per_hour": 3.6, **facts}


def test_a_run_is_what_its_folder_says(tmp_path: Path) -> None:
    folder = project.run(tmp_path, "a", correct=[True] * 30 + [False] * 70, notes={"hypothesis": "It works."})
    one = read(folder)
    assert isinstance(one, Run)
    assert (one.status, one.metric, one.value, one.steps) == ("finished", "exact_match", 0.3, 400)
    assert one.interval is not None and one.interval[0] < 0.3 < one.interval[1]
    assert one.config["optimizer.lr"] == 1e-3 and one.config["adapter.targets"] == ["all-linear"]
    assert one.cost == pytest.approx(one.seconds / 3600 * 0.1) and one.currency == "USD"
    assert one.notes == {"hypothesis": "It works."}


def test_the_newest_comes_first_and_folders_without_a_record_are_no_runs(tmp_path: Path) -> None:
    made = [project.run(tmp_path, name, began=project.FIRST + at) for name, at in (("a", 5), ("b", 9), ("c", 1))]
    for name in ("campaigns", "snapshots", "wandb"):
        (tmp_path / name).mkdir()
    (tmp_path / "mlflow.db").write_bytes(b"")
    assert [one.id for one in runs(tmp_path)] == [made[1].name, made[0].name, made[2].name]
    assert read_all(tmp_path / "nowhere") == ([], [])


def test_each_status_follows_from_what_was_written(tmp_path: Path) -> None:
    told = {status: project.run(tmp_path, status, status=status) for status in starts.STATUSES if status != "running"}
    assert {status: read(folder).status for status, folder in told.items()} == {status: status for status in told}  # type: ignore[union-attr]


def test_a_run_is_running_while_its_process_lives_and_killed_when_it_is_gone(tmp_path: Path) -> None:
    folder = project.run(tmp_path, "a", status="killed")
    here = begin(host=socket.gethostname(), pid=os.getpid(), began=time.time())
    rewrite(folder, here)
    assert read(folder).status == "running"  # type: ignore[union-attr]
    # The number belongs to a younger process by now.
    rewrite(folder, {**here, "began": time.time() - 1e9})
    assert read(folder).status == "killed"  # type: ignore[union-attr]


def test_on_another_machine_a_run_is_alive_while_it_writes(tmp_path: Path) -> None:
    folder = project.run(tmp_path, "a", status="killed")
    assert read(folder).status == "killed"  # type: ignore[union-attr]
    (folder / "system.jsonl").write_text(json.dumps({"time": time.time()}) + "\n")
    assert read(folder).status == "running"  # type: ignore[union-attr]


def test_all_starts_count_and_the_last_one_says_how_it_stands(tmp_path: Path) -> None:
    folder = project.run(tmp_path, "a", status="killed")
    ended = {"start": 1, "ended": project.FIRST + 100, "status": "killed", "said": "", "step": 20}
    again = begin(2, began=project.FIRST + 500)
    failed = {"start": 2, "ended": project.FIRST + 700, "status": "failed", "said": "No memory.", "step": 30}
    rewrite(folder, begin(), ended, again, failed)
    one = read(folder)
    assert isinstance(one, Run)
    assert (one.status, one.said, one.seconds) == ("failed", "No memory.", 300)
    assert one.cost == pytest.approx(0.3)
    rewrite(folder, begin(), ended)
    assert read(folder).status == "stopped"  # type: ignore[union-attr]


def test_a_line_that_a_kill_cut_off_is_left_out(tmp_path: Path) -> None:
    folder = project.run(tmp_path, "a", status="killed")
    rewrite(folder, begin(), '{"start": 1, "ended": 17900\n', begin(2, began=project.FIRST + 9), '{"start": 2, "end')
    one = read(folder)
    assert isinstance(one, Run) and len(one.starts) == 2 and one.status == "killed"


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("record.json", '{"run_id": ', "record.json cannot be read"),
        ("record.json", '{"config": {}}', "record.json cannot be read (has no 'began')"),
        ("record.json", '{"began": "soon", "config": {}}', "record.json cannot be read"),
        ("record.json", "[]", "record.json cannot be read"),
        ("starts.jsonl", "{what}\n", "starts.jsonl cannot be read (line 1 is no JSON)"),
        ("notes.json", "[1]", "notes.json cannot be read"),
        ("checkpoint/training.json", "", "checkpoint/training.json cannot be read"),
    ],
)
def test_a_damaged_run_is_listed_with_a_sentence(tmp_path: Path, file: str, text: str, said: str) -> None:
    good, bad = project.run(tmp_path, "good"), project.run(tmp_path, "bad")
    (bad / file).write_text(text)
    found, damaged = read_all(tmp_path)
    assert [one.id for one in found] == [good.name]
    assert [one.id for one in damaged] == [bad.name] and damaged[0].said.startswith(said)
    with pytest.raises(UsageError, match="is damaged"):
        find(tmp_path, bad.name)


def test_what_changed_is_derived_from_the_run_before_of_the_same_name(tmp_path: Path) -> None:
    first = project.run(tmp_path, "a", began=1e9)
    project.run(tmp_path, "other", began=1e9 + 1, lr=7e-4, model="another")
    second = project.run(tmp_path, "b", began=1e9 + 2, lr=5e-4, seed=18)
    by_id = {one.id: one for one in runs(tmp_path)}
    assert by_id[first.name].derived == {}
    assert by_id[second.name].derived == {"optimizer.lr": (1e-3, 5e-4), "seed": (17, 18)}
    assert differences(by_id[second.name], by_id[second.name]) == {}


def test_a_trials_change_is_what_the_campaign_varied(tmp_path: Path) -> None:
    folder = project.run(tmp_path, "a", lr=2e-3, campaign={"name": "lr", "trial": 3})
    one = runs(tmp_path)[0]
    assert (one.id, one.campaign, one.number) == (folder.name, "lr", 3)
    assert one.derived == {"optimizer.lr": (None, 2e-3), "adapter.rank": (None, 16)}


def test_a_run_is_found_by_a_unique_beginning_or_its_folder(tmp_path: Path) -> None:
    made = [project.run(tmp_path / "runs", f"{name}") for name in range(20)]
    ids = [folder.name for folder in made]
    for run_id in ids:
        length = next(n for n in range(1, 17) if sum(one.startswith(run_id[:n]) for one in ids) == 1)
        assert find(tmp_path / "runs", run_id[:length]).id == run_id
    assert find(tmp_path / "nowhere", str(made[0])).id == made[0].name
    shared = next(one[0] for one in ids if sum(other[0] == one[0] for other in ids) > 1)
    with pytest.raises(UsageError, match=f"runs begin with '{shared}'"):
        find(tmp_path / "runs", shared)
    with pytest.raises(UsageError, match=f"did you mean {ids[0]}"):
        find(tmp_path / "runs", f"{ids[0][:-1]}x")
    with pytest.raises(UsageError, match="the newest one is"):
        find(tmp_path / "runs", "zzz")
    with pytest.raises(UsageError, match="none was made here yet"):
        find(tmp_path / "nowhere", "zzz")


def test_an_alias_belongs_to_the_last_who_was_given_it(tmp_path: Path) -> None:
    one, other = project.run(tmp_path, "a"), project.run(tmp_path, "b")
    lines = [{"name": "m", "alias": "champion", "run_id": folder.name} for folder in (one, other)]
    (tmp_path / "selections.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert {run.id: run.tags for run in runs(tmp_path)} == {one.name: (), other.name: ("champion",)}
