from __future__ import annotations

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "hybridops.outbox"

    def ready(self) -> None:
        import hybridops.outbox.checks  # noqa: F401  # registers itself
