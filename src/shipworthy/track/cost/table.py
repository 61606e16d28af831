"""Costs as text."""

from collections.abc import Mapping, Sequence
from math import inf

from shipworthy.evaluation import figures
from shipworthy.evaluation.metric import metric
from shipworthy.track.cost.cost import Cost, Price
from shipworthy.track.cost.gain import POINT, Gain, PerPoint
from shipworthy.track.cost.groups import Group
from shipworthy.track.cost.planned import Planned
from shipworthy.track.cost.spans import HOUR_S
from shipworthy.track.cost.spans import price as price_of
from shipworthy.track.quantities import amounts, megabytes, precise, seconds
from shipworthy.track.quantities import money as amount
from shipworthy.track.runs.formatting import shortened
from shipworthy.track.runs.registry import Run

HEADER = ("", "status", "starts", "time", "GPU h", "CPU h", "money", "kWh", "lost")
NAMES = {"seconds": "training", "validation_seconds": "validations", "memory_mb": "peak memory", "money": "money"}
FROM_SHARE = 0.001  # less of the time is nothing


def table(rows: Sequence[tuple[str, str, Cost]], first: str) -> list[str]:
    """A line for each cost.

    Args:
        rows: name, status, cost.
        first: the first column's heading.
    """
    cells = [[first, *HEADER[1:]], *(_row(name, status, cost) for name, status, cost in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(HEADER))]
    return [
        "  ".join(cell.ljust(widths[i]) if i < 2 else cell.rjust(widths[i]) for i, cell in enumerate(row)).rstrip()
        for row in cells
    ]


def _row(name: str, status: str, cost: Cost) -> list[str]:
    lost = cost.lost_s / cost.seconds if cost.seconds else 0.0
    return [
        shortened(name, 44),
        status,
        str(cost.starts),
        seconds(cost.seconds),
        f"{cost.gpu_s / HOUR_S:.3g}" if cost.gpu_s else "",
        f"{cost.cpu_s / HOUR_S:.3g}" if cost.cpu_s else "",
        amounts(cost.money),
        f"{cost.energy.measured + cost.energy.assumed:.2g}" if not cost.energy.unknown_s else "?",
        f"{lost:.0%}" if lost > FROM_SHARE else "",
    ]


def details(cost: Cost, price: Price | None, rate: str) -> list[tuple[str, str]]:
    """What there is to say of one cost: (what, sentence).

    Args:
        rate: the price of an hour as it was noted, in words (empty: several).
    """
    more = f" in {cost.runs} runs" if cost.runs > 1 else ""
    time = f"{seconds(cost.seconds)}{more}, {cost.starts} start{'' if cost.starts == 1 else 's'}"
    if cost.by_force:
        time += f"; {cost.by_force} were killed, and count until they last wrote something"
    if cost.running:
        time += f"; {cost.running} still running, counted until now"
    shared = cost.machine_s < (1 - FROM_SHARE) * cost.seconds
    hours = [
        f"{cost.machine_s / HOUR_S:.3g} machine-hours{' that runs shared' if shared else ''}",
        f"{cost.cpu_s / HOUR_S:.3g} CPU-hours",
    ]
    hours += [f"{cost.gpu_s / HOUR_S:.3g} GPU-hours"] if cost.gpu_s else []
    where = f" for the same hours on {price.name}, which is faster or slower" if price else f" {rate}".rstrip()
    return [
        ("time", time),
        ("hours", ", ".join(hours)),
        ("money", f"{amounts(cost.money) or 'no price was noted'}{where}"),
        ("energy", _energy(cost) + (", each run as if alone on its machine" if shared else "")),
        ("lost", _lost(cost)),
    ]


def _energy(cost: Cost) -> str:
    energy = cost.energy
    if not energy.measured and not energy.assumed:
        return "not known: give compute.watts_idle and compute.watts_busy"
    parts = [f"{energy.measured:.2g} kWh measured on the GPUs"] if energy.measured else ["none measured"]
    if energy.assumed:
        parts.append(f"{energy.assumed:.2g} kWh assumed from the configured watts and the cores' load")
    if energy.unknown_s:
        parts.append(f"a part of {seconds(energy.unknown_s)} not known")
    return f"{energy.measured + energy.assumed:.2g} kWh: {', '.join(parts)}"


