from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import HybridopsError
from hybridops.engine.erasing import erase_person
from hybridops.teams.models import User


class Command(BaseCommand):
    help = "Erase a deactivated person on request: names, addresses, words, sensitive uploads. Every proof still holds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--person", required=True, help="the user name")
        parser.add_argument("--why", required=True, help="who asked for it and when; kept in the trail")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = User.objects.get(username=options["person"])
            gone = erase_person(user=user, actor=SYSTEM, why=options["why"])
        except User.DoesNotExist:
            raise CommandError(f"There is no {options['person']}.") from None
        except HybridopsError as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(f"Erased person {user.pk}; {gone} texts of the log are gone. Run verify now.")
