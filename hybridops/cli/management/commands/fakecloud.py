from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Play the vendors on this machine until stopped, for rehearsals: nothing leaves it, nothing costs."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8900, help="on loopback (default: %(default)s)")
        parser.add_argument(
            "--wait",
            type=float,
            default=5.0,
            metavar="SECONDS",
            help="median time that a job waits (default: %(default)s)",
        )
        parser.add_argument("--seed", type=int, default=1, help="of the waits (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from hybridops.providers.fakecloud import rehearsal, serve
        except ImportError as problem:
            raise CommandError(
                f"{problem.name} is not installed: start with HYBRIDOPS_REQUIREMENTS=vendors."
            ) from None
        from hybridops.providers.fakecloud.cloud import Cloud

        folder = settings.HOME / "fakecloud"
        file, secrets = rehearsal.write(folder, f"http://{serve.HOST}:{options['port']}")
        self.stdout.write(
            f"Point an installation here with HYBRIDOPS_PROVIDERS_FILE={file} HYBRIDOPS_SECRETS=files:{secrets}"
        )
        cloud = Cloud(
            folder, credentials=rehearsal.CREDENTIALS, seed=options["seed"], wait_seconds=options["wait"]
        )
        serve.serve(cloud, options["port"])
