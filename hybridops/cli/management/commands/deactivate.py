from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import HybridopsError
from hybridops.teams.leaving import deactivate
from hybridops.teams.models import User


class Command(BaseCommand):
    help = (
        "Put a person, a service or an agent out at once: sessions, tokens, open pages; votes stop counting."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--why", required=True, help="kept in the trail")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            deactivate(user=User.objects.get(username=options["username"]), why=options["why"], actor=SYSTEM)
        except User.DoesNotExist:
            raise CommandError(f"There is no {options['username']}.") from None
        except HybridopsError as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(f"{options['username']} is out.")
