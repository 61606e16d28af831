"""A package's lineage: the manifests of every artifact that it was made of, back to the raw data."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from shipworthy.core.artifact import Artifact
from shipworthy.core.errors import ArtifactError

# Made anew, these may differ in what nobody downstream reads (a measured time, a report's wording), and the pipeline
# rightly leaves the rest as it is. That they differ is written down.
MAY_BE_NEWER = ("plan", "dataset")
# What the pipeline has but a package does not descend from.
BESIDE = ("baseline",)


def lineage(artifacts: Mapping[str, Artifact]) -> dict[str, Any]:
    """Each artifact's digest and manifest, and the inputs that are no artifacts: raw files and base weights.

    Returns:
        {"raw": {name: sha256}, "newer": [{"artifact", "input", "made_of", "found"}], "artifacts": {kind: {"digest",
        "manifest"}}}; `newer` lists inputs that were made again since.

    Raises:
        ArtifactError: one was made of another artifact than the one that is next to it.
    """
    digests = {kind: artifact.digest for kind, artifact in artifacts.items()}
    raw: dict[str, str] = {}
    newer: list[dict[str, str]] = []
    for kind, artifact in artifacts.items():
        for name, digest in artifact.manifest.inputs.items():
            if name in BESIDE:
                continue
            if name not in digests:
                raw[name] = digest
            elif digest != digests[name]:
                if name not in MAY_BE_NEWER:
                    raise ArtifactError(
                        f"{artifact.path} was made of another {name} ({digest[:12]}) than the one beside it "
                        f"({digests[name][:12]}): run `dvc repro`, so that all of it is of one run."
                    )
                newer.append({"artifact": kind, "input": name, "made_of": digest, "found": digests[name]})
    return {
        "raw": raw,
        "newer": newer,
        "artifacts": {
            kind: {"digest": digests[kind], "manifest": asdict(artifact.manifest)}
            for kind, artifact in artifacts.items()
        },
    }
