"""One module as its text says: what it imports, what it loads lazily, and what it does.

What it does is its syntax tree without docstrings: comments, docstrings and formatting make no other tree. The tree is
written down in our own form, for ast.dump and ast.unparse give other texts in other versions of Python.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

UNSAID = frozenset({"ctx", "kind", "type_comment"})
"""Fields of the tree that say nothing of what the code does."""


@dataclass(frozen=True)
class Module:
    """What a module's text says.

    Attributes:
        imports: (module, "") of each `import`, (module, name) of each `from … import`.
        lazy: the declarations `Lazy(…)`: patterns, and what is loaded otherwise.
        folders: the declarations `project_files(…)`.
        constants: those that are literals, by name, e.g. `NON_IDENTITY`.
        arguments: of its function `run`, by name; a stage's are the parts of the config that it takes.
        does: the hash of what it does, without docstrings.
        reads_docstrings: whether it reads any `__doc__`, so that docstrings are a part of what the code does.
    """

    imports: frozenset[tuple[str, str]]
    lazy: frozenset[tuple[tuple[str, ...], str]]
    folders: frozenset[str]
    constants: dict[str, Any]
    arguments: tuple[str, ...]
    does: str
    reads_docstrings: bool


@lru_cache(maxsize=4096)
def read(name: str, text: bytes, *, package: bool) -> Module:
    """Reads a module's text.

    Args:
        name: its full name.
        package: whether it is an `__init__.py`.
    """
    tree = ast.parse(text)
    nodes = list(_executed(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return Module(
        imports=frozenset(_imports(nodes, name if package else name.rpartition(".")[0])),
        lazy=frozenset(_lazy(call) for call in calls if _name(call.func) == "Lazy"),
        folders=frozenset(text for call in calls if _name(call.func) == "project_files" for text in _literals(call)),
        constants=dict(_constants(tree)),
        arguments=_arguments(tree),
        does=_hash(tree, docstrings=False),
        reads_docstrings=any(_name(node) in ("__doc__", "getdoc") for node in nodes),
    )


@lru_cache(maxsize=8192)
def digest(text: bytes, *, docstrings: bool = False) -> str:
    """The hash of what a module does.

    Args:
        text: of the module.
        docstrings: whether they count.
    """
    return _hash(ast.parse(text), docstrings=docstrings)


def _hash(tree: ast.Module, *, docstrings: bool) -> str:
    written: list[str] = []
    _write(tree, written, docstrings=docstrings)
    return sha256("".join(written).encode()).hexdigest()


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """Every node but what is there for the type checker alone."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and _name(child.test) == "TYPE_CHECKING":
            for other in child.orelse:
                yield from _executed(other)
        else:
            yield from _executed(child)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _imports(nodes: list[ast.AST], package: str) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((source, alias.name) for alias in node.names)


def _lazy(call: ast.Call) -> tuple[tuple[str, ...], str]:
    otherwise = [_literal(keyword.value) for keyword in call.keywords if keyword.arg == "otherwise"]
    return tuple(_literals(call)), otherwise[0] if otherwise else ""


def _literals(call: ast.Call) -> list[str]:
    return [_literal(argument) for argument in call.args]


def _literal(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise ValueError(f"line {node.lineno}: {ast.unparse(node)} is no literal, so lineage cannot read it.")


def _constants(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                yield node.targets[0].id, ast.literal_eval(node.value)
            except ValueError:
                continue


def _arguments(tree: ast.Module) -> tuple[str, ...]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "run":
            return tuple(argument.arg for argument in (*node.args.args, *node.args.kwonlyargs))
    return ()


def _write(value: Any, written: list[str], *, docstrings: bool) -> None:
    """Writes a node, a list or a constant; what is empty is left out, for newer versions of Python have more fields."""
    if isinstance(value, ast.AST):
        written.append(f"({type(value).__name__}")
        for name, part in ast.iter_fields(value):
            if name == "body" or (name not in UNSAID and part is not None and part != []):
                written.append(f" {name}=")
                _write(_pieces(part) if isinstance(value, ast.JoinedStr) else part, written, docstrings=docstrings)
        written.append(")")
    elif isinstance(value, list):
        written.append("[")
        kept = value if docstrings else [part for part in value if not _is_docstring(part)]
        for part in kept or [ast.Pass()]:
            _write(part, written, docstrings=docstrings)
        written.append("]")
    else:
        written.append(repr(value))


def _is_docstring(node: Any) -> bool:
    """A string that stands alone: of a module, class or function, or below a constant; it has no effect."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _pieces(values: list[ast.expr]) -> list[ast.expr]:
    """The parts of an f-string; some versions of Python put empty strings between them."""
    return [part for part in values if not (isinstance(part, ast.Constant) and part.value == "")]
