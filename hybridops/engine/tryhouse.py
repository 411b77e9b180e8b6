"""The inside of a dry run, as a program: the draft comes on stdin, what came of it goes to stdout as one line."""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from hybridops.domain.risk import EXEMPT

BACKEND = "ideal"
ROUNDS_MAX = 60


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "hybridops.config.settings"
    import django

    django.setup()
    from hybridops.domain.errors import HybridopsError

    body, began = json.load(sys.stdin), monotonic()
    try:
        told = _play(body)
    except HybridopsError as problem:
        told = {"passed": False, "why": str(problem)}
    print(json.dumps({**told, "seconds": round(monotonic() - began, 1)}))


def _play(body: dict[str, Any]) -> dict[str, Any]:
    from django.core.management import call_command

    from hybridops.engine.inline import ask_providers, drive
    from hybridops.experiments.announce import silence

    call_command("migrate", verbosity=0)
    with silence():
        run = _submit(body)
        for _ in range(ROUNDS_MAX):
            if drive(run.pk).outcome:
                break
            _simulate()
            ask_providers(run.pk)
        return _told(run.pk)


def _submit(body: dict[str, Any]) -> Any:
    """Somebody with a budget, the shipped prices, a policy without a gate, the draft, one built-in data set."""
    from hybridops.audit import keyring
    from hybridops.backends.services import observe
    from hybridops.definitions.services import publish
    from hybridops.domain import clock
    from hybridops.domain.actors import SYSTEM
    from hybridops.engine import intake, wiring
    from hybridops.engine.builtin import document
    from hybridops.experiments.services import Wanted
    from hybridops.quotas.limits import open_budget
    from hybridops.teams import services as teams
    from hybridops.teams.models import User
    from hybridops.teams.permissions import Role

    keyring.make_missing()
    team = teams.add_team(slug="dry", name="Dry run", actor=SYSTEM)
    project = teams.add_project(team=team, slug="dry", name="Dry run", actor=SYSTEM)
    user = User.objects.create(username="dry", name="Dry run", email="")
    teams.join(user=user, team=team, role=Role.ANALYST, actor=SYSTEM)
    today = clock.now().date()
    open_budget(
        team_id=team.pk, name="Dry run", limit_micro=10**9, starts_on=today, ends_on=today + timedelta(days=1),
        actor=SYSTEM,
    )  # fmt: skip
    open_tier = {"name": "dry run", "when": [], "by_policy": True, "machines": True}
    policy = {**document("policy"), "tiers": [open_tier], "rules": []}
    for kind, one in (("policy", policy), ("pricebook", document("pricebook")), ("workflow", body)):
        name = str(one["name"]).replace(" ", "-")
        publish(kind=kind, name=name, version=one.get("version", 1), document=one, actor=SYSTEM)
    observe(wiring.provider("local").backends())
    offered = intake.builtin_snapshots(body["name"])
    snapshot = intake.add_builtin(
        user=user, project_id=project.pk, workflow_name=body["name"], key=offered[0].key
    )
    wanted = Wanted(
        project_id=project.pk, snapshot_id=snapshot.pk, title="Dry run", business_outcome="", parameters={}, seed=1,
        backend=BACKEND, priority_class=EXEMPT, fallback="stop", deadline=None, cost_max_micro=10**9,
        anyway="A dry run goes the whole way.",
    )  # fmt: skip
    return intake.submit(user=user, workflow_name=body["name"], wanted=wanted, submit_key="dry-run")


def _simulate() -> None:
    from django.conf import settings

    from hybridops.providers.service import run_pending

    run_pending(Path(settings.HOME) / "simulator")


def _told(run_id: int) -> dict[str, Any]:
    """It passed where the whole way was gone: accepted or not is the rule's word, not a fault of the draft."""
    from hybridops.experiments.models import Run

    run = Run.objects.get(pk=run_id)
    stages = list(run.stages.order_by("id"))
    arms: dict[str, Any] = next((stage.summary["arms"] for stage in stages if "arms" in stage.summary), {})
    return {
        "passed": run.outcome in ("accepted", "not_accepted"),
        "outcome": run.outcome or run.state,
        "why": run.why or next((stage.why for stage in stages if stage.state == "held"), ""),
        "objectives": {name: arm.get("objective") for name, arm in arms.items()},
        "stages": {stage.key: stage.state for stage in stages},
    }
