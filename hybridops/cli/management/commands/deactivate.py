from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import HybridopsError
from hybridops.engine.leavers import put_out
from hybridops.teams.models import User


class Command(BaseCommand):
    help = (
        "Put a person, a service or an agent out at once: sessions, tokens, open pages; votes stop counting."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--why", required=True, help="kept in the trail")
        parser.add_argument("--successor", default="", help="who takes over what is open")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            put_out(
                user=User.objects.get(username=options["username"]),
                successor=User.objects.get(username=options["successor"]) if options["successor"] else None,
                why=options["why"],
                actor=SYSTEM,
            )
        except User.DoesNotExist:
            raise CommandError("There is nobody of this user name.") from None
        except HybridopsError as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(f"{options['username']} is out.")
