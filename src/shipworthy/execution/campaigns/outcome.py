"""What a campaign has come to: an error where there is nothing to choose among."""

from shipworthy.core.errors import ShipworthyError
from shipworthy.track.hpo.campaign import Campaign


def expect_results(campaign: Campaign) -> None:
    """Passes where a trial finished, or none has failed.

    Raises:
        ShipworthyError: none finished; the sentence has the first failure, and where its log is.
    """
    trials = campaign.trials()
    failed = [trial for trial in trials if trial["state"] == "failed"]
    if not failed or any(trial["state"] == "finished" for trial in trials):
        return
    every, first = len(failed) == len(trials), failed[0]
    many = f"all {len(failed)} trials failed" if every else f"no trial finished, {len(failed)} of {len(trials)} failed"
    said = first["said"].rstrip(".") or "nothing was said"
    worker = first["attempts"][-1]["worker"] if first["attempts"] else 0
    log = campaign.folder / "workers" / str(worker) / "log.txt"
    raise ShipworthyError(f"{many}; the first of them, trial {first['number']}: {said} (whole log: {log}).")
