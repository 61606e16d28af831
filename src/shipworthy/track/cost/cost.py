"""What runs cost, one by one and together."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from math import inf
from typing import Any

from shipworthy.core.files import read_json
from shipworthy.track.cost.energy import Energy, energy
from shipworthy.track.cost.run_intervals import RunInterval, run_intervals, samples
from shipworthy.track.cost.waste import RepeatedWork, repeated_work
from shipworthy.track.runs.registry import Run
from shipworthy.track.runs.starts import FAILED, PRUNED

HOUR_S = 3600.0


@dataclass(frozen=True)
class Price:
    """Of an hour of one machine."""

    name: str
    per_hour: float
    currency: str


@dataclass(frozen=True)
class Span:
    """A time on a machine, from one moment to another (seconds since the epoch), and the machine's price."""

    host: str
    per_hour: float
    currency: str
    began: float
    ended: float


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
        return sum(_covered(spans) for spans in self._by_machine().values())

    @property
    def money(self) -> dict[str, float]:
        """Currency → amount, by the machines' seconds and the price noted with each start, or another machine's."""
        found: dict[str, float] = {}
        for (_, per_hour, currency), spans in self._by_machine().items():
            if currency:
                found[currency] = found.get(currency, 0.0) + per_hour * _covered(spans) / HOUR_S
        return found

    def _by_machine(self) -> dict[tuple[str, float, str], list[tuple[float, float]]]:
        found: dict[tuple[str, float, str], list[tuple[float, float]]] = {}
        for one in self.spans:
            found.setdefault((one.host, one.per_hour, one.currency), []).append((one.began, one.ended))
        return found

    def to_json(self) -> dict[str, Any]:
        """As it stands in JSON."""
        own = {name: value for name, value in asdict(self).items() if name != "spans"}
        return {**own, "machine_s": self.machine_s, "money": self.money}

    @property
    def lost_s(self) -> float:
        """Seconds that came to nothing: done again, failed or pruned."""
        return self.again.value + self.failed_s + self.pruned_s


def together(costs: Iterable[Cost]) -> Cost:
    """The sum."""
    return sum(costs, Cost())


def _covered(spans: Iterable[tuple[float, float]]) -> float:
    """Seconds that lie in at least one of the spans."""
    total, until = 0.0, -inf
    for began, ended in sorted(spans):
        total += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return total


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
    at = (price.per_hour, price.currency) if price else (start.price_per_hour, start.currency)
    return Cost(
        starts=1,
        seconds=seconds,
        gpu_s=seconds * len(start.gpus),
        cpu_s=seconds * interval.cpus,
        spans=(Span(start.host, *at, start.began, start.began + seconds),),
        by_force=int(not interval.known and not interval.running),
        running=int(interval.running),
    )
