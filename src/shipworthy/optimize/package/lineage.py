"""From a package back to the raw data: the manifests of all that it was made of."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from shipworthy.core.artifact import Artifact
from shipworthy.core.errors import ArtifactError

# The plan is measured anew without changing what was made by it; only its criteria count.
MEASURED = ("plan",)
# What the road has but a package does not descend from.
BESIDE = ("baseline",)


def lineage(artifacts: Mapping[str, Artifact]) -> dict[str, Any]:
    """Each artifact's digest and manifest, and the inputs that are no artifacts: raw files and base weights.

    Raises:
        ArtifactError: one was made of another artifact than the one that stands beside it.
    """
    digests = {kind: artifact.digest for kind, artifact in artifacts.items()}
    raw: dict[str, str] = {}
    for artifact in artifacts.values():
        for name, digest in artifact.manifest.inputs.items():
            if name in BESIDE:
                continue
            if name not in digests:
                raw[name] = digest
            elif digest != digests[name] and name not in MEASURED:
                raise ArtifactError(
                    f"{artifact.path} was made of another {name} ({digest[:12]}) than the one beside it "
                    f"({digests[name][:12]}): run `dvc repro`, so that all of it is of one road."
                )
    return {
        "raw": raw,
        "artifacts": {
            kind: {"digest": digests[kind], "manifest": asdict(artifact.manifest)}
            for kind, artifact in artifacts.items()
        },
    }
