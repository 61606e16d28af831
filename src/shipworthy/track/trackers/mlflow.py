"""MLflow: a run in a local SQLite file or on a server."""

import logging
import os
import re
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# A server that is away is tried again by ourselves; nothing may hang for MLflow's own minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
for noisy in ("mlflow.store.db.utils", "alembic"):
    logging.getLogger(noisy).setLevel(logging.WARNING)

from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import Metric, Param, Run, RunTag  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from sqlalchemy.exc import SQLAlchemyError  # noqa: E402

from shipworthy.core.errors import ShipworthyError  # noqa: E402
from shipworthy.core.files import turn  # noqa: E402
from shipworthy.core.groups import TrackerConfig  # noqa: E402
from shipworthy.core.project import project_root  # noqa: E402
from shipworthy.track.trackers.flat import flat  # noqa: E402
from shipworthy.track.trackers.protocol import Status  # noqa: E402
from shipworthy.track.trackers.schema import Mlflow  # noqa: E402

RUN_ID = "shipworthy.run_id"
STARTED = "shipworthy.started"
SQLITE = "sqlite:///"
STATUS = {"finished": "FINISHED", "failed": "FAILED", "killed": "KILLED"}
# What MLflow takes in one call.
PARAMS_PER_CALL, PARAM_CHARACTERS, TAG_CHARACTERS, METRICS_PER_CALL = 100, 6000, 5000, 1000


