"""Where an MLflow store is and keeps its files: bound to no place, so that a checkout can be copied, moved or mounted.

MLflow writes the place of its files into its database, as an absolute path. Here a database that is named relative to
the project's root has its files named so too: `mlflow ui --backend-store-uri sqlite:///runs/mlflow.db`, which is called
in the project's root for the database's sake, finds them wherever that is.
"""

import logging
import os
import sqlite3
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from urllib.parse import quote

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# A server that is away is tried again by ourselves; nothing may hang for MLflow's own minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
for noisy in ("mlflow.store.db.utils", "alembic"):
    logging.getLogger(noisy).setLevel(logging.WARNING)

from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import Run  # noqa: E402
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository  # noqa: E402
from mlflow.utils.file_utils import local_file_uri_to_path  # noqa: E402
from mlflow.utils.uri import is_local_uri  # noqa: E402

from shipworthy.core.errors import ShipworthyError  # noqa: E402
from shipworthy.core.files import turn  # noqa: E402
from shipworthy.core.project import project_root  # noqa: E402
from shipworthy.track.trackers.schema import Mlflow  # noqa: E402

RUN_ID = "shipworthy.run_id"
SQLITE = "sqlite:///"
FILES = "mlflow_artifacts"
"""The folder beside a local database."""
PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Tables and columns of MLflow's database that say where files are."""


def store(config: Mlflow) -> str:
    """The URI of the store, as MLflow takes it."""
    return f"{SQLITE}{database}" if (database := database_of(config)) else config.uri


def database_of(config: Mlflow) -> Path | None:
    """The SQLite file; None where the store is a server."""
    return project_root() / config.uri.removeprefix(SQLITE) if config.uri.startswith(SQLITE) else None


def store_turn(config: Mlflow) -> AbstractContextManager[None]:
    """Jobs of a sweep make and write one SQLite file together, which takes one of them at a time."""
    database = database_of(config)
    return turn(database.with_name(f".{database.name}.lock")) if database else nullcontext()


def experiment_of(client: MlflowClient, config: Mlflow) -> str:
    """The id of the experiment, made if need be; that of a local store has its files beside the database.

    Raises:
        ShipworthyError: it was deleted in the store.
    """
    name, database = config.experiment, database_of(config)
    found = client.get_experiment_by_name(name)
    if found is None:
        beside = (database.parent / FILES).as_uri() if database else None
        found = client.get_experiment(client.create_experiment(name, beside))
    if found.lifecycle_stage != "active":
        raise ShipworthyError(f"The MLflow experiment '{name}' was deleted: restore it, or set tracker.experiment.")
    if database and _is_ours(found.artifact_location) and found.artifact_location != (here := _files(config)):
        _move(database, found.artifact_location, here)
    return str(found.experiment_id)


def find(client: MlflowClient, experiment: str, run_id: str) -> Run | None:
    """MLflow's run of our run id, in the experiment of that id."""
    found = client.search_runs([experiment], f"tags.`{RUN_ID}` = '{run_id}'", max_results=1)
    return found[0] if found else None


def keep(client: MlflowClient, run: str, file: Path, folder: str | None = None) -> None:
    """Copies a file, or what is in a folder, into a run's artifacts, wherever this process works.

    Args:
        run: MLflow's own id.
        folder: in the artifacts (None: at their top).
    """
    uri = client.get_run(run).info.artifact_uri
    if not is_local_uri(uri):
        (client.log_artifacts if file.is_dir() else client.log_artifact)(run, str(file), folder)
        return
    kept = get_artifact_repository((project_root() / local_file_uri_to_path(uri)).as_uri())
    (kept.log_artifacts if file.is_dir() else kept.log_artifact)(str(file), folder)


def _files(config: Mlflow) -> str:
    """Where the files are, as the database shall say: relative where the database is named relative."""
    beside = Path(config.uri.removeprefix(SQLITE)).parent / FILES
    return beside.as_uri() if beside.is_absolute() else quote(beside.as_posix())


def _is_ours(location: str) -> bool:
    """Whether it is a place that this module gave, on this or another machine; a user's own stays."""
    return is_local_uri(location) and f"/{location}".rstrip("/").endswith(f"/{FILES}")


def _move(database: Path, before: str, now: str) -> None:
    """Has the database say `now` where it says `before`: MLflow itself has no call for that."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, column in PLACES:
            connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column} || '/', 1, ?) = ?",  # noqa: S608 (names of its own)
                (now, len(before) + 1, len(before) + 1, f"{before}/"),
            )
