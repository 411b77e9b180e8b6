"""Who may open what: strangers sign in, other teams find nothing, readers cannot act, writes are POSTs."""

from __future__ import annotations

import pytest
from django.test import Client

from hybridops.engine.inline import drive
from hybridops.experiments.models import Run
from tests.web.routing_world import SignIn
from tests.web.test_submit import values
from tests.world import World, submit

GETS = ("/workflows/", "/workflows/fake/submit/", "/runs/")
OF_A_RUN = ("", "part/main/", "part/row/", "cancel/", "artifact/circuit/")
POSTS = ("/workflows/fake/preview/", "/workflows/fake/data/")


@pytest.fixture
def run(world: World) -> Run:
    run = submit(world)
    drive(run.pk)
    return Run.objects.get(pk=run.pk)


def _of(run: Run) -> list[str]:
    return [f"/runs/{run.pk}/{part}" for part in OF_A_RUN]


def test_strangers_sign_in_first(client: Client, run: Run):
    for url in (*GETS, *_of(run)):
        assert client.get(url).headers["Location"] == f"/sign-in/?next={url}", url
    for url in (*POSTS, "/workflows/fake/submit/", f"/runs/{run.pk}/cancel/", f"/runs/{run.pk}/replay/"):
        assert client.post(url).headers["Location"].startswith("/sign-in/"), url


def test_another_team_finds_nothing(world: World, as_: SignIn, run: Run):
    browser = as_(world.zoe)
    for url in _of(run):
        assert browser.get(url).status_code == 404, url
    for verb in ("cancel", "replay"):
        assert browser.post(f"/runs/{run.pk}/{verb}/").status_code == 404
    assert "Wave 14" not in browser.get("/runs/").content.decode()
    assert "Wave 14" not in browser.get("/workflows/fake/submit/").content.decode()
    assert browser.post("/workflows/fake/submit/", values(world)).status_code == 422
    assert browser.post("/workflows/fake/preview/", values(world)).status_code == 422
    assert Run.objects.count() == 1


def test_absent_and_forbidden_look_the_same(world: World, as_: SignIn, run: Run):
    forbidden = as_(world.zoe).get(f"/runs/{run.pk}/")
    absent = as_(world.zoe).get("/runs/987654/")
    without_theme_target = [
        page.content.replace(page.wsgi_request.path.encode(), b"") for page in (forbidden, absent)
    ]
    assert (forbidden.status_code, absent.status_code) == (404, 404)
    assert len(without_theme_target[0]) == len(without_theme_target[1])


def test_an_auditor_reads_and_cannot_act(world: World, as_: SignIn, run: Run):
    browser = as_(world.aud)
    for url in (
        "/workflows/",
        "/runs/",
        f"/runs/{run.pk}/",
        f"/runs/{run.pk}/part/main/",
        f"/runs/{run.pk}/artifact/circuit/",
    ):
        assert browser.get(url).status_code == 200, url
    page = browser.get(f"/runs/{run.pk}/").content.decode()
    assert "Cancel run" not in page
    assert "Replay" not in page
    refused = browser.get("/workflows/fake/submit/")
    assert refused.status_code == 403
    assert "Submitting needs the Analyst role." in refused.content.decode()
    for url in ("/workflows/fake/submit/", *POSTS):
        assert browser.post(url, values(world)).status_code == 403, url
    assert browser.get(f"/runs/{run.pk}/cancel/").status_code == 404
    for verb in ("cancel", "replay"):
        assert browser.post(f"/runs/{run.pk}/{verb}/").status_code == 404
    assert Run.objects.get().outcome == ""


def test_writes_are_posts(world: World, as_: SignIn, run: Run):
    browser = as_(world.ines)
    for url in (*POSTS, f"/runs/{run.pk}/replay/"):
        assert browser.get(url).status_code == 405, url
    for url in ("/workflows/", "/runs/", f"/runs/{run.pk}/", f"/runs/{run.pk}/part/main/"):
        assert browser.post(url).status_code == 405, url


def test_a_post_without_its_token_does_nothing(world: World, run: Run):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(world.ines)
    urls = ("/workflows/fake/submit/", *POSTS, f"/runs/{run.pk}/cancel/", f"/runs/{run.pk}/replay/")
    for url in urls:
        assert browser.post(url, values(world)).status_code == 403, url
    assert Run.objects.get().outcome == ""


def test_pages_need_no_inline_script_or_style(world: World, as_: SignIn, run: Run):
    browser = as_(world.ines)
    for url in (*GETS, f"/runs/{run.pk}/", f"/runs/{run.pk}/cancel/"):
        page = browser.get(url).content.decode()
        assert " style=" not in page, url
        assert "onclick" not in page
        assert "<script>" not in page
