"""The matrix: every address × every role × own team, other team, nobody. What is right is read from the table of roles.

An address without a row here fails, so does a row without its address. Each request is undone after it was answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from itertools import zip_longest
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver

from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.audit.models import AuditEvent
from hybridops.backends.models import Listing
from hybridops.definitions.models import SignedDocument
from hybridops.domain.actors import SYSTEM
from hybridops.experiments import holds, invoices
from hybridops.experiments.models import Run
from hybridops.outbox import services as outbox
from hybridops.quotas import limits
from hybridops.quotas.models import Budget
from hybridops.teams import machines, services
from hybridops.teams.models import Team, User
from hybridops.teams.permissions import ROLE_PERMISSIONS, Permission, Role
from hybridops.triggers import services as triggers
from tests.approvals.asking import ask
from tests.house.test_doors import addresses
from tests.long import LONG
from tests.web.test_submit import values
from tests.world import World

P = Permission
IN = 302  # a write that was done leads on
ALL = frozenset(Role)
NUMBERED = re.compile(r"\{(?!name|part)")


@dataclass(frozen=True)
class Row:
    """`needs`: what the role must hold, None for everybody who is signed in. `section`: the page of a whole section,
    which holders of another team have too, with their own things in it; otherwise it is one object of a team.
    `yes` and `no`: the answers. `post`: what a write sends.
    """

    needs: Permission | None = None
    yes: int = 200
    no: int = 404
    section: bool = False
    foreign: int = 0  # for who holds the right in another team, where a form says that the team is no choice
    post: Callable[[World], dict[str, Any]] | None = None


def reads(needs: Permission, **more: Any) -> Row:
    return Row(needs, **more)


def writes(needs: Permission, post: Callable[[World], dict[str, Any]], *, yes: int = IN, **more: Any) -> Row:
    return Row(needs, yes=yes, post=post, **more)


def own(yes: int = 200, **more: Any) -> Row:
    """One's own account, or a page that shows what is one's own."""
    return Row(None, yes=yes, section=True, **more)


def _decision(world: World) -> dict[str, Any]:
    return _decision_on(ApprovalRequest.objects.get().pk)


def _decision_on(pk: int) -> dict[str, Any]:
    return {
        "verdict": "reject",
        "reason": "too dear",
        "digest_shown": ApprovalRequest.objects.get(pk=pk).digest,
    }


def _why(world: World) -> dict[str, Any]:
    return {"why": "because"}


def _nothing(world: World) -> dict[str, Any]:
    return {}


def _person(world: World) -> dict[str, Any]:
    return {
        "username": "nina",
        "name": "Nina",
        "email": "nina@example.org",
        "team": world.team.pk,
        "role": "reviewer",
    }


def _service(world: World) -> dict[str, Any]:
    return {
        "username": "bot",
        "name": "Bot",
        "kind": "service",
        "team": world.team.pk,
        "sponsor": world.ines.pk,
    }


def _role(world: World) -> dict[str, Any]:
    return {"team": world.team.pk, "role": "reviewer"}


def _limit(world: World) -> dict[str, Any]:
    micro = Budget.objects.get().limit_micro
    return {"limit": "2000", "seen": str(micro), "why": "more work"}


def _no(world: World) -> dict[str, Any]:
    return {"verdict": "decline"}


def _aside(world: World) -> dict[str, Any]:
    return {"verb": "aside", "why": "because"}


def _text(world: World) -> dict[str, Any]:
    return {"text": "something"}


def _webhook(world: World) -> dict[str, Any]:
    return {"team": world.team.pk, "url": "https://hooks.example.org/", "kinds": ["run.ended"]}


def _leaving(world: World) -> dict[str, Any]:
    return {"verb": "retire", "why": "because"}


def _word(world: World) -> dict[str, Any]:
    return {"verdict": "keep", "why": "because"}


def _hold(world: World) -> dict[str, Any]:
    return {"kind": "project", "name": world.project.slug, "why": "because"}


def _marks(world: World) -> dict[str, Any]:
    return {"data_class": "sensitive", "regions": "home", "why": "because"}


def _successor(world: World) -> dict[str, Any]:
    return {"successor": world.ines.pk}


def _erasure(world: World) -> dict[str, Any]:
    return {"username": "tomas", "why": "because"}


def _cap(world: World) -> dict[str, Any]:
    return {"provider": "scripted", "backend": "aster", "at_once": "2", "seen": "0", "why": "because"}


def _breaker(world: World) -> dict[str, Any]:
    return {"provider": "scripted", "backend": "aster", "verb": "hold", "seen": "0", "why": "because"}


def _run(world: World) -> dict[str, Any]:
    return values(world)


# (name, method) → who. `{run}`, `{request}`, `{budget}`, `{person}`, `{service}`, `{event}` are of the own team.
MATRIX: dict[tuple[str, str], Row] = {
    ("today", "get"): own(),
    ("runs", "get"): own(),
    ("run", "get"): reads(P.SEE_RUNS),
    ("run_part", "get"): reads(P.SEE_RUNS),
    ("artifact", "get"): reads(P.SEE_RUNS),
    ("cancel", "get"): reads(P.SUBMIT_RUNS),
    ("cancel", "post"): writes(P.SUBMIT_RUNS, _nothing),
    ("replay", "post"): writes(P.SUBMIT_RUNS, _nothing, yes=422),  # it may, but this run has not ended
    ("workflows", "get"): own(),
    ("guide", "get"): reads(P.SUBMIT_RUNS, section=True, no=403),
    ("guide", "post"): writes(P.SUBMIT_RUNS, _nothing, yes=422, section=True, no=403),
    ("submit", "get"): reads(P.SUBMIT_RUNS, section=True, no=403),
    ("submit", "post"): writes(P.SUBMIT_RUNS, _run, no=403, foreign=422),
    ("preview", "post"): writes(P.SUBMIT_RUNS, _run, yes=200, no=403, foreign=422),
    ("upload", "post"): writes(P.SUBMIT_RUNS, _nothing, yes=422, section=True, no=403),
    ("approvals", "get"): own(),
    ("decision", "get"): reads(P.SEE_RUNS),
    ("decide", "post"): writes(P.DECIDE, _decision, yes=422),  # it may, and has yet to prove to be there
    ("decision_passkey", "post"): writes(
        P.SEE_RUNS, _decision, yes=422
    ),  # who sees it may ask; nobody has a passkey
    ("claim", "post"): writes(P.DECIDE, _nothing),
    ("release", "post"): writes(P.SEE_RUNS, _nothing),  # only a claim of one's own is given back
    ("comment", "post"): writes(P.SEE_RUNS, _text),
    ("break_glass", "get"): reads(P.BREAK_GLASS),
    ("break_glass", "post"): writes(P.BREAK_GLASS, _nothing, yes=422),
    ("emergency_passkey", "post"): writes(P.BREAK_GLASS, _nothing, yes=422),
    ("away", "get"): reads(P.SEE_RUNS, section=True, no=403),
    ("policy", "get"): reads(P.SEE_RUNS, section=True, no=403),
    ("policy", "post"): writes(P.MANAGE_POLICY, _text, section=True, yes=422, no=403),
    ("cost", "get"): reads(P.SEE_COSTS, section=True, no=403),
    ("cost_csv", "get"): reads(P.SEE_COSTS, section=True, no=403),
    ("explore", "get"): reads(P.SEE_COSTS, section=True, no=403),
    ("explore_csv", "get"): reads(P.SEE_COSTS, section=True, no=403),
    ("focus_csv", "get"): reads(P.SEE_COSTS, section=True, no=403),
    ("focus_parquet", "get"): reads(P.SEE_COSTS, section=True, no=403),
    ("cost_week", "get"): reads(P.SEE_COSTS, section=True, no=403),
    ("budget_limit", "post"): writes(P.MANAGE_BUDGETS, _limit),
    ("budget_clear", "post"): writes(P.MANAGE_BUDGETS, _why),
    ("budgets", "get"): reads(P.SEE_COSTS, section=True, no=403),
    ("budget_open", "post"): writes(P.MANAGE_BUDGETS, _nothing, yes=422, section=True, no=403),
    ("period_close", "post"): writes(P.MANAGE_BUDGETS, _nothing, yes=422, section=True, no=403),
    ("change_decide", "post"): writes(P.MANAGE_BUDGETS, _no),
    ("ledger", "get"): reads(P.SEE_COSTS, section=True, no=403),
    ("budgets_csv", "get"): reads(P.SEE_COSTS, section=True, no=403),
    ("cost_week_csv", "get"): reads(P.SEE_COSTS, section=True, no=403),
    ("ledger_csv", "get"): reads(P.SEE_COSTS, section=True, no=403),
    ("invoices", "get"): reads(P.SEE_COSTS, section=True, no=403),
    ("invoices_csv", "get"): reads(P.SEE_COSTS, section=True, no=403),
    ("invoice_import", "post"): writes(P.MANAGE_BUDGETS, _nothing, yes=422, section=True, no=403),
    ("invoice", "get"): reads(P.SEE_COSTS),
    ("invoice_csv", "get"): reads(P.SEE_COSTS),
    ("invoice_match", "post"): writes(P.MANAGE_BUDGETS, _nothing),
    ("invoice_line", "post"): writes(P.MANAGE_BUDGETS, _aside),
    ("audit", "get"): reads(P.SEE_AUDIT, section=True, no=403),
    ("audit_event", "get"): reads(P.SEE_AUDIT, section=True),
    ("audit_proof", "get"): reads(P.SEE_AUDIT, section=True, yes=422),  # it may, but nothing is sealed yet
    ("audit_checkpoint", "get"): reads(P.SEE_AUDIT, section=True, yes=422),
    ("verify", "post"): writes(P.SEE_AUDIT, _nothing, section=True, no=403, yes=200),
    ("spending_stop", "post"): writes(P.OPERATE, _why, section=True),
    ("spending_resume", "post"): writes(P.OPERATE, _nothing, section=True),
    ("people", "get"): reads(P.MANAGE_PEOPLE, section=True, no=403),
    ("person_add", "post"): writes(P.MANAGE_PEOPLE, _person, yes=200, foreign=422),
    ("service_add", "post"): writes(P.MANAGE_PEOPLE, _service, yes=200, foreign=422),
    ("person_role", "post"): writes(P.MANAGE_PEOPLE, _role),
    ("person_deactivate", "post"): writes(P.MANAGE_PEOPLE, _why),
    ("person_reactivate", "post"): writes(P.MANAGE_PEOPLE, _nothing),
    ("service_secret", "post"): writes(P.MANAGE_PEOPLE, _nothing, yes=200),
}
MATRIX |= {
    ("operations", "get"): reads(P.OPERATE, section=True, no=403),
    ("status", "get"): own(),
    ("queues", "get"): reads(P.OPERATE, section=True, no=403),
    ("queue_cap", "post"): writes(P.OPERATE, _cap, section=True),
    ("backends", "get"): reads(P.SEE_RUNS, section=True, no=403),
    ("backend", "get"): reads(P.SEE_RUNS, section=True),
    ("breaker", "post"): writes(P.OPERATE, _breaker, section=True),
    ("settings", "get"): own(),
    ("theme", "post"): own(IN),
    ("command_lines_end", "post"): own(IN),
    ("demo_code", "get"): own(404),  # the demo's alone
}
MATRIX |= {
    ("messages", "get"): own(),
    ("message_paces", "post"): own(422, post=_nothing),
    ("notice_again", "post"): writes(P.OPERATE, _nothing, section=True, yes=404),  # there is no such notice
    ("notice_leave_out", "post"): writes(P.OPERATE, _nothing, section=True, yes=404),
    ("notice_replay", "post"): writes(P.OPERATE, _nothing, section=True, yes=422),
    ("webhook_secret", "post"): writes(P.OPERATE, _nothing),
    ("webhook_add", "post"): writes(P.OPERATE, _webhook, foreign=422),
    ("webhook_stop", "post"): writes(P.OPERATE, _nothing),
    ("definitions", "get"): reads(P.SEE_RUNS, section=True, no=403),
    ("definition_propose", "post"): writes(P.PROPOSE_DEFINITIONS, _nothing, section=True, yes=422),
    ("definition_from", "post"): writes(P.PROPOSE_DEFINITIONS, _nothing, section=True),
    ("definition_leave", "post"): writes(P.REVIEW_DEFINITIONS, _leaving, section=True),
    ("definitions_week", "get"): reads(P.SEE_RUNS, section=True, no=403),
    ("definition_note", "post"): writes(P.REVIEW_DEFINITIONS, _word, section=True),
}
MATRIX |= {
    **{
        (name, "get"): reads(P.SEE_RUNS, section=True, no=403)
        for name in (
            *("evidence", "evidence_list_csv", "evidence_of", "evidence_csv", "benchmark", "benchmark_csv"),
            "compare",
        )
    },
    ("evidence_decide", "post"): writes(
        P.REVIEW_DEFINITIONS, _nothing, section=True, yes=409
    ),  # it may, and has yet to say which verdict it saw
    ("compare_csv", "get"): reads(P.SEE_RUNS, section=True, no=403),
    ("data", "get"): reads(P.SEE_RUNS, section=True, no=403),
    ("snapshot", "get"): reads(P.SEE_RUNS),
    ("holds", "get"): reads(P.HOLD_DATA, section=True, no=403),
    ("hold_place", "post"): writes(P.HOLD_DATA, _hold, no=403, foreign=422),
    ("hold_lift", "post"): writes(P.HOLD_DATA, _why),
    ("snapshot_class", "post"): writes(
        P.MANAGE_PEOPLE, _marks
    ),  # and its owner: tests/experiments/test_snapshots.py
    ("person_hand_over", "post"): writes(
        P.MANAGE_PEOPLE, _successor, yes=422
    ),  # it may, but this person is active
    ("person_erase", "post"): writes(P.MANAGE_PEOPLE, _erasure, yes=422),  # the same
}
MATRIX |= {
    ("schedules", "get"): reads(P.SEE_RUNS, section=True, no=403),
    ("schedule_add", "post"): writes(P.SUBMIT_RUNS, _nothing, yes=422, section=True),
    # Their owners rule them too: tests/web/test_schedules.py.
    ("schedule_pause", "post"): writes(P.OPERATE, _nothing),
    ("schedule_resume", "post"): writes(P.OPERATE, _nothing, yes=409),  # it may, but it is not paused
    ("schedule_end", "post"): writes(P.OPERATE, _nothing),
    ("hook_add", "post"): writes(P.SUBMIT_RUNS, _nothing, yes=422, section=True),
    ("hook_secret", "post"): writes(P.OPERATE, _nothing, yes=200),
    ("hook_end", "post"): writes(P.OPERATE, _nothing),
}
# Things that stand in more states than one row says: asked as every role in the tests of their own.
ELSEWHERE = {
    **dict.fromkeys(
        ("draft", "draft_save", "draft_try", "draft_ask", "draft_withdraw", "draft_review", "draft_passkey"),
        "tests/web/test_definitions.py::test_every_verb_is_for_whom_it_is_meant",
    ),
    **dict.fromkeys(
        ("delegate", "revoke", "freeze", "lift"),
        "tests/web/test_around_a_decision.py::test_who_may_not_delegate_or_freeze",
    ),
    "break_glass_review": "tests/web/test_around_a_decision.py::test_an_emergency_from_its_page_to_the_look_at_it",
    "run_proofs": "tests/web/test_audit.py::test_proofs_of_a_run_are_for_who_sees_the_run",
    "unclear": "tests/web/test_unclear.py::test_only_who_operates_there_sees_it",
}
# Programs: a session opens none of them. What tokens open: tests/api/test_matrix.py.
TOKENS = {"token": 405, "device": 405, "revoke_token": 405, "hook": 405}
# About the account of who is signed in, and nobody else's: they take no number, but that of one's own passkey.
ACCOUNT = {
    "device_authorization", "account_confirm_reauthentication_code", "account_request_reauthentication_code",
    "account_change_password", "account_confirm_email", "account_confirm_login_code", "account_email", "account_inactive",
    "account_email_verification_sent", "account_login", "account_logout", "account_reauthenticate",
    "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "account_set_password", "account_signup", "mfa_activate_totp",
    "mfa_add_webauthn", "mfa_authenticate", "mfa_deactivate_totp", "mfa_download_recovery_codes", "mfa_edit_webauthn",
    "mfa_generate_recovery_codes", "mfa_index", "mfa_list_webauthn", "mfa_login_webauthn", "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn", "mfa_remove_webauthn", "mfa_view_recovery_codes", "openid_connect_callback",
    "openid_connect_login", "socialaccount_connections", "socialaccount_login_cancelled", "socialaccount_login_error",
    "socialaccount_signup", "usersessions_list",
}  # fmt: skip
OPEN = {"healthz", "livez", "metrics"}


@dataclass
class Stage:
    """The world with everything that the addresses name, and one person of each role in either team."""

    world: World
    people: dict[tuple[str, str], User] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def url(self, name: str) -> str:
        route = ROUTES[name]
        for key, value in {"name": "fake", "part": "main", **self.numbers}.items():
            route = route.replace(f"{{{key}}}", str(value))
        return route


ROUTES = {
    "today": "/", "runs": "/runs/", "run": "/runs/{run}/", "run_part": "/runs/{run}/part/{part}/", "artifact": "/runs/{run}/artifact/circuit/",
    "cancel": "/runs/{run}/cancel/", "replay": "/runs/{run}/replay/", "workflows": "/workflows/", "guide": "/workflows/guide/",
    "submit": "/workflows/{name}/submit/", "preview": "/workflows/{name}/preview/", "upload": "/workflows/{name}/data/",
    "approvals": "/approvals/", "decision": "/approvals/{request}/", "decide": "/approvals/{request}/decide/",
    "explore": "/cost/explore/", "explore_csv": "/cost/explore/export.csv", "focus_csv": "/cost/focus-1.2.csv",
    "focus_parquet": "/cost/focus-1.2.parquet", "cost_week": "/cost/week/", "cost_week_csv": "/cost/week/export.csv",
    "budgets_csv": "/cost/budgets/export.csv",
    "cost": "/cost/", "cost_csv": "/cost/export.csv", "budget_limit": "/cost/budgets/{budget}/limit/",
    "budgets": "/cost/budgets/", "budget_open": "/cost/budgets/open/", "period_close": "/cost/periods/close/",
    "change_decide": "/cost/changes/{change}/", "ledger": "/cost/ledger/", "ledger_csv": "/cost/ledger/export.csv",
    "invoices": "/cost/invoices/", "invoice_import": "/cost/invoices/import/", "invoice": "/cost/invoices/{invoice}/",
    "invoice_csv": "/cost/invoices/{invoice}/lines.csv", "invoices_csv": "/cost/invoices/export.csv",
    "invoice_match": "/cost/invoices/{invoice}/match/", "invoice_line": "/cost/invoices/lines/{line}/",
    "budget_clear": "/cost/budgets/{budget}/clear/", "audit": "/audit/", "audit_event": "/audit/{event}/",
    "verify": "/audit/verify/", "spending_stop": "/spending/stop/", "spending_resume": "/spending/resume/",
    "people": "/people/", "person_add": "/people/add/", "service_add": "/people/add-service/",
    "person_role": "/people/{person}/role/", "person_deactivate": "/people/{person}/deactivate/",
    "person_reactivate": "/people/{person}/reactivate/", "service_secret": "/people/{service}/secret/",
    "operations": "/operations/", "status": "/status/",
    "queues": "/queues/", "queue_cap": "/queues/cap/",
    "backends": "/backends/", "backend": "/backends/{backend}/", "breaker": "/backends/breaker/",
    "settings": "/settings/", "theme": "/theme/", "demo_code": "/settings/demo-code/",
    "messages": "/messages/", "message_paces": "/messages/paces/",
    "notice_again": "/messages/again/mail/1/", "webhook_add": "/messages/webhooks/",
    "notice_leave_out": "/messages/leave-out/mail/1/", "notice_replay": "/messages/replay/",
    "webhook_secret": "/messages/webhooks/{webhook}/secret/", "webhook_stop": "/messages/webhooks/{webhook}/stop/", "definitions": "/definitions/",
    "definition_propose": "/definitions/propose/", "definition_from": "/definitions/from/workflow/fake/",
    "definition_leave": "/definitions/documents/{document}/leave/", "definitions_week": "/definitions/week/",
    "definition_note": "/definitions/week/{document}/",
    "evidence_decide": "/evidence/fake/decide/",
    "evidence": "/evidence/", "evidence_list_csv": "/evidence/export.csv",
    "evidence_of": "/evidence/fake/", "evidence_csv": "/evidence/fake/pairs.csv",
    "benchmark": "/evidence/fake/report/?figure=accepted", "benchmark_csv": "/evidence/fake/report.csv",
    "compare": "/compare/", "compare_csv": "/compare/table.csv",
    "data": "/data/", "snapshot": "/data/{snapshot}/", "snapshot_class": "/data/{snapshot}/class/", "holds": "/data/holds/",
    "hold_place": "/data/holds/add/", "hold_lift": "/data/holds/{hold}/lift/",
    "person_hand_over": "/people/{person}/hand-over/", "person_erase": "/people/{person}/erase/",
    "decision_passkey": "/approvals/{request}/passkey/", "claim": "/approvals/{request}/claim/",
    "release": "/approvals/{request}/release/", "comment": "/approvals/{request}/comment/",
    "break_glass": "/approvals/{request}/break-glass/",
    "emergency_passkey": "/approvals/{request}/break-glass/passkey/", "away": "/approvals/away/",
    "policy": "/policy/", "audit_proof": "/audit/{event}/proof/", "audit_checkpoint": "/audit/checkpoint/",
    "token": "/api/token", "device": "/api/device", "revoke_token": "/api/revoke",
    "command_lines_end": "/settings/command-lines/end/",
    "hook": "/hooks/x/",
    "schedules": "/schedules/", "schedule_add": "/schedules/add/", "schedule_pause": "/schedules/{schedule}/pause/",
    "schedule_resume": "/schedules/{schedule}/resume/", "schedule_end": "/schedules/{schedule}/end/",
    "hook_add": "/schedules/hooks/", "hook_secret": "/schedules/hooks/{hook}/secret/",
    "hook_end": "/schedules/hooks/{hook}/end/",
}  # fmt: skip


@pytest.fixture
def stage(world: World) -> Stage:
    request = ask(world)
    robot, _ = machines.add_service(
        username="robot", name="Robot", kind="service", sponsor=world.ines, team=world.team, actor=SYSTEM
    )
    made = Stage(world)
    for place, team in (("own team", world.team), ("other team", Team.objects.get(slug="other"))):
        for role in Role:
            user = User.objects.create(username=f"{place} {role.value}"[:30], name=role.value)
            services.join(user=user, team=team, role=role, actor=SYSTEM)
            made.people[place, role.value] = user
    made.people["no team", ""] = User.objects.create(username="nobody", name="Nobody")
    hook = outbox.add_webhook(
        team_id=world.team.pk, url="https://hooks.example.org/", kinds=["run.ended"], actor=SYSTEM
    )
    standing = holds.place_hold(user=world.aud, kind="run", name=str(Run.objects.get()), why="because")
    budget = Budget.objects.get()
    change = limits.propose_limit(
        user=world.farah, budget_id=budget.pk, limit_micro=9 * budget.limit_micro, seen_micro=budget.limit_micro,
        why="because",
    )  # fmt: skip
    bill = invoices.import_invoice(
        user=world.farah,
        team_id=world.team.pk,
        provider="scripted",
        number="7",
        data=b"job,amount,currency\nj,1,USD\n",
    )
    asks = {"user": world.ines, "template": Run.objects.get(), "newest_data": False}
    made.numbers = {
        "schedule": triggers.add_schedule(cron="0 6 * * *", zone="UTC", catch_up=False, **asks).pk,
        "hook": triggers.add_hook(allowed={}, **asks).pk,
        "change": change.pk if change else 0, "invoice": bill.pk, "line": bill.lines.get().pk,
        "snapshot": world.snapshot.pk, "hold": standing.pk,
        "backend": Listing.objects.get(name="aster").pk,
        "webhook": hook.pk, "document": SignedDocument.objects.get(kind="workflow").pk,
        "run": Run.objects.get().pk, "request": request.pk, "budget": Budget.objects.get().pk, "person": world.tomas.pk,
        "service": robot.pk, "event": AuditEvent.objects.order_by("pk")[0].pk,
    }  # fmt: skip
    return made


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def entitled(row: Row, role: str) -> bool:
    return row.needs is None or (role in ALL and row.needs in ROLE_PERMISSIONS[Role(role)])


def expected(row: Row, place: str, role: str) -> int:
    held = entitled(row, role)
    if held and (row.section or place == "own team"):
        return row.yes
    return row.foreign if held and row.foreign else row.no


def trail() -> int:
    return AuditEvent.objects.exclude(action="audit.read").count()


def session(user: User) -> SimpleCookie:
    """Signed in once: each page would take as long again."""
    browser = Client()
    browser.force_login(user)
    return browser.cookies


def answered(browser: Client, stage: Stage, name: str, method: str, row: Row) -> int:
    sent = row.post(stage.world) if row.post else {}
    return int(getattr(browser, method)(stage.url(name), sent).status_code)


def test_every_address_has_its_row_and_every_row_its_address() -> None:
    known = {name for name, _ in addresses(get_resolver().url_patterns)}
    rows = {name for name, _ in MATRIX} | set(TOKENS) | ACCOUNT | OPEN | set(ELSEWHERE)
    assert known - rows == set(), "an address without a row: say here who may open it"
    assert rows - known == set(), "a row without an address"


@pytest.mark.parametrize("kind", ["get", "post"])
def test_the_matrix(stage: Stage, kind: str) -> None:
    wrong = {}
    signed_in = {who: session(user) for who, user in stage.people.items()}
    for (name, method), row in MATRIX.items():
        if method != kind:
            continue
        for (place, role), cookies in signed_in.items():
            if place == "other team" and not entitled(row, role) and not LONG:
                continue  # refused in the own team already
            browser, before = Client(), trail()
            browser.cookies = cookies.copy()
            with undone():
                status, wanted = answered(browser, stage, name, method, row), expected(row, place, role)
                if status != wanted:
                    wrong[name, place, role] = f"{status} instead of {wanted}"
                if (method == "get" or status != row.yes) and trail() != before:
                    wrong[name, place, role] = "it changed something"
        with undone():  # to the sign-in; the theme back to the page
            if answered(Client(), stage, name, method, row) != 302:
                wrong[name, "nobody", ""] = "not sent to the sign-in"
    assert wrong == {}


@pytest.mark.parametrize("role", ["analyst", "administrator"])
def test_what_another_team_has_takes_the_same_way_as_what_nobody_has(stage: Stage, role: str) -> None:
    """The same questions to the database, in the same order: nothing for a clock to tell."""
    told, cookies, found = {}, session(stage.people["other team", role]), dict(stage.numbers)
    for (name, method), row in MATRIX.items():
        ways = []
        for numbers in (found, dict.fromkeys(found, 999_999)):
            browser, stage.numbers = Client(), numbers
            browser.cookies = cookies.copy()
            if NUMBERED.search(ROUTES[name]) and row.no == 404 and not row.section:
                with undone(), CaptureQueriesContext(connection) as asked:
                    status = answered(browser, stage, name, method, row)
                ways.append([status, *(re.sub(r"[0-9]+", "?", one["sql"]) for one in asked)])
        if ways and ways[0] != ways[1]:
            told[name] = [(a, b) for a, b in zip_longest(*ways) if a != b]
    assert told == {}


def test_other_verbs_are_not_there(stage: Stage) -> None:
    """A page that reads takes no write, a write is no link."""
    browser = Client()
    browser.force_login(stage.people["own team", "administrator"])
    for name in {name for name, _ in MATRIX}:
        there = {verb for known, verb in MATRIX if known == name}
        for verb in {"get", "post", "put", "delete", "patch"} - there:
            assert getattr(browser, verb)(stage.url(name)).status_code in (403, 404, 405), (name, verb)


def test_a_session_opens_nothing_for_programs(stage: Stage) -> None:
    for user in stage.people.values():
        browser = Client()
        browser.force_login(user)
        for name, status in TOKENS.items():
            assert browser.get(stage.url(name)).status_code == status, (name, user)


def test_pages_of_the_account_know_no_roles(stage: Stage) -> None:
    """The same answer whatever somebody's role and team."""
    examples = {
        name: url
        for name, url in addresses(get_resolver().url_patterns)
        if name in ACCOUNT - {"account_logout"}
    }
    for name, url in examples.items():
        seen = set()
        for who in (
            ("own team", "analyst"),
            ("own team", "administrator"),
            ("other team", "finance"),
            ("no team", ""),
        ):
            browser = Client()
            browser.force_login(stage.people[who])
            with undone():
                seen.add(browser.get(url).status_code)
        assert len(seen) == 1, (name, seen)