def _lost(cost: Cost) -> str:
    parts = []
    if cost.again.high > FROM_SHARE * cost.seconds:
        sure = cost.again.low == cost.again.high
        ends = "" if sure else f" ({seconds(cost.again.low)} to {seconds(cost.again.high)})"
        parts.append(f"{'' if sure else 'about '}{seconds(cost.again.value)}{ends} done again after a kill")
    parts += [f"{seconds(cost.failed_s)} in runs that failed"] if cost.failed_s else []
    parts += [f"{seconds(cost.pruned_s)} in runs that were pruned"] if cost.pruned_s else []
    return f"{', '.join(parts)}: {cost.lost_s / cost.seconds:.0%} of the time" if parts else "nothing"


def per_point(gain: Gain, found: PerPoint, currency: str) -> tuple[str, str]:
    """(`a point`, `0.0021 USD (0.0017 to 0.0027): +12.3 points [+10.0, +14.6] gained over nearest on 300 rows`)."""
    _, what = POINT[metric(gain.metric).UNIT]
    gained = f"{figures.difference(gain.metric, gain.difference)} gained over {gain.against} on {gain.n:,} rows"
    if found.low == inf:
        return what, f"none to be had: {gained}"
    if found.high == inf:
        least = amount(found.low, currency)
        return what, f"unbounded, at least {least}: {gained}, so there may be no gain at all"
    ends = f"({amount(found.low)} to {amount(found.high)})"
    return what, f"{amount(found.value, currency)} {ends}: {gained}"


def plan(found: Sequence[Planned], currency: str) -> list[tuple[str, str]]:
    """Plan beside fact, a line for each quantity."""

    def words(what: str, value: float) -> str:
        if what == "money":
            return amount(value)
        return megabytes(value) if what == "memory_mb" else seconds(value)

    lines: list[tuple[str, str]] = []
    for one in found:
        unit = f" {currency}" if one.what == "money" else ""
        ends = f"{words(one.what, one.low)} to {words(one.what, one.high)}"
        off = "" if one.ratio is None else f" ({one.ratio - 1:+.0%})"
        lines.append(
            (
                "plan" if not lines else "",
                f"{NAMES[one.what]}: planned {words(one.what, one.value)}{unit} ({ends}), "
                f"taken {words(one.what, one.taken)}{unit}, {'inside' if one.inside else 'OUTSIDE'}{off}",
            )
        )
    return lines


def group_line(group: Group) -> tuple[str, str, Cost]:
    """A group's line of the table."""
    ended = {status: sum(run.status == status for run in group.runs) for status in ("finished", "pruned", "failed")}
    words = [f"{number} {status}" for status, number in ended.items() if number]
    rest = len(group.runs) - sum(ended.values())
    return group.name, ", ".join([*words, *([f"{rest} other"] if rest else [])]), group.cost


def run_line(run: Run, cost: Cost) -> tuple[str, str, Cost]:
    """A run's line of the table."""
    trial = f" {run.campaign}/{run.number}" if run.campaign else ""
    return f"{run.id[:8]}  {run.name}{trial}", run.status, cost


def aligned(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """`what  sentence`, indented."""
    return [f"  {what:<8}  {words}" for what, words in pairs]


def rate(run: Run) -> str:
    """`(0.10 USD an hour, noted with the starts)`; empty where starts had several prices, or none."""
    prices = {(start.price_per_hour, start.currency) for start in run.starts}
    if len(prices) != 1:
        return ""
    per_hour, currency = prices.pop()
    return f"({precise(per_hour)} {currency} an hour, as noted when it began)"


def projection(found: Mapping[str, Mapping[str, float] | float | None], per_hour: float, currency: str) -> str:
    """`10 × the data, 2.68 × the model: 12 h (9.0 to 20), 1.2 USD (…), memory 4.1 GB (…)`.

    Args:
        found: `data` and `model` (factors), `seconds` and `memory_mb` (value, low, high; memory may be None).
    """
    time, memory = found["seconds"], found["memory_mb"]
    assert isinstance(time, Mapping)
    costs = {end: amount(price_of(value, per_hour)) for end, value in time.items()}
    words = f"{found['data']:g} × the data, {found['model']:.3g} × the model's work: "
    words += f"{seconds(time['value'])} ({seconds(time['low'])} to {seconds(time['high'])}), "
    words += f"{costs['value']} {currency} ({costs['low']} to {costs['high']})"
    if isinstance(memory, Mapping):
        words += f", memory {megabytes(memory['value'])} ({megabytes(memory['low'])} to {megabytes(memory['high'])})"
    return f"{words}; of the metric there this says nothing"
