"""What to type next: as a shell takes it, in the ablation's own workspace."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from shipworthy.core.commands import command
from shipworthy.track.ablation.decisions import ADOPT, DROP, MEASURE, SIMPLER, Decision
from shipworthy.track.ablation.words import many

MOST_VALIDATION = 0.4
"""A share of the rows that validation may take from train."""


@dataclass(frozen=True)
class Next:
    """Makes the commands that follow from decisions.

    Attributes:
        given: the overrides that made the campaign.
        config: what they composed to.
        changes: change → its overrides.
        rows: that trainings were validated on.
        about_hydra: the overrides that sent it to a cluster.
    """

    given: Sequence[str]
    config: Mapping[str, Any]
    changes: Mapping[str, Sequence[str]]
    rows: int
    about_hydra: Sequence[str] = ()

    def after(self, found: Sequence[Decision]) -> list[tuple[str, str]]:
        """What may be done with the whole: (what it does, the command)."""
        advised = [one.name for one in found if one.advice in (DROP, ADOPT)]
        open_ones = [one for one in found if one.advice == MEASURE and one.more]
        told = []
        if advised:
            words = f"train the recipe with what was decided ({', '.join(advised)})"
            told.append((words, self._train(*(text for name in advised for text in self.changes[name]))))
        if open_ones:
            seeds = max(one.more.seeds for one in open_ones if one.more)
            times = max(one.more.times for one in open_ones if one.more)
            words = f"decide about {', '.join(one.name for one in open_ones)}"
            told += [(words, text) for text in self._measure(seeds, times)]
        return told

    def of(self, found: Decision) -> list[str]:
        """What may be done about one decision; empty: nothing is to be done, or nothing that can be typed."""
        if found.advice in (DROP, ADOPT, SIMPLER):
            return [self._train(*self.changes[found.name])]
        if found.advice == MEASURE and found.more:
            return self._measure(found.more.seeds, found.more.times)
        return []

    def _measure(self, seeds: int, times: float) -> list[str]:
        rows = self._more_rows(times) if times > 1.0 else ""
        if times > 1.0 and not rows:
            return []
        more = [rows] if rows else []
        if seeds > self.config["ablation"]["seeds"]:
            more.append(f"ablation.seeds={seeds}")
        prepare = [self._say("prepare", rows, without=("ablation",))] if rows.startswith("data.") else []
        return [*prepare, self._say("ablate", *more, *self.about_hydra)]

    def _more_rows(self, times: float) -> str:
        """The override that gives so many times the validation rows; empty: none does."""
        asked = (self.config.get("trainer") or {}).get("validation_rows")
        if asked and asked == self.rows:
            return f"trainer.validation_rows={many(times, self.rows)}"
        data = self.config.get("data") or {}
        sample, split = data.get("sample", 1.0), data.get("split") or {}
        if sample < 1 and sample * times <= 1:
            return f"data.sample={_up(sample * times)}"
        share = split.get("validation", 1.0) * times
        if split.get("validation", 1.0) < 1:
            return f"data.split.validation={_up(share)}" if share <= MOST_VALIDATION else ""
        return f"data.split.validation={ceil(share)}"

    def _train(self, *overrides: str) -> str:
        return self._say("train", *overrides, without=("ablation",))

    def _say(self, name: str, *overrides: str, without: Sequence[str] = ()) -> str:
        anew = {_key(text) for text in overrides}
        gone = ("workspace", *without)
        kept = [text for text in self.given if not _is(text, gone) and _key(text) not in anew]
        words = shlex.join([name, *kept, *overrides])
        return command(words, workspace=str(self.config.get("workspace", "artifacts")))


def _is(override: str, keys: Sequence[str]) -> bool:
    return any(_key(override) == one or _key(override).startswith(f"{one}.") for one in keys)


def _key(override: str) -> str:
    return override.lstrip("+~").partition("=")[0]


def _up(share: float) -> float:
    """The share, up to its second digit that counts."""
    unit = 100 if share >= 0.1 else 1000
    return ceil(round(share * unit, 6)) / unit
