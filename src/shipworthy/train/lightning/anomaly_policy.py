"""Before each update: what the monitor finds in the step, and what is done about it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import say
from shipworthy.train.lightning.processes import rank
from shipworthy.train.lightning.progress import Entry, Progress
from shipworthy.train.lightning.steps import Step
from shipworthy.train.monitor.detectors import detect, detect_at_validation
from shipworthy.train.monitor.findings import Finding, decide
from shipworthy.train.monitor.schema import Monitor

REPORTED = ("not_finite", "spike", "explosion", "divergence")
"""Findings whose batch gets a spike report."""


class AnomalyPolicy:
    """Decides what is done about what the monitor finds; the same on every process, for all hold the same numbers.

    Args:
        metric: the name of the task's deciding metric.
        alert: tells whoever is to know, by title, sentence and step.
        roll_back: takes the run back to a checkpoint of a step before the one that it is given.
        report_spike: writes the spike report of a step's batch, whose entry is the history's last; returns its path,
            or None where another process writes it.
    """

    def __init__(
        self,
        config: Monitor,
        metric: str,
        progress: Progress,
        alert: Callable[[str, str, int], None],
        roll_back: Callable[[int], None],
        report_spike: Callable[[Finding, Step], Path | None],
    ) -> None:
        self.config, self.metric, self.progress, self.alert = config, metric, progress, alert
        self.roll_back, self.report_spike = roll_back, report_spike

    def __call__(self, step: Step, entry: Entry) -> bool:
        """Whether the step goes on; `skipped` is set in its entry where its update is left out.

        Raises:
            ShipworthyError: the run is to stop.
        """
        self.progress.history.append(entry)
        try:
            findings = detect(self.progress.history, self.config)
            for finding in findings:
                self._announce(finding)
                if finding.detector in REPORTED and (path := self.report_spike(finding, step)):
                    self.progress.events[-1]["spike_report"] = path.name
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
        findings = detect_at_validation(self.progress.history, self.config, self.metric)
        if last:
            findings = [replace(f, action="warn") if f.action == "finish" else f for f in findings]
        for finding in findings:
            self._announce(finding)
        return self._act(findings, entry)

    def _announce(self, finding: Finding) -> None:
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
            self.roll_back(act.good + 1)
            return False
        raise ShipworthyError(f"{act.sentence} The last checkpoint is whole.")
