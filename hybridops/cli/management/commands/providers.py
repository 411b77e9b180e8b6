from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from hybridops.engine import vendors


class Command(BaseCommand):
    help = "List the configured providers, and why one cannot be asked."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        for key, (path, _) in settings.PROVIDERS.items():
            why = vendors.why_not(key)
            said = self.style.ERROR(f"unavailable: {why}") if why else self.style.SUCCESS("ready")
            self.stdout.write(f"{key:<16} {path.partition(':')[2]:<16} {said}")
