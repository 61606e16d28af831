"""MLflow's model registry: a selected checkpoint as a version of a model, under an alias."""

from pathlib import Path

# Before MLflow's own, for it sets what MLflow reads when it is imported.
from shipworthy.track.trackers.mlflow_store import find, keep, store  # isort: skip

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from shipworthy.core.artifact import read_artifact
from shipworthy.core.commands import beside, command
from shipworthy.core.errors import ShipworthyError
from shipworthy.track.trackers.schema import Mlflow

ARTIFACT = "model"
HOW = (
    "A checkpoint of shipworthy (safetensors and JSON), no MLflow flavour: `mlflow artifacts download` brings it, "
    "`shipworthy package` makes something to serve of it."
)


def register(config: Mlflow, run_id: str, folder: Path, name: str, alias: str) -> str:
    """Registers the checkpoint in `folder` and gives it the alias; the version's number.

    The folder's files are kept with the run as they are: safetensors and JSON, no pickle. The same checkpoint of the
    same run is registered once; only the alias moves.

    Args:
        run_id: our own, which the run in MLflow has as a tag.
        name: of the registered model.

    Raises:
        ShipworthyError: the store can't be reached, or does not know the run.
        ArtifactError: the folder holds no whole checkpoint.
    """
    digest = read_artifact(folder, "checkpoint").digest
    try:
        return _register(MlflowClient(store(config)), config, run_id, digest, folder, name, alias)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        said = str(error).strip().splitlines()[0].rstrip(". ")
        raise ShipworthyError(f"MLflow at {config.uri} did not register run {run_id} as '{name}' ({said}).") from error


def _register(
    client: MlflowClient, config: Mlflow, run_id: str, digest: str, folder: Path, name: str, alias: str
) -> str:
    experiment = client.get_experiment_by_name(config.experiment)
    run = find(client, experiment.experiment_id, run_id) if experiment else None
    if run is None:
        raise ShipworthyError(
            f"MLflow at {config.uri} has no run {run_id} in '{config.experiment}': send it with "
            f"`{command(f'runs sync {run_id}', workspace=beside(folder.parents[1]))}`, or set the tracker that the run "
            "was made with."
        )
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    tags = {"run_id": run_id, "digest": digest}
    known = client.search_model_versions(f"name = '{name}'")
    version = next((one.version for one in known if tags.items() <= one.tags.items()), None)
    if version is None:
        keep(client, run.info.run_id, folder, ARTIFACT)
        # By the run, not by a path: the store may be moved.
        source = f"runs:/{run.info.run_id}/{ARTIFACT}"
        version = client.create_model_version(
            name, source, run_id=run.info.run_id, tags=tags, description=f"{run.info.run_name}. {HOW}"
        ).version
    client.set_registered_model_alias(name, alias, version)
    return str(version)
