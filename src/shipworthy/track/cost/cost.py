"""What runs cost, one by one and together."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from shipworthy.core.files import read_json
from shipworthy.track.cost import attempts, spans
from shipworthy.track.cost.energy import Energy, energy
from shipworthy.track.cost.run_intervals import RunInterval, run_intervals, samples
from shipworthy.track.cost.spans import Span
from shipworthy.track.cost.waste import RepeatedWork, repeated_work
from shipworthy.track.hpo.leases import Leases
from shipworthy.track.runs.registry import CAMPAIGNS, Run
from shipworthy.track.runs.starts import FAILED, PRUNED


@dataclass(frozen=True)
class Price:
    """Of an hour of one machine."""

    name: str
    per_hour: float
    currency: str


@dataclass(frozen=True)
class Cost:
    """What was used, and what of it came to nothing.

    Attributes:
        runs, starts: how many; a run that was killed and went on has several starts.
        seconds: over all starts.
        gpu_s, cpu_s: the same times the GPUs and cores that were there for it, busy or not.
        spans: when, and on which machines.
        energy: measured and assumed.
        again: seconds that were done again after a kill.
        failed_s, pruned_s: seconds of runs that gave no result, and that a search cut short.
        by_force: starts whose end nobody noted; they count until their last write.
        running: runs that go on, counted until now.
    """

    runs: int = 0
    starts: int = 0
    seconds: float = 0.0
    gpu_s: float = 0.0
    cpu_s: float = 0.0
    spans: tuple[Span, ...] = ()
    energy: Energy = field(default_factory=Energy)
    again: RepeatedWork = field(default_factory=RepeatedWork)
    failed_s: float = 0.0
    pruned_s: float = 0.0
    by_force: int = 0
    running: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        """Both together."""
        return Cost(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})

    @property
    def machine_s(self) -> float:
        """Seconds of machines: runs that were on one machine at a time share its seconds."""
        return spans.machine_s(self.spans)

    @property
    def wall_s(self) -> float:
        """Seconds in which anything of it ran."""
        return spans.wall_s(self.spans)

    @property
    def money(self) -> dict[str, float]:
        """Currency → amount, by the machines' seconds and the price noted with each start, or another machine's."""
        return spans.money(self.spans)

    def to_json(self) -> dict[str, Any]:
        """As it is in JSON."""
        own = {name: value for name, value in asdict(self).items() if name != "spans"}
        return {**own, "machine_s": self.machine_s, "money": self.money}

    @property
    def lost_s(self) -> float:
        """Seconds that came to nothing: done again, failed or pruned."""
        return self.again.value + self.failed_s + self.pruned_s


def together(costs: Iterable[Cost]) -> Cost:
    """The sum."""
    return sum(costs, Cost())


def of_run(run: Run, price: Price | None = None) -> Cost:
    """What a run cost.

    Args:
        price: of another machine for the same hours (None: as noted with each start).
    """
    taken = samples(run.folder)
    ran = run_intervals(run.folder, run.starts, taken)
    compute = run.record["config"].get("compute") or {}
    total = together(_of_interval(interval, price) for interval in ran)
    total = replace(
        total,
        runs=1,
        energy=sum((energy(interval, taken, compute) for interval in ran), Energy()),
        again=repeated_work(ran, history(run), run.record["config"].get("trainer") or {}),
    )
    if run.status in (FAILED, PRUNED):  # then all of it came to nothing, what was done again as well
        failed, pruned = (total.seconds if run.status == how else 0.0 for how in (FAILED, PRUNED))
        return replace(total, again=RepeatedWork(), failed_s=failed, pruned_s=pruned)
    return total


def of_campaign(folder: Path, runs: Iterable[Run], price: Price | None = None) -> Cost:
    """What a campaign cost: the machines that its workers held for its trials, from taking a trial to telling its end.

    That is more than its runs' own times: choosing the values, composing the config, starts that came to no run.

    Args:
        folder: runs/campaigns/<name>.
        runs: those that were made for it, of which energy and what was done again are told.
        price: of another machine for the same hours (None: as noted when the campaign was made).
    """
    about = read_json(folder / "campaign.json")
    per_hour = price.per_hour if price else float(about.get("price_per_hour") or 0.0)
    currency = price.currency if price else str(about.get("currency") or "")
    lease_s = float((about.get("settings") or {}).get("lease_s") or 60.0)
    leases = Leases(folder / "leases", lease_s) if (folder / "leases").is_dir() else None
    notes = sorted((read_json(path) for path in folder.glob("trials/*.json")), key=lambda note: int(note["number"]))
    made = {run.id: run for run in runs}
    total = of_trials(notes, leases, per_hour, currency, {run.id: cores(run) for run in made.values()})
    own = together(of_run(run) for run in made.values())
    return replace(total, energy=own.energy, again=own.again)


def of_trials(
    notes: Iterable[Mapping[str, Any]],
    leases: Leases | None,
    per_hour: float,
    currency: str,
    cores_of: Mapping[str, int] | None = None,
) -> Cost:
    """What the trials of a campaign cost, by their notes alone.

    Args:
        notes: trials/<number>.json.
        leases: the campaign's, which say until when a killed worker lived (None: they are not on this disk).
        per_hour, currency: the price of a machine's hour.
        cores_of: run id → cores that it might use.
    """
    return together(
        _of_trial(note, leases, per_hour, currency, (cores_of or {}).get(note["run_id"], 0)) for note in notes
    )


def _of_trial(note: Mapping[str, Any], leases: Leases | None, per_hour: float, currency: str, cpus: int) -> Cost:
    pairs = attempts.spans(note, leases, per_hour, currency)
    if not pairs:
        return Cost()
    gpu_s, own = attempts.together(pairs)
    seconds = sum(span.seconds for span in own)
    going_on = sum(attempts.running(note, one, leases) for one, _ in pairs)
    cut_off = sum(one["outcome"] == "killed" or one.get("ended") is None for one, _ in pairs) - going_on
    return Cost(
        runs=1,
        starts=len(pairs),
        seconds=seconds,
        gpu_s=gpu_s,
        cpu_s=seconds * cpus,
        spans=tuple(own),
        failed_s=seconds if note["state"] == FAILED else 0.0,
        pruned_s=seconds if note["state"] == PRUNED else 0.0,
        by_force=cut_off,
        running=going_on,
    )


def campaign_folder(runs: Path, name: str) -> Path | None:
    """Of a campaign whose trials' notes are on this disk; None where they are not."""
    found = runs / CAMPAIGNS / name
    return found if (found / "campaign.json").is_file() else None


def cores(run: Run) -> int:
    """That its last start might use (0: not noted)."""
    ran = run_intervals(run.folder, run.starts, [])
    return ran[-1].cpus if ran else 0


def history(run: Run) -> list[dict[str, Any]]:
    """The run's steps: of its checkpoint, else of the newest state that it saved; empty where there is none."""
    finished = run.folder / "checkpoint" / "history.json"
    if finished.is_file():
        entries: list[dict[str, Any]] = read_json(finished)
        return entries
    states = sorted(run.folder.glob("step-*/state.json"))
    saved: list[dict[str, Any]] = read_json(states[-1])["progress"]["history"] if states else []
    return saved


def _of_interval(interval: RunInterval, price: Price | None) -> Cost:
    start, seconds = interval.start, interval.seconds
    span = interval.span if price is None else replace(interval.span, per_hour=price.per_hour, currency=price.currency)
    return Cost(
        starts=1,
        seconds=seconds,
        gpu_s=seconds * len(start.gpus),
        cpu_s=seconds * interval.cpus,
        spans=(span,),
        by_force=int(not interval.known and not interval.running),
        running=int(interval.running),
    )
