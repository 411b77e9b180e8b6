"""Logging: one line an event on stderr; the supervisor keeps each process's lines in its own file.

`HYBRIDOPS_LOG=json` makes each line an object for a collector. Whatever looks like a credential is hidden in both.
"""

from __future__ import annotations

import json
import logging
import os
import re
from datetime import UTC, datetime
from typing import Any

HIDDEN = "…"
_SECRETS = (
    re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}"),
    re.compile(r"(\w+://[^:/@\s]*:)[^@\s]+(?=@)"),  # the password of an address
    re.compile(
        r"""(?i)((?:password|secret|token|api[_-]?key|authorization|x-auth-token)["']?\s*[:=]\s*["']?)[^\s"',&]{4,}"""
    ),
)


def hidden(text: str) -> str:
    """The text without what looks like a credential."""
    for pattern in _SECRETS:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return text


class Line(logging.Formatter):
    """A line for people."""

    def format(self, record: logging.LogRecord) -> str:
        return hidden(super().format(record))


class Object(logging.Formatter):
    """A line for a collector: time, level, logger, message, process, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": hidden(record.getMessage()),
            "process": record.process,
        }
        if record.exc_info:
            told["traceback"] = hidden(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False)


FORMATS: dict[str, dict[str, Any]] = {
    "line": {"()": Line, "format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    "json": {"()": Object},
}
FORM = os.environ.get("HYBRIDOPS_LOG") or "line"

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": FORMATS,
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": FORM if FORM in FORMATS else "line"}
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "hybridops": {"level": "INFO"},
        # Django's own handlers would print a second copy, or mail it.
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        # 4xx answers are ordinary; 5xx arrive here with their traceback.
        "django.request": {"level": "ERROR"},
        "django.server": {"handlers": [], "propagate": True},
    },
}
