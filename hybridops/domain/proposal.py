"""Reads what an author proposes out of a notebook or a script. Nothing of it is ever run.

The header is one literal, `HYBRIDOPS = {...}`; the rest of the source is kept as evidence and looked at:
what it imports, whether it reaches for the network, whether it runs other code.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.domain.workflow import schema_of

BYTES_MAX = 1_000_000
CELLS_MAX = 500
HEADER = "HYBRIDOPS"
FIELDS = frozenset(
    {
        "name", "title", "summary", "based_on", "parameters", "acceptance", "helping", "fallback", "providers",
        "submissions_max",
    }
)  # fmt: skip
RANGE_FIELDS = frozenset({"default", "low", "high", "step", "choices", "hint"})
NETWORK = frozenset(
    {"aiohttp", "ftplib", "http", "httpx", "paramiko", "requests", "smtplib", "socket", "urllib", "urllib3"}
)
DANGEROUS = frozenset({"eval", "exec", "compile", "__import__", "system", "popen"})
SHELL = ("!", "%")


@dataclass(frozen=True, slots=True)
class Finding:
    """`grave` ones keep a draft from being reviewed. `where` is a line, and in a notebook its cell."""

    where: str
    grave: bool
    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Source:
    """The header found, or an empty one; the imports; what a reviewer should know."""

    header: Mapping[str, Any]
    imports: tuple[str, ...]
    findings: tuple[Finding, ...]


def read_source(filename: str, data: bytes) -> Source:
    """Reads a `.py` or `.ipynb` file; raises BadInput where it cannot be read at all."""
    if len(data) > BYTES_MAX:
        raise BadInput(
            f"The file is larger than {BYTES_MAX // 1_000_000} MB. Clear its outputs and try again."
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise BadInput(f"The file is not UTF-8 text at byte {problem.start}.") from problem
    if filename.endswith(".ipynb"):
        parts = [(f"cell {number}, line ", cell) for number, cell in _cells(text)]
    elif filename.endswith(".py"):
        parts = [("line ", text)]
    else:
        raise BadInput("Propose a Python script (.py) or a notebook (.ipynb).")
    return _read(parts)


def _cells(text: str) -> Iterator[tuple[int, str]]:
    """The code cells with their numbers, counted as a reader counts them."""
    try:
        cells = json.loads(text)["cells"]
        if not isinstance(cells, list) or len(cells) > CELLS_MAX:
            raise BadInput(f"A notebook has a list of at most {CELLS_MAX} cells.")
        for number, cell in enumerate(cells, start=1):
            if cell["cell_type"] == "code":
                source = cell["source"]
                yield number, source if isinstance(source, str) else "".join(source)
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise BadInput(f"This is not a notebook: {type(problem).__name__} {problem}") from problem


def _read(parts: list[tuple[str, str]]) -> Source:
    headers: list[tuple[str, Any]] = []
    imports: set[str] = set()
    findings: list[Finding] = []
    for where, text in parts:
        tree = _parsed(where, text, findings)
        if tree is None:
            continue
        headers += _headers(where, tree, findings)
        imports |= {name for name, _ in _imports(tree)}
        findings += _looked_at(where, tree)
    header = _one_header(headers, findings)
    return Source(header, tuple(sorted(imports)), tuple(findings))


def _parsed(where: str, text: str, findings: list[Finding]) -> ast.Module | None:
    lines = text.split("\n")
    for number, written in enumerate(lines, start=1):
        if written.lstrip().startswith(SHELL):
            findings.append(
                _finding(where, number, "a notebook command that is not Python", "it is not carried over")
            )
            lines[number - 1] = ""
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        line = getattr(problem, "lineno", None) or 1
        findings.append(
            _finding(where, line, "this is not Python", "mend it and propose it again", grave=True)
        )
        return None


def _headers(where: str, tree: ast.Module, findings: list[Finding]) -> list[tuple[str, Any]]:
    found = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [HEADER]:
            try:
                found.append((f"{where}{node.lineno}", ast.literal_eval(node.value)))
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                mend = "write numbers, texts, lists and dicts; nothing is computed"
                findings.append(_finding(where, node.lineno, f"{HEADER} is not a literal", mend, grave=True))
    return found


def _one_header(headers: list[tuple[str, Any]], findings: list[Finding]) -> Mapping[str, Any]:
    if len(headers) == 1 and isinstance(headers[0][1], dict):
        where, header = headers[0]
        for name in sorted({str(key) for key in header} - FIELDS):
            mend = f"leave it out; known are {', '.join(sorted(FIELDS))}"
            findings.append(Finding(where, True, f"there is no field {name!r}", mend))
        return {str(key): value for key, value in header.items()}
    if not any(HEADER in finding.what for finding in findings):
        what = (
            f"{HEADER} stands here more than once" if len(headers) > 1 else f"there is no {HEADER} = {{...}}"
        )
        where = headers[-1][0] if headers else "line 1"
        findings.append(Finding(where, True, what, "say once what is proposed"))
    return {}


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0], node.lineno


def _looked_at(where: str, tree: ast.AST) -> Iterator[Finding]:
    for name, line in _imports(tree):
        if name in NETWORK:
            yield _finding(
                where, line, f"{name} reaches the network", "data comes from a snapshot, never from the code"
            )
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in DANGEROUS:
                yield _finding(
                    where,
                    node.lineno,
                    f"{called}() runs other code",
                    "it is not carried over; ask what it was for",
                )


def _finding(where: str, line: int, what: str, mend: str, *, grave: bool = False) -> Finding:
    return Finding(f"{where}{line}", grave, what, mend)


def body_of(header: Mapping[str, Any], base: Mapping[str, Any], *, author: str) -> dict[str, Any]:
    """The proposed workflow: a signed one with the header's fields in place of its own.

    Raises BadInput for a parameter or a range field that the base does not have: code comes with the product.
    """
    body = deepcopy(dict(base))
    body["author"] = author
    for field in FIELDS - {"based_on", "parameters"}:
        if field in header:
            body[field] = deepcopy(header[field])
    body["schema"] = schema_of(body)
    known = {parameter["name"]: parameter for parameter in body["parameters"]}
    ranges = header.get("parameters", {})
    if not isinstance(ranges, dict) or not all(isinstance(value, dict) for value in ranges.values()):
        raise BadInput("parameters maps a name to its range", field="parameters")
    for name, changed in ranges.items():
        if name not in known:
            raise BadInput(f"{base['title']} has no parameter {name!r}", field="parameters")
        if unknown := sorted(set(changed) - RANGE_FIELDS):
            raise BadInput(
                f"a parameter has no {unknown[0]!r}; known are {', '.join(sorted(RANGE_FIELDS))}", field=name
            )
        known[name].update(deepcopy(changed))
    return body
