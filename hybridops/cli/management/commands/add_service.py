from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import HybridopsError
from hybridops.teams.machines import add_service
from hybridops.teams.models import Team, User


class Command(BaseCommand):
    help = "Add a service or an agent that asks by token; prints its secret, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="")
        parser.add_argument("--kind", choices=[User.SERVICE, User.AGENT], default=User.SERVICE)
        parser.add_argument(
            "--sponsor", required=True, help="the sign-in name of the person who answers for it"
        )
        parser.add_argument("--team", required=True, help="the team's short name")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["username"]
        try:
            _, made = add_service(
                username=name,
                name=options["name"] or name.capitalize(),
                kind=options["kind"],
                sponsor=User.objects.get(username=options["sponsor"]),
                team=Team.objects.get(slug=options["team"]),
                actor=SYSTEM,
            )
        except (User.DoesNotExist, Team.DoesNotExist):
            raise CommandError("There is no such person or no such team.") from None
        except HybridopsError as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(f"{name} asks /api/token as {made.client_id} with {made.secret} (shown once).")
