"""MLflow: a run in a local SQLite file or on a server."""

import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
for noisy in ("mlflow.store.db.utils", "alembic"):
    logging.getLogger(noisy).setLevel(logging.WARNING)

from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import Metric, Param, RunTag  # noqa: E402

from shipworthy.core.errors import ShipworthyError  # noqa: E402
from shipworthy.core.groups import TrackerConfig  # noqa: E402
from shipworthy.core.project import project_root  # noqa: E402
from shipworthy.track.trackers.flat import flat  # noqa: E402
from shipworthy.track.trackers.protocol import Status  # noqa: E402
from shipworthy.track.trackers.schema import Mlflow  # noqa: E402

RUN_ID = "shipworthy.run_id"
SQLITE = "sqlite:///"
STATUS = {"finished": "FINISHED", "failed": "FAILED", "killed": "KILLED"}
# What MLflow takes in one call.
PARAMS_PER_CALL, PARAM_CHARACTERS, METRICS_PER_CALL = 100, 6000, 1000


class MlflowTracker:
    """Metrics wait in memory and go to the store together, at most `flush_s` seconds later."""

    def __init__(self, config: Mlflow) -> None:
        """Connects to nothing yet."""
        self._config = config
        self._waiting: list[Metric] = []
        self._flushed = time.monotonic()
        self._noted: dict[str, int] = {}
        self._client: MlflowClient
        self._run = ""

    def start(self, run_id: str, name: str, config: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Opens the run whose tag holds our run id, or makes it.

        Raises:
            ShipworthyError: the experiment was deleted in MLflow.
        """
        self._client = MlflowClient(self._uri())
        experiment = self._experiment()
        found = self._client.search_runs([experiment], f"tags.`{RUN_ID}` = '{run_id}'", max_results=1)
        if found:
            self._run = found[0].info.run_id
            self._client.update_run(self._run, status="RUNNING")
            self._noted = {key: self._last_step(key) for key in found[0].data.metrics}
        else:
            self._run = self._client.create_run(experiment, run_name=name, tags={RUN_ID: run_id}).info.run_id
        known = found[0].data.params if found else {}
        params = [Param(k, str(v)[:PARAM_CHARACTERS]) for k, v in flat(config).items() if k not in known]
        for first in range(0, len(params), PARAMS_PER_CALL):
            self._client.log_batch(self._run, params=params[first : first + PARAMS_PER_CALL])
        self._client.log_batch(self._run, tags=[RunTag(k, v) for k, v in tags.items()])

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Notes metrics of a step; one that the store has already, from before a kill, is not written twice."""
        now = int(time.time() * 1000)
        fresh = {key: value for key, value in metrics.items() if step > self._noted.get(key, -1)}
        self._waiting += [Metric(key, float(value), now, step) for key, value in fresh.items()]
        if time.monotonic() - self._flushed >= self._config.flush_s:
            self.flush()

    def summary(self, values: Mapping[str, float | str]) -> None:
        """Numbers become metrics named `summary.<name>`, words become tags."""
        now = int(time.time() * 1000)
        numbers = [Metric(f"summary.{k}", float(v), now, 0) for k, v in values.items() if not isinstance(v, str)]
        words = [RunTag(f"summary.{k}", v) for k, v in values.items() if isinstance(v, str)]
        self._client.log_batch(self._run, metrics=numbers, tags=words)

    def keep(self, file: Path) -> None:
        """Copies the file into the run's artifacts."""
        self._client.log_artifact(self._run, str(file))

    def flush(self) -> None:
        """Writes the waiting metrics in as few transactions as MLflow allows."""
        for first in range(0, len(self._waiting), METRICS_PER_CALL):
            self._client.log_batch(self._run, metrics=self._waiting[first : first + METRICS_PER_CALL])
        self._waiting.clear()
        self._flushed = time.monotonic()

    def finish(self, status: Status) -> None:
        """Writes what waits and closes the run."""
        self.flush()
        self._client.set_terminated(self._run, STATUS[status])

    def _uri(self) -> str:
        uri = self._config.uri
        if not uri.startswith(SQLITE):
            return uri
        database = project_root() / uri.removeprefix(SQLITE)
        database.parent.mkdir(parents=True, exist_ok=True)
        return f"{SQLITE}{database}"

    def _experiment(self) -> str:
        """The id of the experiment, made if need be; a local store keeps its artifacts beside its database."""
        name = self._config.experiment
        if experiment := self._client.get_experiment_by_name(name):
            if experiment.lifecycle_stage != "active":
                raise ShipworthyError(
                    f"The MLflow experiment '{name}' was deleted: restore it, or set another tracker.experiment."
                )
            return str(experiment.experiment_id)
        uri = self._uri()
        beside = Path(uri.removeprefix(SQLITE)).parent / "mlflow_artifacts" if uri.startswith(SQLITE) else None
        return str(self._client.create_experiment(name, beside.as_uri() if beside else None))

    def _last_step(self, key: str) -> int:
        return max(int(metric.step) for metric in self._client.get_metric_history(self._run, key))


def create(config: TrackerConfig) -> MlflowTracker:
    """The tracker of an MLflow config."""
    assert isinstance(config, Mlflow)
    return MlflowTracker(config)
