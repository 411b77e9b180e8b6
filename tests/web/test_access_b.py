"""Who gets through which door: Today, approvals, decisions, cost, audit, the stop, the theme."""

from __future__ import annotations

from django.test import Client

from hybridops.approvals.models import ApprovalRequest
from hybridops.engine.inline import drive
from hybridops.quotas.models import Budget, SpendingStop
from hybridops.teams.models import User
from tests.world import World, submit

PAGES = [
    "/",
    "/approvals/",
    "/approvals/{request}/",
    "/cost/",
    "/cost/export.csv",
    "/audit/",
    "/audit/{event}/",
]
WRITES = [
    "/approvals/{request}/decide/", "/cost/budgets/{budget}/limit/", "/cost/budgets/{budget}/clear/",
    "/audit/verify/", "/spending/stop/", "/spending/resume/", "/theme/",
]  # fmt: skip


def filled(address: str, world: World) -> str:
    if "{request}" in address:
        drive(submit(world).pk)
    request = ApprovalRequest.objects.order_by("-pk").first()
    return address.format(request=request.pk if request else 0, budget=Budget.objects.get().pk, event=1)


def of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_nobody_reads_without_signing_in(world: World) -> None:
    for address in PAGES:
        answer = Client().get(filled(address, world))
        assert answer.status_code == 302, address
        assert answer["Location"].startswith("/sign-in/")


def test_a_write_is_a_post(world: World) -> None:
    for address in WRITES:
        assert of(world.omar).get(filled(address, world)).status_code == 405, address


def test_a_post_without_its_token_is_refused(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.farah)
    for address in WRITES:
        assert client.post(filled(address, world)).status_code == 403, address


def test_nobody_writes_without_signing_in(world: World) -> None:
    for address in (one for one in WRITES if one != "/theme/"):
        answer = Client().post(filled(address, world), {"why": "because"})
        assert answer.status_code == 302, address
        assert answer["Location"].startswith("/sign-in/")


DOORS = [
    ("zoe", "/approvals/{request}/", 404),
    ("zoe", "/?run={run}", 404),
    ("zoe", "/cost/", 403),
    ("zoe", "/audit/", 403),
    ("zoe", "/audit/1/", 404),
    ("ines", "/cost/", 403),
    ("ines", "/cost/export.csv", 403),
    ("mikkel", "/audit/", 403),
    ("aud", "/cost/", 200),
    ("aud", "/audit/", 200),
    ("aud", "/audit/99999999/", 404),
    ("farah", "/cost/", 200),
]


def test_roles_open_their_pages_and_no_others(world: World) -> None:
    run = submit(world)
    drive(run.pk)
    request = ApprovalRequest.objects.get()
    for who, address, status in DOORS:
        found = of(world.people[who]).get(address.format(request=request.pk, run=run.pk))
        assert found.status_code == status, (who, address)


def test_absent_and_forbidden_look_alike(world: World) -> None:
    drive(submit(world).pk)
    client = of(world.zoe)
    forbidden = client.get(f"/approvals/{ApprovalRequest.objects.get().pk}/")
    absent = client.get("/approvals/999999/")
    assert forbidden.status_code == absent.status_code == 404
    # the two differ in what changes with every answer: the token of the forms in the rail
    words = [answer.content.decode().split("<main")[1] for answer in (forbidden, absent)]
    assert words[0] == words[1]


def test_only_deciders_of_the_team_decide(world: World) -> None:
    drive(submit(world).pk)
    request = ApprovalRequest.objects.get()
    sent = {"verdict": "approve", "digest_shown": request.digest}
    for who in ["zoe", "ines", "omar", "aud"]:
        assert of(world.people[who]).post(f"/approvals/{request.pk}/decide/", sent).status_code == 404
        assert not request.decisions.filter(person__isnull=False).exists()


def test_only_operators_stop_spending(world: World) -> None:
    for who in ["zoe", "ines", "mikkel", "farah", "aud"]:
        assert of(world.people[who]).post("/spending/stop/", {"why": "because"}).status_code == 404
        assert not SpendingStop.objects.exists()


def test_only_finance_changes_budgets(world: World) -> None:
    for who in ["zoe", "ines", "mikkel", "aud"]:
        budget = Budget.objects.get()
        sent = {"limit": "1", "why": "x", "seen": budget.limit_micro}
        assert of(world.people[who]).post(f"/cost/budgets/{budget.pk}/limit/", sent).status_code == 404
        assert (
            of(world.people[who]).post(f"/cost/budgets/{budget.pk}/clear/", {"why": "x"}).status_code == 404
        )
        assert Budget.objects.get().limit_micro == budget.limit_micro


def test_the_theme_is_kept_for_a_person_and_for_a_visitor(world: World) -> None:
    client = of(world.ines)
    answer = client.post("/theme/", {"theme": "dark", "next": "/approvals/"})
    assert answer["Location"] == "/approvals/"
    assert client.cookies["theme"].value == "dark"
    assert User.objects.get(pk=world.ines.pk).theme == "dark"
    assert Client().post("/theme/", {"theme": "light", "next": "//elsewhere.example"})["Location"] == "/"
    assert "theme" not in Client().post("/theme/", {"theme": "<pink>"}).cookies


def test_pages_have_no_inline_style_or_script(world: World) -> None:
    drive(submit(world).pk)
    for who, address in (
        ("mikkel", "/"),
        ("mikkel", "/approvals/{request}/"),
        ("farah", "/cost/"),
        ("aud", "/audit/"),
    ):
        html = of(world.people[who]).get(filled(address, world)).content.decode()
        assert " style=" not in html
        assert "<style" not in html
        assert "<script>" not in html
        assert "None<" not in html
