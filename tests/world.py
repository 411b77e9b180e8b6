"""A small world that tests share: one cast, one team and project, budgets, signed documents, a fake workflow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from hybridops.artifacts.services import store
from hybridops.audit import keyring
from hybridops.backends.services import observe
from hybridops.definitions import services as definitions
from hybridops.definitions.queries import price_book, workflow_named
from hybridops.domain import clock
from hybridops.domain.actors import SYSTEM
from hybridops.engine import wiring
from hybridops.engine.builtin import document
from hybridops.experiments import services, snapshots
from hybridops.experiments.models import DataSnapshot, Run
from hybridops.quotas.limits import open_budget
from hybridops.teams import services as teams
from hybridops.teams.models import Project, Team, User
from hybridops.teams.permissions import Role

PASSWORD = "correct horse battery 7"
DATA = b"data"

FAKE: dict[str, Any] = {
    "schema": "hybridops.workflow/1",
    "name": "fake",
    "version": 1,
    "title": "Fake",
    "summary": "A workflow of nothing, for tests of the engine.",
    "author": "tests",
    "workflow": "fake",
    "unit": "m",
    "stages": [
        {"key": "validate", "kind": "validate", "resource": "cpu", "needs": [], "step": "check", "seconds_max": 5, "label": "Check"},
        {"key": "baseline", "kind": "compute", "resource": "cpu", "needs": ["validate"], "step": "work", "seconds_max": 5, "label": "Baseline"},
        {"key": "narrow", "kind": "compute", "resource": "gpu", "needs": ["validate"], "step": "encode", "seconds_max": 5, "label": "Narrow"},
        {"key": "compile", "kind": "compute", "resource": "cpu", "needs": ["narrow"], "step": "compile", "seconds_max": 5, "label": "Compile"},
        {"key": "gate", "kind": "gate", "resource": "cpu", "needs": ["compile", "baseline"], "step": "", "seconds_max": 5, "label": "Approval"},
        {"key": "quantum", "kind": "quantum", "resource": "qpu", "needs": ["gate"], "step": "more", "seconds_max": 5, "label": "Sample"},
        {"key": "score", "kind": "score", "resource": "cpu", "needs": ["quantum"], "step": "score", "seconds_max": 5, "label": "Score"},
    ],
    "parameters": [
        {"name": "shots", "kind": "int", "default": 100, "low": 10, "high": 1000, "label": "Shots"},
        {"name": "rounds", "kind": "int", "default": 3, "low": 1, "high": 3, "label": "Rounds"},
    ],
    "acceptance": {"against": "heuristic", "worse_by_at_most": 0.0},
    "providers": ["scripted"],
    "fallback": "classical",
    "submissions_max": 3,
}  # fmt: skip

PRICES: dict[str, Any] = {
    "schema": "hybridops.pricebook/1",
    "name": "test prices",
    "currency": "USD",
    "source": "made up",
    "dated": "2026-01-01",
    "valid_to": "2099-01-01",
    "cpu_second": "0.00005",
    "gpu_second": "0.0009",
    "rules": [{"provider": "scripted", "backend": "*", "kind": "task+shot", "task": "0.30", "shot": "0.01"}],
}


@dataclass(frozen=True, slots=True)
class World:
    """Ines and Tomas submit, Mikkel, Ada and Noor review, Priya owns the policy, Farah keeps the money, Omar operates, Aud audits."""

    team: Team
    project: Project
    people: dict[str, User]
    snapshot: DataSnapshot

    def __getattr__(self, name: str) -> User:
        try:
            return self.people[name]
        except KeyError as problem:
            raise AttributeError(name) from problem


CAST = {
    "ines": Role.ANALYST,
    "tomas": Role.ANALYST,
    "mikkel": Role.REVIEWER,
    "ada": Role.REVIEWER,
    "noor": Role.REVIEWER,
    "priya": Role.POLICY_OWNER,
    "farah": Role.FINANCE,
    "omar": Role.OPERATOR,
    "aud": Role.AUDITOR,
}


def make_world(*, limit_usd: int = 1000) -> World:
    """Everything one needs for a run of the fake workflow. Zoe belongs to another team and sees none of it."""
    world = _found(FAKE, PRICES, document("policy"), limit_usd)
    other = teams.add_team(slug="other", name="Other", actor=SYSTEM)
    world.people["zoe"] = _person("zoe", other, Role.ANALYST)
    return world


def bench_world(definition: dict[str, Any], prices: dict[str, Any]) -> World:
    """The same around another workflow, with a policy that lets everything pass."""
    passes = [{"name": "everything", "by_policy": True, "machines": True, "when": []}]
    return _found(definition, prices, {**document("policy"), "tiers": passes, "rules": []}, 1_000_000)


def _found(
    definition: dict[str, Any], prices: dict[str, Any], policy: dict[str, Any], limit_usd: int
) -> World:
    keyring.make_missing()
    team = teams.add_team(slug="routing", name="Routing", actor=SYSTEM)
    project = teams.add_project(team=team, slug="aarhus", name="Aarhus", home_region="here", actor=SYSTEM)
    people = {name: _person(name, team, role) for name, role in CAST.items()}
    today = clock.now().date()
    open_budget(
        team_id=team.pk,
        name="Routing, this period",
        limit_micro=limit_usd * 1_000_000,
        starts_on=today - timedelta(days=100),
        ends_on=today + timedelta(days=100),
        actor=SYSTEM,
    )
    publish(prices, "pricebook")
    publish(policy, "policy")
    publish(definition, "workflow")
    observe(wiring.provider(definition["providers"][0]).backends())
    snapshot = snapshots.add_snapshot(
        user=people["ines"],
        project_id=project.pk,
        name="Wave 14",
        filename="wave.csv",
        workflow=definition["name"],
        digest=store(DATA),
        summary={"size": "12 stops"},
    )
    return World(team, project, people, snapshot)


def _person(name: str, team: Team, role: Role) -> User:
    user = User(username=name, name=name.capitalize(), email=f"{name}@example.org")
    user.set_unusable_password()
    user.save()
    teams.join(user=user, team=team, role=role, actor=SYSTEM)
    return user


def publish(body: dict[str, Any], kind: str) -> None:
    body = dict(body)
    if kind == "workflow":
        body["implementation"] = wiring.implementation(body["workflow"])
    definitions.publish(
        kind=kind,
        name=body["name"].replace(" ", "-"),
        version=body.get("version", 1),
        document=body,
        actor=SYSTEM,
    )


def submit(world: World, *, user: User | None = None, **changes: Any) -> Run:
    """A run as Ines submits it."""
    definition, digest = workflow_named(changes.pop("workflow", "fake"))
    wanted: dict[str, Any] = {
        "project_id": world.project.pk,
        "snapshot_id": world.snapshot.pk,
        "title": "Wave 14, zone C",
        "business_outcome": "shorter walks",
        "parameters": {},
        "seed": 7,
        "backend": "",
        "priority_class": "validation",
        "fallback": "classical",
        "deadline": None,
        "cost_max_micro": 50_000_000,
    }
    key = changes.pop("submit_key", uuid4().hex)
    return services.submit(
        user=user or world.ines,
        wanted=services.Wanted(**(wanted | changes)),
        definition=definition,
        definition_digest=digest,
        classical_micro=100_000,
        price_book=price_book()[1],
        submit_key=key,
    )
