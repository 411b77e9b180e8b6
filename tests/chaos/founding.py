"""What the load needs to be there, told as one JSON line: `python -m tests.chaos.founding WEBHOOK`."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

PRICES = (("ionq", "simulator"), ("braket", "amazon/sv1"))


def price_the_simulators() -> None:
    """The vendors' simulators have no price in the shipped book; here 640 shots cost more than passes by policy."""
    from hybridops.definitions import services as definitions
    from hybridops.definitions.models import SignedDocument
    from hybridops.domain.actors import SYSTEM

    newest = SignedDocument.objects.filter(kind="pricebook").order_by("-version").first()
    assert newest is not None
    body = definitions.verified(newest)
    like = next(rule for rule in body["rules"] if rule["provider"] == "flaky")
    cheap = {"task": "0.10", "shot": "0.003"}
    rules = [{**like, **cheap, "provider": provider, "backend": backend} for provider, backend in PRICES]
    version = newest.version + 1
    body = {**body, "rules": [*rules, *body["rules"]]}
    if "version" in body:
        body["version"] = version
    definitions.publish(kind="pricebook", name=newest.name, version=version, document=body, actor=SYSTEM)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hybridops.config.settings")
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    import django

    django.setup()
    from hybridops.cli import serving
    from hybridops.cli.rehearsal.people import add_snapshot, found_demo
    from hybridops.cli.rehearsal.problems import PROBLEMS
    from hybridops.domain import clock
    from hybridops.domain.actors import SYSTEM
    from hybridops.outbox.kinds import KINDS
    from hybridops.outbox.services import add_webhook
    from hybridops.teams import machines
    from hybridops.teams.models import Team, User

    serving.migrate()
    found_demo(clock.now().date())
    price_the_simulators()
    team, sponsor = Team.objects.get(slug="logistics"), User.objects.get(username="mikkel")
    _, made = machines.add_service(
        username="load", name="Load", kind="service", sponsor=sponsor, team=team, actor=SYSTEM
    )
    kinds = sorted(set(KINDS) - {"audit.checkpoint"})
    add_webhook(team_id=team.pk, url=sys.argv[1], kinds=kinds, actor=SYSTEM)
    snapshots: list[dict[str, Any]] = []
    for name in ("wave-11", "wave-14"):
        problem = PROBLEMS[name]
        row = add_snapshot("ines", problem.project, problem.name, problem.data(), problem.filename)
        snapshots.append({"snapshot": row.pk, "project": row.project_id})
    told = {"client": made.client_id, "secret": made.secret, "snapshots": snapshots}
    print(json.dumps(told), file=answers)


if __name__ == "__main__":
    main()
