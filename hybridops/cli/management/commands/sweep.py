from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from hybridops.engine.sweep import Sweeper


class Command(BaseCommand):
    help = (
        "Call again whoever stands still too long, let requests lapse, and seal the log, until told to stop."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        Sweeper().run_forever()
