"""Logging: one line an event on stderr; the supervisor keeps each process's lines in its own file."""

from __future__ import annotations

from typing import Any

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
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
