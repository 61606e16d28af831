"""What a tracker is told of a run when it opens it: who it is, what it was made of, what it belongs to."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Dataset:
    """The rows of one split that a run uses.

    Attributes:
        name: of the data, e.g. `adult`.
        context: what for: `train` or `validation`.
        digest: SHA-256 of its files.
        path: of the file or folder, relative to the project's root.
        rows: how many; None where that is not known.
        columns: name → type: `int`, `float`, `bool`, `string`, or `list[int]` and the like.
    """

    name: str
    context: str
    digest: str
    path: str
    rows: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """A campaign or a sweep, to which several runs belong.

    Attributes:
        id: its name in runs/.
        kind: `tune`, `ablate` or `sweep`.
        name: for people.
        description: the same, in full.
    """

    id: str
    kind: str
    name: str
    description: str


@dataclass(frozen=True)
class Identity:
    """A run, or the group itself where `run_id` is the group's id.

    Attributes:
        run_id: our own.
        name: what tells it from the others in a list, e.g. `xgboost max_depth=4 · 7743d3`.
        description: hypothesis, recipe, command and folder, in Markdown.
        config: maybe nested.
        tags: short words by which runs are searched.
        datasets: the rows that it was given.
        group: None: it belongs to none.
    """

    run_id: str
    name: str
    description: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = ()
    group: Group | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Identity":
        """What `to_json` gave."""
        datasets = tuple(Dataset(**one) for one in found["datasets"])
        group = Group(**found["group"]) if found["group"] else None
        return cls(**{**found, "datasets": datasets, "group": group})


@dataclass(frozen=True)
class Model:
    """The model that a run handed on; its files stay where they are.

    Attributes:
        name: of the model's kind or file in conf/model/.
        digest: of the checkpoint.
        files: name in the checkpoint → SHA-256.
        path: of the checkpoint, relative to the project's root.
        metrics: what it reached on validation.
    """

    name: str
    digest: str
    files: Mapping[str, str]
    path: str
    metrics: Mapping[str, float]
