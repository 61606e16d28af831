"""A campaign as its tracker sees it: what its trials came to, on the run that is their parent."""

from shipworthy.core.files import read_json
from shipworthy.core.groups import TrackerConfig
from shipworthy.track.hpo.campaign import WINNER, Campaign, counts
from shipworthy.track.record.groups import campaign_group, measured
from shipworthy.track.runs import formatting
from shipworthy.track.trackers.groups import conclude

FILES = ("report.html", "summary.txt")


def tell(campaign: Campaign, tracker: TrackerConfig) -> None:
    """Tells the tracker how many trials ended how, which is best, and what it reached on rows that no trial saw."""
    trials = campaign.trials()
    values: dict[str, float | str] = {f"trials/{state}": number for state, number in counts(trials).items() if number}
    if campaign.record["kind"] == "tune" and (best := campaign.best(trials)):
        params = {key: (None, value) for key, value in best[0]["params"].items()}
        values["best_trial"] = f"#{best[0]['number']} {formatting.change(params, short=True)}"
        values["best_run"] = best[0]["run_id"]
        values |= {f"best/{name}": value for name, value in best[0]["values"].items()}
    if (path := campaign.folder / WINNER).is_file():
        winner = read_json(path)
        interval = winner["unseen"] or winner["seen"]
        known = {"metric": winner["metric"], "selected_metric": interval["value"], "selected_interval": interval}
        values |= measured(known)
    conclude(campaign_group(campaign.record), tracker, campaign.folder, values, [campaign.folder / f for f in FILES])
