"""The page and the summary: of a full campaign, of two trials, of none that finished, of an ablation."""

import re
from pathlib import Path

import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json, write_json
from shipworthy.track.ablation.schema import Ablation
from shipworthy.track.campaign.report import write
from tests.track.ablation.made import document, scores_of
from tests.track.campaign.made import FAILURE, SPACE, STEPS, write_campaign


def pages(folder: Path) -> tuple[str, str]:
    text = write(folder)
    assert (folder / "summary.txt").read_text() == text
    return (folder / "report.html").read_text(), text


def test_a_whole_campaign(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path, 24)
    html, text = pages(folder)
    for title in ("How did it go?", "Which were the best?", "What was searched?", "What mattered?", "What did it cost?",
                  "What failed?", "All trials"):  # fmt: skip
        assert title in html
    for plot in ("history", "curves", "front", "parallel", "winner", "importance-exact-match"):
        assert f'id="{plot}-' in html
    assert "only where" in html and "adapter is lora" in html
    assert html.count("<svg") == 6 and "http" not in html  # nothing is fetched
    winner = read_json(folder / "winner.json")
    unseen = winner["unseen"]
    assert f"{100 * unseen['value']:.1f}% <small>" in html
    assert "on 120 rows that no trial saw" in html
    assert winner["against_recipe"]["claim"]["words"] == "better"
    command = f"shipworthy runs select {winner['run_id']}"
    assert "<h2>Adopt the winner</h2>" in html and f"<pre>{command}</pre>" in html
    assert re.search(rf"^ADOPT THE WINNER: On 120 rows that no trial saw, trial {winner['trial']} has ", text, re.M)
    assert text.splitlines()[-2] == f"choose it, for the pipeline and the registry: {command}"
    assert "the recipe: optimizer.lr=0.0003 adapter=lora" in html
    assert re.search(r"Were all \d+ trials that finished only as good as the recipe, the best would still look", text)
    assert "what chance alone may bring the best" in html and "fANOVA" in html
    assert FAILURE in html and f"failed: {FAILURE}" in text
    ((cut, done),) = re.findall(r"(\d+) trials were pruned after (\d+) steps in all", text)
    assert f"they would have made {int(cut) * STEPS - int(done):,} more, which take" in text
    assert "unpaired, for the rows are others" in text
    assert "USD of 12.00 USD" in text
    tested = r"worse than the best one \(paired on the same rows, alpha 0.01, Holm\)"
    assert re.search(rf"Of the \d+ next best trials \d+ were not shown to be {tested}", text)


def test_of_a_metric_whose_less_is_better_the_least_wins(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path, 24, metric="brier")
    html, text = pages(folder)
    notes = [read_json(path) for path in folder.glob("trials/*.json")]
    assert {note["state"] for note in notes} == {"finished", "pruned", "failed"}
    least = min((note for note in notes if note["values"]), key=lambda note: note["values"]["metric"])
    assert re.search(rf"trial +Brier score +values\n{least['number']} +{least['values']['metric']:.3f}", text)
    assert f"trial {least['number']}, chosen of" in html and "less is better" in html
    assert "unpaired, for the rows are others" in text and "points" not in text


def test_two_trials(tmp_path: Path) -> None:
    html, text = pages(write_campaign(tmp_path, 2, unseen=False, gpus=0))
    assert "2 finished trials say nothing of it" in html
    assert "Only on the rows that chose it" in html and "winner-" not in html
    assert text.startswith("tune search: 2 trials: 2 finished\n")
    assert re.search(
        r"The next best trial was (not )?shown to be worse than the best one \(paired on the same rows,", text
    )


def test_one_key_has_no_importance(tmp_path: Path) -> None:
    space = {"optimizer.lr": SPACE["optimizer.lr"]}
    html, _ = pages(write_campaign(tmp_path, 6, space=space, fails=lambda number, params: False))
    assert "What mattered?" not in html and "parallel-" in html


def test_all_failed(tmp_path: Path) -> None:
    html, text = pages(write_campaign(tmp_path, 3, fails=lambda number, params: True))
    assert "No trial finished" in html and html.count(FAILURE) == 4
    assert "No trial finished, so there is no best one." in text and text.count(FAILURE) == 4
    assert "NOTHING WAS LEARNED: No trial finished: 3 of 3 failed. The first of them, trial 0: " in text


def test_several_objectives(tmp_path: Path) -> None:
    html, text = pages(write_campaign(tmp_path, 10, objectives=("metric", "seconds")))
    assert 'id="importance-exact-match-' in html and 'id="importance-seconds-' in html
    assert "no other trial is better in one objective" in html
    assert re.search(r"trial +exact match +seconds +values", text)


def test_a_campaign_that_has_not_begun_or_still_runs(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path, 3, fails=lambda number, params: False, unseen=False)
    note = read_json(folder / "trials" / "2.json")
    write_json(folder / "trials" / "2.json", {**note, "state": "running", "values": {}, "step": None})
    html, _ = pages(folder)
    assert "1 running" in html and "no trial saw yet" in html
    for path in folder.glob("trials/*.json"):
        path.unlink()
    (folder / "journal.log").unlink()
    html, text = pages(folder)
    assert "0 trials: none was made" in text


def test_an_ablation_shows_what_to_do_about_each_decision(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path, 2, unseen=False)
    about = read_json(folder / "campaign.json")
    config = Ablation(changes={"dropout <b>": ["adapter.dropout=0.1"], "c": ["x=3"]}, seeds=3)
    settings = {"kind": "drop_one", "changes": config.changes}
    write_json(folder / "campaign.json", {**about, "kind": "ablate", "settings": settings})
    found = document(config, scores_of(config, {"dropout <b>": 0.2, "c": 0.0}))
    write_json(folder / "ablation.json", found)
    for number in range(2):
        note = read_json(folder / "trials" / f"{number}.json")
        write_json(folder / "trials" / f"{number}.json", {**note, "params": {}, "overrides": ["adapter.dropout=0.1"]})
    html, text = pages(folder)
    assert "adapter.dropout=0.1" in html and 'class="decision"' not in html and "the best of" not in html
    assert "Which were the best?" not in html and "best so far" not in html
    assert "What to do about each decision?" in html and "dropout &lt;b&gt;" in html and 'id="effects-' in html
    said = r"dropout <b>: without it \(adapter.dropout unset → 0.1\) accuracy rises by [0-9.]+ points: drop it"
    assert re.search(said, text)
    assert re.search(r"dropout <b> +\+[0-9.]+ points \[\+[0-9.]+, \+[0-9.]+\] +<? ?[0-9.]+ +<? ?[0-9.]+ +drop\n", text)
    last = [one["command"] for one in found["commands"]]
    assert text.rstrip().endswith(last[-1]) and all(one in html for one in last)


def test_what_is_no_campaign_is_said(tmp_path: Path) -> None:
    with pytest.raises(ShipworthyError, match=r"no campaign\.json"):
        write(tmp_path)
