"""Before each update: what the watch says of the step, and what is done about it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import say
from shipworthy.train.lightning.processes import rank
from shipworthy.train.lightning.progress import Entry, Progress
from shipworthy.train.lightning.steps import Step
from shipworthy.train.watch.detectors import judge, judge_validation
from shipworthy.train.watch.findings import Finding, decide
from shipworthy.train.watch.schema import Watching

EXAMINED = ("not_finite", "spike", "explosion", "divergence")
"""Findings whose batch is opened."""


class Guard:
    """Judges each step on every process alike: all of them hold the same numbers.

    Args:
        alert: tells whoever is to know, by title, sentence and step.
        back: takes the run back to a checkpoint of a step before the one that it is given.
        examine: writes the autopsy of a step's batch, whose entry is the history's last, and returns where it stands.
    """

    def __init__(
        self,
        config: Watching,
        progress: Progress,
        alert: Callable[[str, str, int], None],
        back: Callable[[int], None],
        examine: Callable[[Finding, Step], Path],
    ) -> None:
        self.config, self.progress, self.alert, self.back, self.examine = config, progress, alert, back, examine

    def __call__(self, step: Step, entry: Entry) -> bool:
        """Whether the step goes on; `skipped` is set in its entry where its update is left out.

        Raises:
            ShipworthyError: the run is to stop.
        """
        self.progress.history.append(entry)
        try:
            findings = judge(self.progress.history, self.config)
            for finding in findings:
                self._tell(finding)
                if finding.detector in EXAMINED and rank() == 0:
                    self.progress.events[-1]["autopsy"] = self.examine(finding, step).name
        finally:
            self.progress.history.pop()
        return self._act(findings, entry)

    def validated(self, entry: Entry, last: bool) -> bool:
        """Whether the weights stay as they are after a validation, whose numbers are in the last entry.

        Args:
            last: whether the run ends here anyway, so that no finding can be the reason.

        Raises:
            ShipworthyError: the run is to stop.
        """
        findings = judge_validation(self.progress.history, self.config)
        if last:
            findings = [replace(f, action="warn") if f.action == "finish" else f for f in findings]
        for finding in findings:
            self._tell(finding)
        return self._act(findings, entry)

    def _tell(self, finding: Finding) -> None:
        event = {"step": finding.step, "detector": finding.detector, "action": finding.action}
        self.progress.events.append({**event, "sentence": finding.sentence})
        if rank() == 0:
            title = f"{finding.detector} ({finding.action})"
            say(f"{title}: {finding.sentence}")
            self.alert(title, finding.sentence, finding.step)

    def _act(self, findings: Sequence[Finding], entry: Entry) -> bool:
        act = decide(findings, self.progress.rollbacks, self.config)
        if act is None:
            return True
        if act.action == "skip":
            entry["skipped"] = 1
            return True
        if act.action == "finish":
            entry["stopped_early"] = 1
            self.progress.ended = {"step": act.step, "detector": act.detector, "sentence": act.sentence}
            return True
        if act.action == "rollback":
            self.back(act.good + 1)
            return False
        raise ShipworthyError(f"{act.sentence} The last checkpoint is whole.")
