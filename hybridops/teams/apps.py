from __future__ import annotations

from django.apps import AppConfig, apps
from django.contrib.auth.signals import user_logged_out
from django.db.models.signals import post_migrate


class TeamsConfig(AppConfig):
    name = "hybridops.teams"

    def ready(self) -> None:
        from hybridops.teams.roles import after_migrate
        from hybridops.teams.signals import after_sign_out

        user_logged_out.connect(after_sign_out)
        # auth comes after teams: by then the permissions of teams are there.
        post_migrate.connect(after_migrate, sender=apps.get_app_config("auth"))
