"""What the judge said, for the page and the summary; nothing where none was asked."""

from collections.abc import Iterator, Mapping
from typing import Any

from shipworthy.core.artifact import Artifact
from shipworthy.evaluation.judges import words


def section(artifacts: Mapping[str, Artifact]) -> dict[str, Any] | None:
    """What the page says of it."""
    said = _said(artifacts)
    if said is None:
        return None
    return {
        **said,
        "role": words.ROLES[said["role"]],
        "claims": [sentence for _, sentence in words.claims(said)],
        "position": words.position(said),
        "criteria": words.criteria(said),
        "cost": words.cost(said),
        "people": list(words.people(said)),
    }


def lines(artifacts: Mapping[str, Artifact]) -> Iterator[str]:
    """What the summary says of it."""
    said = _said(artifacts)
    if said is None:
        return
    for mode, sentence in words.claims(said):
        yield f"judge {said['judge']['model']}, {mode}: {sentence}"
    yield f"judge: {words.ROLES[said['role']][:1].lower()}{words.ROLES[said['role']][1:].rstrip('.')}"
    yield from words.people(said)
    yield from (f"look at this: {remark}" for remark in said["remarks"])


def _said(artifacts: Mapping[str, Artifact]) -> dict[str, Any] | None:
    if "judgement" not in artifacts:
        return None
    said: dict[str, Any] = artifacts["judgement"].json("judgement.json")
    return said if said["asked"] else None
