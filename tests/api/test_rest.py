"""Data, backends, money, the trail and decisions over the API, for whom they are."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hybridops.approvals.models import ApprovalRequest
from hybridops.audit.models import AuditEvent
from hybridops.audit.services import seal, sequence
from hybridops.engine.inline import drive
from hybridops.web.api.audit_shapes import events_out
from tests.api.calling import Caller, is_problem, person, service
from tests.presence import code_of
from tests.world import World, submit


def listed(world: World, **changes: Any) -> dict[str, Any]:
    return {"project": world.project.pk, "workflow": "fake", "name": "Wave 15", **changes}


def test_workflows_and_backends(world: World) -> None:
    robot = service(world.team, world.mikkel)
    (told,) = robot.get("/workflows").json()
    assert (told["name"], told["why_not"]) == ("fake", "")
    assert {one["name"] for one in told["parameters"]} >= {"rounds"}
    assert robot.get("/workflows/fake").json() == told
    assert is_problem(robot.get("/workflows/other"), 404, "not_found")
    assert [one["name"] for one in robot.get("/backends").json()] == ["aster", "kelvin"]


def test_data_is_listed_by_upload_and_bad_data_is_not(world: World) -> None:
    robot = service(world.team, world.mikkel)
    file = SimpleUploadedFile("wave15.csv", b"a,b\n1,2\n")
    made = robot.send("/snapshots", {**listed(world), "upload": file}, Idempotency_Key="up")
    assert made.status_code == 201, made.content
    told = made.json()
    assert robot.get(f"/snapshots/{told['id']}").json() == told
    file.seek(0)
    assert robot.send("/snapshots", {**listed(world), "upload": file}, Idempotency_Key="up").json() == told
    assert told["id"] in [one["id"] for one in robot.get("/snapshots").json()["items"]]
    assert is_problem(robot.send("/snapshots", listed(world)), 422, "bad_input")
    assert is_problem(robot.send("/snapshots", listed(world, builtin="none")), 422, "bad_input")
    large = SimpleUploadedFile("large.csv", b"x" * (5 * 1024 * 1024 + 1))
    assert robot.send("/snapshots", {**listed(world), "upload": large}).status_code in (413, 422)
    reader = service(world.team, world.mikkel, name="reader", scope="runs:read")
    assert is_problem(reader.send("/snapshots", listed(world)), 403, "no_scope")
    alien = service(world.zoe.memberships.get().team, world.zoe, name="alien")
    assert is_problem(alien.get(f"/snapshots/{told['id']}"), 404, "not_found")


def test_money_is_for_who_sees_it(world: World) -> None:
    drive(submit(world).pk)
    finance = person(world.farah)
    (budget,) = finance.get("/budgets").json()
    assert (budget["limit_usd"], budget["frozen"]) == ("1000", False)
    assert float(budget["pending_usd"]) > 0
    costs = finance.get("/costs?by=workflow&days=7").json()
    assert (costs["total"]["runs"], costs["total"]["per_accepted_usd"]) == (1, None)
    assert costs["groups"][0]["key"] == "fake"
    assert is_problem(finance.get("/costs?by=colour"), 422, "invalid")
    alien = person(world.zoe)
    assert alien.get("/budgets").json() == []


def test_the_trail_is_for_auditors_and_reading_it_is_in_it(world: World) -> None:
    submit(world)
    sequence()
    seal()
    auditor = person(world.aud)
    before = AuditEvent.objects.filter(action="audit.read").count()
    page = auditor.get("/audit/events?action=run.&limit=1").json()
    assert page["items"][0]["action"].startswith("run.")
    event = page["items"][0]
    assert auditor.get(f"/audit/events/{event['id']}").json()["leaf_hash"] == event["leaf_hash"]
    assert auditor.get(f"/audit/events/{event['id']}/proof").content.startswith(b"c2sp.org/tlog-proof")
    assert AuditEvent.objects.filter(action="audit.read").count() == before + 2
    log = auditor.get("/audit/log").json()
    assert log["signed"] and log["sealed"] > 0
    for path in ("/audit/events", f"/audit/events/{event['id']}", "/audit/log"):
        assert is_problem(person(world.ines).get(path), 404, "not_found")
    assert is_problem(auditor.get("/audit/events/999999"), 404, "not_found")


def asked(world: World) -> tuple[ApprovalRequest, dict[str, Any]]:
    drive(submit(world).pk)
    request = ApprovalRequest.objects.get()
    return request, {"verdict": "approve", "digest": request.digest, "reason": "as planned"}


def test_a_decision_with_a_code(world: World) -> None:
    request, vote = asked(world)
    mikkel = person(world.mikkel)
    told = mikkel.get(f"/approvals/{request.pk}").json()
    assert told["mine"] and told["envelope"]["run"] == told["run"] and told["digest"] == request.digest
    assert is_problem(mikkel.post(f"/approvals/{request.pk}/decision", vote), 422, "refused")
    wrong = {**vote, "code": "000000"}
    code_of(world.mikkel)
    assert is_problem(mikkel.post(f"/approvals/{request.pk}/decision", wrong), 422, "refused")
    old = {**vote, "digest": "0" * 64, "code": code_of(world.mikkel)}
    assert is_problem(mikkel.post(f"/approvals/{request.pk}/decision", old), 409, "conflict")
    done = mikkel.post(f"/approvals/{request.pk}/decision", {**vote, "code": code_of(world.mikkel)})
    assert (done.status_code, done.json()["state"]) == (200, "approved")
    twice = mikkel.post(f"/approvals/{request.pk}/decision", {**vote, "code": code_of(world.mikkel)})
    assert twice.status_code in (409, 422)
    assert [one["id"] for one in mikkel.get("/approvals?state=approved").json()["items"]] == [request.pk]


def test_tighter_limits_over_the_api(world: World) -> None:
    request, vote = asked(world)
    mikkel = person(world.mikkel)
    tighter = {**vote, "verdict": "narrow", "limits": {"shots_max": request.envelope["shots_max"] // 2}}
    done = mikkel.post(f"/approvals/{request.pk}/decision", {**tighter, "code": code_of(world.mikkel)})
    assert done.status_code == 200, done.content
    assert done.json()["envelope"]["shots_max"] == request.envelope["shots_max"] // 2


def test_who_does_not_decide_here(world: World) -> None:
    """One's own, another team's, a service, and a token without the scope."""
    request, vote = asked(world)
    path = f"/approvals/{request.pk}/decision"
    own = person(world.ines).post(path, {**vote, "code": code_of(world.ines)})
    assert is_problem(own, 404, "not_found")
    assert is_problem(person(world.zoe).post(path, {**vote, "code": code_of(world.zoe)}), 404, "not_found")
    robot = service(world.team, world.mikkel)
    assert is_problem(robot.post(path, vote), 403, "no_scope")
    reader = person(world.mikkel, "runs:read")
    assert is_problem(reader.post(path, vote), 403, "no_scope")
    assert ApprovalRequest.objects.get().state == "pending"


def test_a_passkey_is_asked_for_the_very_vote(world: World) -> None:
    request, vote = asked(world)
    mikkel: Caller = person(world.mikkel)
    answer = mikkel.post(f"/approvals/{request.pk}/challenge", vote)
    assert is_problem(answer, 422, "refused")  # he has no passkey, and it says what to do
    assert "one-time code" in answer.json()["detail"]
    forged = {**vote, "assertion": {"id": "x"}}
    assert is_problem(mikkel.post(f"/approvals/{request.pk}/decision", forged), 422, "refused")


def test_a_page_of_events_is_read_together(world: World, django_assert_num_queries: Any) -> None:
    """Names and texts of fifty events cost no more questions than those of one."""
    run = submit(world)
    drive(run.pk)
    rows = list(AuditEvent.objects.filter(stream=f"run:{run.pk}").select_related("leaf"))
    assert len(rows) > 5
    with CaptureQueriesContext(connection) as one:
        events_out(rows[:1])
    with django_assert_num_queries(len(one)):
        assert len(events_out(rows)) == len(rows)
