"""MLflow: a run in a local SQLite file or on a server."""

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Before MLflow's own, for it sets what MLflow reads when it is imported.
from shipworthy.track.trackers.mlflow_store import RUN_ID, experiment_of, find, keep, store, store_turn  # isort: skip

from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
)
from mlflow.exceptions import MlflowException
from mlflow.utils import mlflow_tags
from sqlalchemy.exc import SQLAlchemyError

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import turn
from shipworthy.core.groups import TrackerConfig
from shipworthy.core.project import project_root
from shipworthy.track.trackers import identity
from shipworthy.track.trackers.flat import flat
from shipworthy.track.trackers.identity import Group, Identity, Model
from shipworthy.track.trackers.protocol import Status
from shipworthy.track.trackers.schema import Mlflow

STARTED = "shipworthy.started"
STATUS = {"finished": "FINISHED", "failed": "FAILED", "killed": "KILLED", "pruned": "KILLED"}
TYPES = {"int": "long", "float": "double", "bool": "boolean", "string": "string"}
"""MLflow's names of the types of columns."""
# What MLflow takes in one call.
PARAMS_PER_CALL, PARAM_CHARACTERS, TAG_CHARACTERS, METRICS_PER_CALL = 100, 6000, 5000, 1000
DIGEST_CHARACTERS = 36


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
        self._experiment = self._run = ""
        self._params: Mapping[str, str] = {}

    def start(self, run: Identity) -> None:
        """Opens the run whose tag holds our run id, or makes it, and the parent of its group.

        Raises:
            ShipworthyError: the store can't be reached, or the experiment was deleted in it.
        """
        try:
            with store_turn(self._config):
                self._client = MlflowClient(store(self._config))
                self._experiment = experiment_of(self._client, self._config)
                self._open(run)
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise ShipworthyError(
                f"MLflow at {self._config.uri} can't be reached ({_why(error)}): see to it, or set another tracker.uri."
            ) from error

    def _open(self, run: Identity) -> None:
        tags = {**_tags(run), STARTED: str(time.time())}
        if run.group and run.group.id != run.run_id:
            tags[mlflow_tags.MLFLOW_PARENT_RUN_ID] = self._parent(run.group)
        known: dict[str, str] = {}
        if found := find(self._client, self._experiment, run.run_id):
            self._run, known = found.info.run_id, found.data.params
            self._client.update_run(self._run, status="RUNNING", name=run.name)
            self._noted = {key: self._last_step(key) for key in found.data.metrics}
            self._told = dict(found.data.metrics)
        else:
            made = self._client.create_run(self._experiment, run_name=run.name, tags={RUN_ID: run.run_id})
            self._run = made.info.run_id
        self._params = flat(run.config)
        params = [Param(k, str(v)[:PARAM_CHARACTERS]) for k, v in self._params.items() if k not in known]
        for first in range(0, len(params), PARAMS_PER_CALL):
            self._client.log_batch(self._run, params=params[first : first + PARAMS_PER_CALL])
        if run.datasets:
            self._client.log_inputs(self._run, [_input(one) for one in run.datasets])
        # Written at every start, so that a store that takes nothing is noticed here.
        self._client.log_batch(self._run, tags=[RunTag(k, v[:TAG_CHARACTERS]) for k, v in tags.items()])

    def _parent(self, group: Group) -> str:
        """The run that stands for a campaign or sweep; whoever of its runs comes first makes it."""
        with turn(project_root() / "runs" / ".mlflow_groups.lock"):
            if found := find(self._client, self._experiment, group.id):
                return str(found.info.run_id)
            tags = {RUN_ID: group.id, "command": group.kind, mlflow_tags.MLFLOW_RUN_NOTE: group.description}
            return str(self._client.create_run(self._experiment, run_name=group.name, tags=tags).info.run_id)

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
        """Numbers become metrics, words become tags."""
        now = int(time.time() * 1000)
        numbers = {k: float(v) for k, v in values.items() if not isinstance(v, str)}
        fresh = [Metric(k, v, now, 0) for k, v in numbers.items() if self._told.get(k) != v]
        words = [RunTag(k, v[:TAG_CHARACTERS]) for k, v in values.items() if isinstance(v, str)]
        with store_turn(self._config):
            self._client.log_batch(self._run, metrics=fresh, tags=words)

    def model(self, made: Model) -> None:
        """A logged model of MLflow whose files are kept elsewhere; `runs select` brings them here and registers it."""
        with store_turn(self._config):
            if self._client.search_logged_models([self._experiment], f"source_run_id = '{self._run}'", max_results=1):
                return
            tags = {mlflow_tags.MLFLOW_MODEL_IS_EXTERNAL: "true", "digest": made.digest, "path": made.path}
            params = {key: str(value)[:PARAM_CHARACTERS] for key, value in self._params.items() if value is not None}
            model = self._client.create_logged_model(
                self._experiment, made.name, self._run, tags, dict(list(params.items())[:PARAMS_PER_CALL]), "shipworthy"
            )
            self._client.finalize_logged_model(model.model_id, "READY")
            self._client.log_outputs(self._run, [LoggedModelOutput(model.model_id, step=0)])
            now = int(time.time() * 1000)
            numbers = [
                Metric(key, value, now, 0, model_id=model.model_id, run_id=self._run)
                for key, value in made.metrics.items()
            ]
            self._client.log_batch(self._run, metrics=numbers)

    def alert(self, title: str, text: str, step: int) -> None:
        """A tag of the run, named by step and title."""
        name = re.sub(r"[^\w. -]", "_", title)[:100]
        with store_turn(self._config):
            self._client.set_tag(self._run, f"alert.{step}.{name}", text[:TAG_CHARACTERS])

    def keep(self, file: Path) -> None:
        """Copies the file into the run's artifacts."""
        with store_turn(self._config):
            keep(self._client, self._run, file)

    def flush(self) -> None:
        """Writes the waiting metrics in as few transactions as MLflow allows."""
        with store_turn(self._config):
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
        with store_turn(self._config):
            self._client.set_tag(self._run, "status", status)
            self._client.set_terminated(self._run, STATUS[status])

    def abandon(self) -> None:
        """Holds nothing: each call stands for itself."""

    def _last_step(self, key: str) -> int:
        return max(int(metric.step) for metric in self._client.get_metric_history(self._run, key))


