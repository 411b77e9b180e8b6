"""The message brokers that events go to, from a TOML file with one table a broker."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_KEYS = {"url", "url_file", "exchange", "queue", "kinds", "options"}


def brokers(file: str) -> dict[str, dict[str, Any]]:
    """Name → what `outbox.brokers.Broker` takes; nothing where no file is named. Raises ImproperlyConfigured."""
    if not file:
        return {}
    try:
        tables = tomllib.loads(Path(file).read_text())
    except OSError as problem:
        raise ImproperlyConfigured(f"{file} cannot be read ({problem.strerror}).") from None
    except tomllib.TOMLDecodeError as problem:
        raise ImproperlyConfigured(f"{file} is not TOML: {problem}.") from None
    return {name: _broker(file, name, table) for name, table in tables.items()}


def _broker(file: str, name: str, table: Any) -> dict[str, Any]:
    if not _NAME.fullmatch(name) or not isinstance(table, dict):
        raise ImproperlyConfigured(f"{file}: {name} is no table named in small letters, digits and -.")
    if unknown := set(table) - _KEYS:
        raise ImproperlyConfigured(f"{file}: {name} has no {', '.join(sorted(unknown))}.")
    kinds = table.get("kinds", ["*"])
    if not isinstance(kinds, list) or not kinds or not all(isinstance(one, str) for one in kinds):
        raise ImproperlyConfigured(f"{file}: the kinds of {name} are a list such as ['run.*'].")
    return {
        "url": _url(file, name, table),
        "exchange": str(table.get("exchange", "hybridops.events")),
        "queue": str(table.get("queue", "")),
        "kinds": tuple(kinds),
        "options": dict(table.get("options", {})),
    }


def _url(file: str, name: str, table: dict[str, Any]) -> str:
    """The address itself, or the file where it stands: it holds a password."""
    if ("url" in table) == ("url_file" in table):
        raise ImproperlyConfigured(f"{file}: {name} needs either url or url_file.")
    if "url" in table:
        return str(table["url"])
    try:
        return Path(str(table["url_file"])).read_text().strip()
    except OSError as problem:
        raise ImproperlyConfigured(
            f"{file}: the url_file of {name} cannot be read ({problem.strerror})."
        ) from None
