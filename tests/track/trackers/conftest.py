"""A server for all tests of this folder; who kills it, starts it again."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.track.trackers.server import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    served = Server(tmp_path_factory.mktemp("mlflow-server")).start()
    yield served
    if served.process:
        served.kill()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder."""
    folder = tmp_path / "runs" / "0123456789abcdef"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="session")
def _empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from mlflow import MlflowClient

    database = tmp_path_factory.mktemp("empty-store") / "mlflow.db"
    MlflowClient(f"sqlite:///{database}").search_experiments()
    return database


@pytest.fixture
def database(_empty_store: Path, run: Path) -> Path:
    """An MLflow store in the run's folder, made by copying, for MLflow takes seconds to make one."""
    return Path(shutil.copy(_empty_store, run))
