"""The inbox: three lists, and one count for all that show it."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.utils.html import strip_tags

from hybridops.approvals.models import ApprovalRequest
from hybridops.engine.inline import drive
from hybridops.experiments import services
from hybridops.teams.models import User
from hybridops.web.answers.approvals import answer
from hybridops.web.context import frame
from tests.presence import here
from tests.world import World, submit


def inbox(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def counted(user: User) -> int:
    """The count in the rail."""
    request = RequestFactory().get("/")
    request.user = user
    return sum(item.count for group in frame(request)["nav"] for item in group["items"])


def ask(world: World, **changes: object) -> ApprovalRequest:
    run = submit(world, **changes)
    drive(run.pk)
    return ApprovalRequest.objects.get(subject=f"run:{run.pk}")


def decide(world: World, request: ApprovalRequest, verdict: str = "approve") -> None:
    services.decide(
        user=world.mikkel,
        presence=here(),
        request_id=request.pk,
        verdict=verdict,
        digest_shown=request.digest,
        reason="why not",
    )


def test_the_count_in_the_rail_is_the_length_of_the_list(world: World) -> None:
    first = ask(world)
    ask(world), ask(world, user=world.tomas)
    for user in world.people.values():
        shown = inbox(user).get("/approvals/")
        assert counted(user) == len(shown.context["waiting"]) == len(shown.context["waiting_rows"])
    assert counted(world.mikkel) == 3
    decide(world, first)
    assert counted(world.mikkel) == 2
    assert counted(world.ines) == 0


def test_what_lapses_first_stands_first(world: World) -> None:
    late, soon = ask(world), ask(world)
    ApprovalRequest.objects.filter(pk=soon.pk).update(
        lapses_at=late.lapses_at.replace(year=late.lapses_at.year - 1)
    )
    html = inbox(world.ada).get("/approvals/").content.decode()
    assert html.index(f">A-{soon.pk},") < html.index(f">A-{late.pk},")


def test_the_requester_reads_why_somebody_else_decides(world: World) -> None:
    ask(world)
    shown = inbox(world.ines).get("/approvals/")
    assert shown.context["waiting"] == []
    assert "You asked for this run, so somebody else decides." in shown.content.decode()


def test_what_was_decided_today_says_who_and_why(world: World) -> None:
    decide(world, ask(world), "reject")
    html = inbox(world.ada).get("/approvals/?part=lists").content.decode()
    assert "Rejected" in html
    assert "“why not”" in html


def test_an_empty_inbox_says_what_would_fill_it(world: World) -> None:
    html = inbox(world.zoe).get("/approvals/").content.decode()
    assert "Nothing waits for you." in html


def test_answers() -> None:
    def waiting(cap: str) -> ApprovalRequest:
        return ApprovalRequest(title="Wave 14", envelope={"cost_usd_max": cap}, lapses_at=None)

    assert strip_tags(answer([], 0, 0)) == "Nothing waits for you."
    told = strip_tags(answer([], 2, 41))
    assert told == "Nothing waits for you. Two requests wait for others. 41 runs passed by policy this week."
    one = strip_tags(answer([waiting("38")], 0, 0))
    assert one.startswith("$38.00 at most waits for you: Wave 14 lapses at")
    many = strip_tags(answer([waiting("38"), waiting("4.5")], 0, 0))
    assert many.startswith("Two requests wait for you, up to $42.50 in all.")
    assert "None" not in one + many


def test_the_frame_draws_nothing_for_somebody_who_is_not_signed_in() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert "nav" not in frame(request)


def test_the_frame_draws_only_what_a_role_can_use(world: World) -> None:
    def labels(user: User) -> set[str]:
        request = RequestFactory().get("/")
        request.user = user
        return {item.label for group in frame(request)["nav"] for item in group["items"]}

    assert "Cost" not in labels(world.ines)
    assert "Audit" not in labels(world.mikkel)
    assert {"Cost", "Audit", "Approvals", "Today"} <= labels(world.aud)
