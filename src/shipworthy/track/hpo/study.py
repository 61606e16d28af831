"""A campaign's trials as Optuna knows them: one storage that all workers share, and what chooses and prunes.

Trials are made when the campaign starts, all of them, and wait; so there are never more than were asked for, however
many workers take them. Which worker may work at which is not for Optuna to say: see leases.py.
"""

import copy
import json
import os
from collections.abc import Container, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, RandomSampler, TPESampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.track.hpo.forecast import ForecastPruner
from shipworthy.track.hpo.schema import ENVIRONMENT, Pruner, Sampler, Search
from shipworthy.track.hpo.space import Dimension, Params, inside

JOURNAL = "journal.log"


class Journal(JournalFileBackend):
    """Optuna's log of operations in a file, which outlives a writer that was killed in the middle of a line."""

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Appends whole lines; what has no line's end was never read, and goes."""
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        self._lock.acquire()
        try:
            with Path(self._file_path).open("rb+") as file:
                size = file.seek(0, os.SEEK_END)
                if size and not _ends_a_line(file, size):
                    file.seek(0)
                    size = file.read().rfind(b"\n") + 1
                    file.truncate(size)
                file.seek(size)
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
        finally:
            self._lock.release()


def _ends_a_line(file: Any, size: int) -> bool:
    file.seek(size - 1)
    return bool(file.read(1) == b"\n")


