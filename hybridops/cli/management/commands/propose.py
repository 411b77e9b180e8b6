from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from hybridops.definitions.drafts import missing
from hybridops.domain.errors import HybridopsError
from hybridops.domain.proposal import BYTES_MAX
from hybridops.engine import authoring
from hybridops.teams.access import teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission


class Command(BaseCommand):
    help = "Make a draft of a workflow out of a notebook or script. Nothing of it is run; a second person reviews it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="username", required=True, help="who proposes it")
        parser.add_argument("--team", help="the team's short name, where the person has several")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        user = User.objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no {options['username']} here.")
        mine = teams_with(user, Permission.PROPOSE_DEFINITIONS)
        team = (mine.filter(slug=options["team"]) if options["team"] else mine).first()
        if team is None:
            raise CommandError(f"{user} may not propose a workflow there.")
        try:
            with file.open("rb") as source, transaction.atomic():
                data = source.read(BYTES_MAX + 1)
                draft = authoring.propose(user=user, team_id=team.pk, filename=file.name, data=data)
        except OSError as problem:
            raise CommandError(f"{file} cannot be read: {problem.strerror}.") from None
        except HybridopsError as problem:
            raise CommandError(f"{file.name}: {problem}") from None
        self.stdout.write(
            f"Draft {draft.pk}: {draft.name} version {draft.version}, at /definitions/{draft.pk}/"
        )
        for finding in draft.findings:
            self.stdout.write(f"  {finding['where']}: {finding['what']}; {finding['mend']}.")
        for lacking in missing(draft):
            self.stdout.write(f"  still missing: {lacking}")
