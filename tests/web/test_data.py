"""The pages of data, holds and leavers: what they say, what they refuse."""

from __future__ import annotations

import pytest
from django.test import Client

from hybridops.domain.actors import SYSTEM
from hybridops.experiments import retention
from hybridops.experiments.models import DataSnapshot, LegalHold
from hybridops.teams.leaving import deactivate
from hybridops.teams.models import User
from hybridops.teams.permissions import Role
from hybridops.teams.services import join
from tests.experiments.test_retention import ended, older
from tests.world import World


@pytest.fixture
def boss(world: World) -> User:
    made = User.objects.create(username="boss", name="Boss", email="boss@example.org")
    join(user=made, team=world.team, role=Role.ADMINISTRATOR, actor=SYSTEM)
    return made


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return answer.content.decode()


def test_what_the_check_found_is_said_in_words(world: World) -> None:
    found = {"total_demand": 131, "has_coordinates": True, "unit": "", "places": [1]}
    DataSnapshot.objects.filter(pk=world.snapshot.pk).update(summary=found)
    page = text(browser(world.ines), f"/data/{world.snapshot.pk}/")
    assert "<dt>Total demand</dt><dd>131</dd>" in page
    assert "<dt>Has coordinates</dt><dd>yes</dd>" in page
    assert "<dt>Unit" not in page and "<dt>Places" not in page


def test_the_owner_changes_its_class_and_everybody_reads_it(world: World) -> None:
    mine, url = browser(world.ines), f"/data/{world.snapshot.pk}/"
    assert "Change its class" in text(mine, url) and "Change its class" not in text(
        browser(world.mikkel), url
    )
    sent = {"data_class": "sensitive", "regions": "eu-central", "why": "<b>a client</b>"}
    assert mine.post(f"{url}class/", sent).status_code == 302
    page = text(browser(world.mikkel), url)
    assert (
        "sensitive" in page
        and "eu-central" in page
        and "&lt;b&gt;a client" in page
        and "<b>a client" not in page
    )
    assert "sensitive" in text(browser(world.mikkel), "/data/")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"why": ""}, "This field is required"),
        ({"data_class": "secret"}, "Select a valid choice"),
        ({"data_class": "restricted", "regions": "*"}, "stays in its home region"),
    ],
)
def test_a_wrong_change_is_said_beside_its_field(world: World, wrong: dict[str, str], said: str) -> None:
    sent = {"data_class": "internal", "regions": "home", "why": "because", **wrong}
    answer = browser(world.ines).post(f"/data/{world.snapshot.pk}/class/", sent)
    assert answer.status_code == 422 and said in answer.content.decode()


def test_an_upload_says_its_class_and_regions(world: World) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    sent = {
        "data-project": world.project.pk, "data-name": "far data", "data-data_class": "sensitive",
        "data-regions": "Far, home", "data-upload": SimpleUploadedFile("x", b"far"), "data-why": "",
    }  # fmt: skip
    answer = browser(world.ines).post("/workflows/fake/data/", sent)
    assert answer.status_code == 422 and "Say why this one goes further" in answer.content.decode()
    sent |= {"data-upload": SimpleUploadedFile("x", b"far"), "data-why": "the client's cloud"}
    assert browser(world.ines).post("/workflows/fake/data/", sent).status_code == 302
    assert DataSnapshot.objects.get(name="far data").regions == ["far", "home"]


def test_removed_data_is_shown_as_removed(world: World) -> None:
    run = ended(world)
    older()
    retention.remove_due()
    client = browser(world.ines)
    for url in (f"/data/{world.snapshot.pk}/", f"/runs/{run.pk}/"):
        assert "under the retention of internal data" in text(client, url), url
    assert client.get(f"/runs/{run.pk}/artifact/circuit/").status_code == 422
    assert client.post(f"/runs/{run.pk}/replay/").status_code == 422


def test_the_decision_page_says_where_the_data_may_go(world: World) -> None:
    from tests.approvals.asking import ask

    page = text(browser(world.mikkel), f"/approvals/{ask(world).pk}/")
    assert "The data is internal and may reach its home region here" in page


def test_holds_are_placed_and_lifted_on_a_page(world: World) -> None:
    client = browser(world.aud)
    assert "Nothing is held" in text(client, "/data/holds/")
    sent = {"kind": "project", "name": world.project.slug, "why": "a claim"}
    assert client.post("/data/holds/add/", sent).status_code == 302
    page = text(client, "/data/holds/")
    assert "One hold stands" in page and "Project Aarhus" in page
    assert client.post("/data/holds/add/", sent).status_code == 422
    assert client.post("/data/holds/add/", {**sent, "name": "nothing"}).status_code == 422
    row = LegalHold.objects.get()
    assert "A legal hold keeps it" in text(client, f"/data/{world.snapshot.pk}/")
    assert client.post(f"/data/holds/{row.pk}/lift/", {"why": " "}).status_code == 422
    assert client.post(f"/data/holds/{row.pk}/lift/", {"why": "settled"}).status_code == 302
    assert "settled" in text(client, "/data/holds/")


def test_a_person_is_erased_by_typing_who(world: World, boss: User) -> None:
    client, url = browser(boss), f"/people/{world.tomas.pk}/erase/"
    deactivate(user=world.tomas, why="left", actor=SYSTEM)
    assert client.post(url, {"username": "thomas", "why": "asked"}).status_code == 422
    assert User.objects.get(pk=world.tomas.pk).name == "Tomas"
    assert client.post(url, {"username": "tomas", "why": "asked"}).status_code == 302
    page = text(client, "/people/")
    assert "Tomas" not in page and f"erased person {world.tomas.pk}" in page


def test_who_leaves_hands_over_in_the_same_step(world: World, boss: User) -> None:
    sent = {"why": "left", "successor": world.tomas.pk}
    assert browser(boss).post(f"/people/{world.ines.pk}/deactivate/", sent).status_code == 302
    world.snapshot.refresh_from_db()
    assert world.snapshot.owner == world.tomas
    assert (
        browser(boss)
        .post(f"/people/{world.ada.pk}/deactivate/", {**sent, "successor": world.zoe.pk})
        .status_code
        == 404
    )
    assert User.objects.get(pk=world.ada.pk).is_active
