"""Config schemas: one dataclass per choice of a config group, found by its group and kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeVar, dataclass_transform

from omegaconf import MISSING

__all__ = ["MISSING", "SCHEMAS", "Schema", "schema"]


@dataclass
class Schema:
    """What every choice of every config group has.

    Attributes:
        kind: which schema of the group this is; set by the schema, not by hand.
        non_identity: fields that don't make another run, such as the number of processes.
        kinds_in: fields that hold names of another group's kinds → that group.
    """

    non_identity: ClassVar[tuple[str, ...]] = ()
    kinds_in: ClassVar[Mapping[str, str]] = {}

    kind: str = MISSING


SchemaType = TypeVar("SchemaType", bound=Schema)

SCHEMAS: dict[str, dict[str, type[Schema]]] = {}


@dataclass_transform()
def schema(group: str, kind: str) -> Callable[[type[SchemaType]], type[SchemaType]]:
    """Declares a dataclass as the choice `kind` of the config group `group`.

    It becomes `base_<kind>`, the first entry in the defaults list of that choice's YAML files. Every field has a
    default, if only `MISSING`, for `kind` has one.
    """

    def declare(cls: type[SchemaType]) -> type[SchemaType]:
        cls.__annotations__ = {**cls.__dict__.get("__annotations__", {}), "kind": str}
        cls.kind = kind
        decorated = dataclass(cls)
        SCHEMAS.setdefault(group, {})[kind] = decorated
        return decorated

    return declare
