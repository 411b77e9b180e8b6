"""Log lines for strangers: of each line only what our own code says whatever happens, never what it was told.

A message is kept as the text that stands in our source, with its gaps; a traceback as the places in our files and
the kinds of the errors. Every other word, also one that looks harmless, is left out.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
LINES_MAX = 400
LEFT_OUT = "(left out)"
_LINE = re.compile(
    r"^(\d{4}-\d\d-\d\d[ T][\d:,.+]+) (DEBUG|INFO|WARNING|ERROR|CRITICAL) (hybridops[\w.]*): (.*)$"
)
_PLACE = re.compile(r'^\s*File ".*?/(hybridops/[\w/]+\.py)", line (\d+), in (\w+)')
_ERROR = re.compile(
    r"^((?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Refused|Conflict|Exit|Interrupt|Away|Input))\b"
)
_GAP = re.compile(r"%[-\d.]*[sdfr]")


def told(file: Path) -> list[str]:
    """The newest lines of a log, each cut down to what may be shown."""
    with file.open(errors="replace") as lines:
        newest = list(lines)[-LINES_MAX:]
    return list(_cut(newest))


def _cut(lines: Sequence[str]) -> Iterator[str]:
    """What is left out of several lines in a row is said once."""
    before = ""
    for line in lines:
        now = _one(line.rstrip("\n"))
        if now != LEFT_OUT or before != LEFT_OUT:
            yield now
        before = now


def _one(line: str) -> str:
    if found := _LINE.match(line):
        at, level, logger, message = found.groups()
        return f"{at} {level} {_module(logger)}: {_template(message)}"
    if found := _PLACE.match(line):
        return f"  {found[1]}:{found[2]} {found[3]}" if (PACKAGE.parent / found[1]).exists() else LEFT_OUT
    if found := _ERROR.match(line):
        return f"  {found[1]}" if _is_known_error(found[1]) else LEFT_OUT
    return _object(line) if line.startswith("{") else LEFT_OUT


def _object(line: str) -> str:
    """A line of `HYBRIDOPS_LOG=json`."""
    try:
        body = json.loads(line)
        level, message = str(body["level"]), _template(str(body["message"]))
        at = re.sub(r"[^\d:.+TZ-]", "", str(body["time"]))[:40]
    except (ValueError, TypeError, KeyError):
        return LEFT_OUT
    rest = [_one(each) for each in str(body.get("traceback", "")).splitlines()]
    kept = "".join(f"\n{each}" for each in rest if each != LEFT_OUT)
    known = level if level in ("debug", "info", "warning", "error", "critical") else LEFT_OUT
    return f"{at} {known} {_module(str(body.get('logger', '')))}: {message}{kept}"


def _module(logger: str) -> str:
    return logger if logger in _sources()[0] else "hybridops"


def _template(message: str) -> str:
    return next((text for text, form in _sources()[1] if form.fullmatch(message)), LEFT_OUT)


@cache
def _sources() -> tuple[frozenset[str], tuple[tuple[str, re.Pattern[str]], ...]]:
    """Our modules, and every text that they give to a logger, the longest first."""
    modules, texts = set(), set()
    for file in PACKAGE.rglob("*.py"):
        modules.add(".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts))
        source = file.read_text()
        if "_log." in source:
            texts |= set(_logged(ast.parse(source)))
    forms = sorted(texts, key=len, reverse=True)
    return frozenset(modules), tuple((text, _form(text)) for text in forms)


def _logged(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        first = node.args[0]
        if (
            isinstance(node.func.value, ast.Name)
            and node.func.value.id == "_log"
            and isinstance(first, ast.Constant)
            and _GAP.sub("", str(first.value)).strip(" :")
        ):
            yield str(first.value)


def _form(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in _GAP.split(text)), re.DOTALL)


def _is_known_error(name: str) -> bool:
    """Built in, or of a module: a word of somebody's that only looks like an error is neither."""
    import builtins

    return hasattr(builtins, name) or name.partition(".")[0] in {
        "hybridops", "django", "psycopg", "redis", "botocore", "urllib3", "sqlite3", "rq", "httpx",
    }  # fmt: skip
