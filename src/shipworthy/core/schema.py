"""Config schemas: one dataclass per choice of a config group, found by its group and kind."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeVar, dataclass_transform

from omegaconf import MISSING

from shipworthy.core.errors import UsageError

__all__ = ["MISSING", "SCHEMAS", "Schema", "schema"]


@dataclass
class Schema:
    """What every choice of every config group has.

    Attributes:
        kind: which schema of the group this is; set by the schema, not by hand.
        non_identity: fields that don't make another run, such as the number of processes.
        needs: group → kinds of it, or what they provide, of which one must be chosen beside this.
        provides: what the `needs` of others may ask for instead of naming kinds. `in_process`: a model is complete in
            its own folder and answers in its own library; a quantizer keeps it so; an engine serves it so.
    """

    non_identity: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    provides: ClassVar[tuple[str, ...]] = ()

    kind: str = MISSING

    @classmethod
    def fits(cls, wanted: Iterable[str]) -> bool:
        """Whether this is one of the kinds, or provides one of the things, that somebody needs."""
        return not {cls.kind, *cls.provides}.isdisjoint(wanted)


SchemaType = TypeVar("SchemaType", bound=Schema)

SCHEMAS: dict[str, dict[str, type[Schema]]] = {}


@dataclass_transform()
def schema(group: str, kind: str) -> Callable[[type[SchemaType]], type[SchemaType]]:
    """Declares a dataclass as the choice `kind` of the config group `group`.

    It becomes `base_<kind>`, the first entry in the defaults list of that choice's YAML files. Every field has a
    default, if only `MISSING`, for `kind` has one.

    Raises:
        UsageError: another module declares a class as this already.
    """

    def declare(cls: type[SchemaType]) -> type[SchemaType]:
        other = SCHEMAS.get(group, {}).get(kind)
        if other and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise UsageError(
                f"{other.__module__} and {cls.__module__} both declare {group} '{kind}': rename one of them."
            )
        cls.__annotations__ = {**cls.__dict__.get("__annotations__", {}), "kind": str}
        cls.kind = kind
        decorated = dataclass(cls)
        SCHEMAS.setdefault(group, {})[kind] = decorated
        return decorated

    return declare