LISTS = (
    "data",
    "holds",
    "today",
    "runs",
    "approvals",
    "workflows",
    "people",
    "cost",
    "cost_csv",
    "budgets_csv",
    "invoices_csv",
    "evidence_list_csv",
    "settings",
)


def test_lists_counts_and_exports_embed_nothing_of_another_team(stage: Stage) -> None:
    """Words and numbers that only the own team has: a title, a purpose, names, requests that wait."""
    own = {f"/runs/{stage.numbers['run']}/", f"/approvals/{stage.numbers['request']}/"}
    words = {"Wave 14", "Routing, this period", "Aarhus", "Tomas", "Robot", *own}
    seen_by_own = set()
    for (place, _), user in stage.people.items():
        browser = Client()
        browser.force_login(user)
        for name in LISTS:
            page = browser.get(stage.url(name)).content.decode()
            found = {word for word in words if word in page}
            if place == "own team":
                seen_by_own |= found
            else:
                assert found == set(), (name, user)
    assert seen_by_own == words


def test_what_the_body_names_is_not_acted_on(stage: Stage) -> None:
    """One request a decision, and it is the one in the address: there is no list to slip another into."""
    other = ask(stage.world)
    browser = Client()
    browser.force_login(stage.people["own team", "reviewer"])
    sent = {
        **_decision_on(stage.numbers["request"]),
        "pk": other.pk,
        "request": other.pk,
        "request_id": other.pk,
    }
    browser.post(stage.url("decide"), sent)
    assert not Decision.objects.filter(request=other).exists()
