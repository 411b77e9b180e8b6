from __future__ import annotations

from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    name = "hybridops.experiments"

    def ready(self) -> None:
        from hybridops.experiments.announce import access_changed
        from hybridops.teams import signals

        signals.access_changed.connect(access_changed)