def _tags(run: Identity) -> dict[str, str]:
    """Those of the run, and those that MLflow's own pages show."""
    known = {
        mlflow_tags.MLFLOW_RUN_NOTE: run.description,
        mlflow_tags.MLFLOW_SOURCE_TYPE: "LOCAL",
        mlflow_tags.MLFLOW_SOURCE_NAME: " ".join(["shipworthy", run.tags["command"]]) if "command" in run.tags else "",
        mlflow_tags.MLFLOW_GIT_COMMIT: run.tags.get("git_sha", ""),
    }
    return {**run.tags, **{name: value for name, value in known.items() if value}}


def _input(rows: identity.Dataset) -> DatasetInput:
    """Rows as MLflow's pages show them: with their columns and their number."""
    columns = [{**_type(kind), "name": name, "required": False} for name, kind in rows.columns.items()]
    dataset = Dataset(
        name=rows.name,
        digest=rows.digest[:DIGEST_CHARACTERS],
        source_type="local",
        source=json.dumps({"uri": rows.path}),
        schema=json.dumps({"mlflow_colspec": columns}) if columns else None,
        profile=None if rows.rows is None else json.dumps({"num_rows": rows.rows}),
    )
    return DatasetInput(dataset, [InputTag(mlflow_tags.MLFLOW_DATASET_CONTEXT, rows.context)])


def _type(kind: str) -> dict[str, Any]:
    """A column's type in MLflow's words."""
    if kind.startswith("list["):
        return {"type": "array", "items": _type(kind.removeprefix("list[").removesuffix("]"))}
    return {"type": TYPES.get(kind, "string")}


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
