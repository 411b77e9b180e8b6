"""The product's source as data: parsed once, asked by the house tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from hybridops.bootstrap import ROOT

PRODUCT = ROOT / "hybridops"


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the product by its path, migrations aside."""
    found = (path for path in sorted(PRODUCT.rglob("*.py")) if "migrations" not in path.parts)
    return {str(path.relative_to(PRODUCT)): ast.parse(path.read_text()) for path in found}


def functions(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Each node with the name of the function or class body it stands in, innermost last: `Book.write`."""
    for node in ast.iter_child_nodes(tree):
        here = inside
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            here = f"{inside}.{node.name}".lstrip(".")
        yield here, node
        yield from functions(node, here)


def called(node: ast.AST) -> str:
    """The name of the method or function that a call calls, or nothing."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def texts(*folders: str, suffixes: tuple[str, ...] = ()) -> Iterator[tuple[Path, str]]:
    """The text files under folders or files of the project; what is not there is left out."""
    for folder in folders:
        top = ROOT / folder
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if (
                path.is_file()
                and "__pycache__" not in path.parts
                and path.suffix != ".png"
                and (not suffixes or path.suffix in suffixes)
            ):
                yield path, path.read_text(errors="replace")