def open_storage(folder: Path, storage: str) -> BaseStorage:
    """The storage that all workers of a campaign share.

    Raises:
        UsageError: the environment variable that holds its URL is not set.
        ShipworthyError: the database does not answer.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if not storage:
        return JournalStorage(Journal(str(folder / JOURNAL)))
    url = storage
    if storage.startswith(ENVIRONMENT):
        name = storage.removeprefix(ENVIRONMENT)
        if not (url := os.environ.get(name, "")):
            raise UsageError(f"hpo.storage={storage}, but {name} is not set: set it to the database's URL.")
    try:
        return RDBStorage(url, engine_kwargs={"pool_pre_ping": True})
    except Exception as error:  # noqa: BLE001 (each database has errors of its own)
        said = type(error).__name__  # no more: the message may hold the URL with its password
        raise ShipworthyError(f"hpo.storage can't be opened ({said}): is its URL right, and does it answer?") from None


def make(storage: BaseStorage, name: str, directions: Sequence[str], trials: int) -> None:
    """Makes the study, or finds it, and sees that it has so many trials."""
    study = optuna.create_study(
        study_name=name, storage=storage, directions=list(directions), load_if_exists=True, sampler=RandomSampler()
    )
    for _ in range(len(study.get_trials(deepcopy=False)), trials):
        study.add_trial(optuna.create_trial(state=TrialState.WAITING))


class AsSeen(optuna.Study):
    """The study as a sampler sees it: a pruned trial has the value that it had when it was pruned.

    Optuna's own TPE takes every whole trial for better than any pruned one, the poor ones that began the campaign, too,
    and its GP and CMA-ES do not look at pruned trials at all; then pruning costs more than it saves. A recipe that lies
    outside the space has no values in the study: samplers don't see it, for they would find no key in common.
    """

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        trials = [_whole(trial) for trial in super()._get_trials(deepcopy=deepcopy, use_cache=use_cache)]
        trials = [trial for trial in trials if trial.params or not trial.state.is_finished()]
        return [trial for trial in trials if states is None or trial.state in states]


def _whole(trial: FrozenTrial) -> FrozenTrial:
    if trial.state is not TrialState.PRUNED or trial.values is None:
        return trial
    found = copy.copy(trial)
    found.state = TrialState.COMPLETE
    return found


class Trials:
    """What a worker does with the study: the state of all trials, a trial's values, its reports and its end.

    Args:
        last_step: of a whole trial, where it has steps.
        first_step: of the first validation, where there is one.
    """

    def __init__(
        self,
        storage: BaseStorage,
        name: str,
        settings: Search,
        seed: int,
        first_step: int | None,
        last_step: int | None,
    ) -> None:
        self.storage, self.name, self.settings, self.seed = storage, name, settings, seed
        self.pruner = pruner(settings.pruner, first_step, last_step)
        self.last_step = settings.pruner.last_step or last_step

    def _study(self, number: int, kind: type[optuna.Study] = optuna.Study) -> optuna.Study:
        """Fresh for each trial: Optuna's keeps what it once read; drawn numbers follow from seed and number alone."""
        draws = int.from_bytes(sha256(f"{self.seed} {number}".encode()).digest()[:4])
        conditional = any("when" in value for value in self.settings.space.values())
        choosing = sampler(self.settings.sampler, draws, conditional=conditional)
        # Hyperband would show a sampler the trials of one bracket only.
        return kind(self.name, self.storage, choosing, NopPruner() if kind is AsSeen else self.pruner)

    def all(self) -> list[FrozenTrial]:
        """Every trial, in the order of its number, as it is now."""
        return sorted(self._study(0).get_trials(deepcopy=False), key=lambda trial: trial.number)

    def values(self, trial: FrozenTrial, dimensions: Sequence[Dimension]) -> Params:
        """Marks the trial as running, and chooses its values; chosen ones stay as they are."""
        self.storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING)
        asked = optuna.trial.Trial(self._study(trial.number, AsSeen), trial._trial_id)
        params: Params = {}
        for one in dimensions:
            if one.active(params):
                params[one.key] = asked._suggest(one.key, distribution(one))
        return params

    def fix(self, trial: FrozenTrial, dimensions: Sequence[Dimension], params: Params) -> None:
        """Marks the trial as running with these values; values outside the space are not noted."""
        self.storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING)
        for one in dimensions if inside(params, dimensions) else ():
            if one.key in params:
                among = distribution(one)
                self.storage.set_trial_param(trial._trial_id, one.key, among.to_internal_repr(params[one.key]), among)

    def note(self, trial: FrozenTrial, step: int, value: float) -> None:
        """Notes a validation on the way."""
        self.storage.set_trial_intermediate_value(trial._trial_id, step, value)

    def report(self, trial: FrozenTrial, step: int, value: float) -> bool:
        """Notes a validation on the way; whether the trial should be pruned, which at its last step saves nothing."""
        self.note(trial, step, value)
        if self.last_step is not None and step >= self.last_step:
            return False
        return bool(self.pruner.prune(self._study(trial.number), self.storage.get_trial(trial._trial_id)))

    def tell(self, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Ends a trial; one that has ended already stays as it is."""
        if self.storage.get_trial(trial._trial_id).state is TrialState.WAITING:
            self.storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING)
        self._study(trial.number).tell(trial.number, values, state, skip_if_finished=True)


def distribution(one: Dimension) -> BaseDistribution:
    """As Optuna has it."""
    if one.kind == "categorical":
        return CategoricalDistribution(one.choices)
    if one.kind == "int":
        return IntDistribution(int(one.low), int(one.high), log=one.log, step=int(one.step or 1))
    return FloatDistribution(one.low, one.high, log=one.log, step=one.step)


def sampler(config: Sampler, seed: int, *, conditional: bool) -> BaseSampler:
    """What chooses values.

    Args:
        conditional: whether some keys of the space are there only sometimes.
    """
    startup: Mapping[str, int] = {} if config.startup is None else {"n_startup_trials": config.startup}
    match config.name:
        case "tpe":
            # Trials that run count as bad ones, or all workers would ask the same question.
            dependences = {"multivariate": config.multivariate, "group": config.multivariate and conditional}
            return TPESampler(seed=seed, constant_liar=True, **dependences, **startup)
        case "gp":
            return GPSampler(seed=seed, warn_independent_sampling=False, **startup)
        case "cmaes":
            return CmaEsSampler(seed=seed, warn_independent_sampling=False, **startup)
        case _:
            return RandomSampler(seed=seed)


def pruner(config: Pruner, first_step: int | None, last_step: int | None) -> BasePruner:
    """What ends trials early.

    Args:
        first_step, last_step: of a trial's validations, as its config says; what `config` sets comes first.

    Raises:
        UsageError: hyperband, and nothing says how many steps a trial has.
    """
    first = config.first_step or first_step or 1
    last = config.last_step or last_step
    match config.name:
        case "none":
            return NopPruner()
        case "median":
            startup = 5 if config.startup is None else config.startup
            return MedianPruner(n_startup_trials=startup, n_warmup_steps=(config.first_step or 1) - 1)
        case "asha":
            return SuccessiveHalvingPruner(min_resource=first, reduction_factor=config.reduction or 4)
        case "forecast":
            chance = 0.1 if config.chance is None else config.chance
            return ForecastPruner(5 if config.startup is None else config.startup, config.first_step or 1, chance)
        case _:
            if last is None:
                raise UsageError("hpo.pruner.name=hyperband needs hpo.pruner.last_step: a whole trial's steps.")
            if first >= last:
                raise UsageError(
                    f"hpo.pruner: the first step is {first} and the last {last}, so nothing can be ended early: lower "
                    "hpo.pruner.first_step, or validate more often."
                )
            return HyperbandPruner(min_resource=first, max_resource=last, reduction_factor=config.reduction or 3)
