from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hybridops.cli.founding import add_person
from hybridops.domain.errors import BadInput
from hybridops.teams.models import Team
from hybridops.teams.permissions import Role


class Command(BaseCommand):
    help = "Add a person with a role in a team; prints the password made for them, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="")
        parser.add_argument("--email", default="")
        parser.add_argument("--role", choices=[role.value for role in Role], default=Role.ANALYST.value)
        parser.add_argument(
            "--team", default="", help="its short name; may be left out where there is one team"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        slugs = list(Team.objects.order_by("id").values_list("slug", flat=True))
        slug = options["team"] or (slugs[0] if len(slugs) == 1 else "")
        if slug not in slugs:
            raise CommandError(
                f"Say which team with --team: {', '.join(slugs) or 'there is none; run up first'}."
            )
        name = options["username"]
        try:
            password = add_person(
                username=name,
                name=options["name"] or name.capitalize(),
                email=options["email"] or f"{name}@localhost",
                team_slug=slug,
                role=Role(options["role"]),
            )
        except BadInput as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(f"{name} is {options['role']} of {slug} and signs in with {password} (shown once).")