class MlflowTracker:
    """Metrics wait in memory and go to the store together, at most `flush_s` seconds later."""

    def __init__(self, config: Mlflow) -> None:
        """Connects to nothing yet."""
        self._config = config
        self._waiting: list[Metric] = []
        self._flushed = time.monotonic()
        self._noted: dict[str, int] = {}
        self._told: dict[str, float] = {}
        self._client: MlflowClient
        self._run = ""

    def start(self, run_id: str, name: str, config: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Opens the run whose tag holds our run id, or makes it.

        Raises:
            ShipworthyError: the store can't be reached, or the experiment was deleted in it.
        """
        try:
            with self._turn():
                self._open(run_id, name, config, tags)
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise ShipworthyError(
                f"MLflow at {self._config.uri} can't be reached ({_why(error)}): see to it, or set another tracker.uri."
            ) from error

    def _open(self, run_id: str, name: str, config: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        self._client = MlflowClient(store(self._config))
        experiment = self._experiment()
        known: dict[str, str] = {}
        if found := find(self._client, experiment, run_id):
            self._run, known = found.info.run_id, found.data.params
            self._client.update_run(self._run, status="RUNNING")
            self._noted = {key: self._last_step(key) for key in found.data.metrics}
            self._told = dict(found.data.metrics)
        else:
            self._run = self._client.create_run(experiment, run_name=name, tags={RUN_ID: run_id}).info.run_id
        params = [Param(k, str(v)[:PARAM_CHARACTERS]) for k, v in flat(config).items() if k not in known]
        for first in range(0, len(params), PARAMS_PER_CALL):
            self._client.log_batch(self._run, params=params[first : first + PARAMS_PER_CALL])
        # Written at every start, so that a store that takes nothing is noticed here.
        self._client.log_batch(self._run, tags=[RunTag(k, v) for k, v in {**tags, STARTED: str(time.time())}.items()])

    def log(self, metrics: Mapping[str, float], step: int, at: float | None = None) -> None:
        """Notes metrics of a step; one that the store has already, from before a kill, is not written twice."""
        moment = int(1000 * (at or time.time()))
        fresh = {key: value for key, value in metrics.items() if step > self._noted.get(key, -1)}
        self._waiting += [Metric(key, float(value), moment, step) for key, value in fresh.items()]
        self._noted |= dict.fromkeys(fresh, step)
        if time.monotonic() - self._flushed >= self._config.flush_s:
            self.flush()

    def sample(self, values: Mapping[str, float], number: int, at: float | None = None) -> None:
        """Metrics too, whose step is the sample's number."""
        self.log(values, number, at)

    def summary(self, values: Mapping[str, float | str]) -> None:
        """Numbers become metrics named `summary.<name>`, words become tags."""
        now = int(time.time() * 1000)
        numbers = {f"summary.{k}": float(v) for k, v in values.items() if not isinstance(v, str)}
        fresh = [Metric(k, v, now, 0) for k, v in numbers.items() if self._told.get(k) != v]
        words = [RunTag(f"summary.{k}", v[:TAG_CHARACTERS]) for k, v in values.items() if isinstance(v, str)]
        with self._turn():
            self._client.log_batch(self._run, metrics=fresh, tags=words)

    def alert(self, title: str, text: str, step: int) -> None:
        """A tag of the run, named by step and title."""
        name = re.sub(r"[^\w. -]", "_", title)[:100]
        with self._turn():
            self._client.set_tag(self._run, f"alert.{step}.{name}", text[:TAG_CHARACTERS])

    def keep(self, file: Path) -> None:
        """Copies the file into the run's artifacts."""
        with self._turn():
            self._client.log_artifact(self._run, str(file))

    def flush(self) -> None:
        """Writes the waiting metrics in as few transactions as MLflow allows."""
        with self._turn():
            for first in range(0, len(self._waiting), METRICS_PER_CALL):
                self._client.log_batch(self._run, metrics=self._waiting[first : first + METRICS_PER_CALL])
        self._waiting.clear()
        self._flushed = time.monotonic()

    def deliver(self) -> None:
        """As `flush`."""
        self.flush()

    def finish(self, status: Status) -> None:
        """Writes what waits and closes the run."""
        self.flush()
        with self._turn():
            self._client.set_terminated(self._run, STATUS[status])

    def abandon(self) -> None:
        """Holds nothing: each call stands for itself."""

    def _turn(self) -> AbstractContextManager[None]:
        """Jobs of a sweep make and write one SQLite file together, which takes one of them at a time."""
        database = database_of(self._config)
        return turn(database.with_name(f".{database.name}.lock")) if database else nullcontext()

    def _experiment(self) -> str:
        """The id of the experiment, made if need be; a local store keeps its artifacts beside its database."""
        name = self._config.experiment
        if experiment := self._client.get_experiment_by_name(name):
            if experiment.lifecycle_stage != "active":
                raise ShipworthyError(
                    f"The MLflow experiment '{name}' was deleted: restore it, or set another tracker.experiment."
                )
            return str(experiment.experiment_id)
        beside = database.parent / "mlflow_artifacts" if (database := database_of(self._config)) else None
        return str(self._client.create_experiment(name, beside.as_uri() if beside else None))

    def _last_step(self, key: str) -> int:
        return max(int(metric.step) for metric in self._client.get_metric_history(self._run, key))


def store(config: Mlflow) -> str:
    """The URI of the store, as MLflow takes it."""
    return f"{SQLITE}{database}" if (database := database_of(config)) else config.uri


def database_of(config: Mlflow) -> Path | None:
    """The SQLite file; None where the store is a server."""
    return project_root() / config.uri.removeprefix(SQLITE) if config.uri.startswith(SQLITE) else None


def find(client: MlflowClient, experiment: str, run_id: str) -> Run | None:
    """MLflow's run of our run id, in the experiment of that id."""
    found = client.search_runs([experiment], f"tags.`{RUN_ID}` = '{run_id}'", max_results=1)
    return found[0] if found else None


def _why(error: Exception) -> str:
    """What is behind an error that may be wrapped in pages of others."""
    text = str(error)
    if "Connection refused" in text or "NewConnectionError" in text:
        return "nobody answers there"
    if "timed out" in text:
        return "it does not answer in time"
    return text.strip().splitlines()[0].rstrip(". ")[:300] if text.strip() else type(error).__name__


def create(config: TrackerConfig) -> MlflowTracker:
    """The tracker of an MLflow config."""
    assert isinstance(config, Mlflow)
    return MlflowTracker(config)
