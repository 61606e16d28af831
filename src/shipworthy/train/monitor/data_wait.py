"""The detector of steps that wait for their data."""

from shipworthy.train.monitor.findings import Detection, History
from shipworthy.train.monitor.schema import SlowData


def slow_data(history: History, end: int, config: SlowData) -> Detection | None:
    """The share of the steps' time that was spent waiting for a batch; the first step, which starts the loader, apart.

    The entries' `step_s` is the whole step's time, `data_wait_s` within it.
    """
    entries = [e for e in history[max(1, end - config.window) : end] if "data_wait_s" in e and "step_s" in e]
    seconds = sum(float(entry["step_s"]) for entry in entries)
    if end < config.window or not seconds:
        return None
    waited = sum(float(entry["data_wait_s"]) for entry in entries)
    if waited <= config.share * seconds:
        return None
    step = int(history[end - 1]["step"])
    sentence = (
        f"Of the {len(entries)} steps up to {step}, {waited / seconds:.0%} of the time ({waited:.1f} of {seconds:.1f} "
        "s) was spent waiting for data: see what else reads from that disk, and put the dataset on a nearer one."
    )
    return Detection(waited / seconds, config.share, int(entries[0]["step"]), sentence)
