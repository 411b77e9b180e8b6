"""Which workflows may run, why the others may not, and how they fared."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils.html import strip_tags

from hybridops.definitions.lifecycle import retire
from hybridops.definitions.models import SignedDocument
from hybridops.domain.actors import SYSTEM
from hybridops.experiments.models import Run
from hybridops.web.answers.workflows import Told, answer
from tests.web.routing_world import SignIn
from tests.web.words import plain, within_forty
from tests.world import World

GOOD = Told("Vehicle routing", True, tried=12, accepted=9, cost=Decimal("3.30"))


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([], "No workflow is signed yet."),
        ([Told("Old", False)], "No workflow may run now."),
        ([Told("New", True)], "None has run in the last 30 days."),
        ([GOOD], "Vehicle routing was accepted in 9 of 12 runs in 30 days, for $3.30 a run at the median."),
        ([GOOD, Told("Old", False)], "One other may not run."),
        ([Told("Free", True, 1, 0, None)], "Free was accepted in 0 of one run in 30 days."),
    ],
)
def test_the_answer(told: list[Told], said: str):
    assert said in plain(answer(told))
    within_forty(answer(told))


def test_a_signed_workflow_can_be_used(world: World, as_: SignIn):
    html = as_(world.ines).get("/workflows/").content.decode()
    assert "Fake" in html
    assert "signed" in html
    assert 'href="/workflows/fake/submit/"' in html
    assert "None" not in strip_tags(html).replace("None has run", "")


def test_who_may_not_submit_reads_without_the_button(world: World, as_: SignIn):
    html = as_(world.aud).get("/workflows/").content.decode()
    assert "Fake" in html
    assert "/workflows/fake/submit/" not in html


def test_a_retired_workflow_stays_and_says_why(world: World, as_: SignIn):
    retire(document_id=SignedDocument.objects.get(kind="workflow").pk, why="superseded", actor=SYSTEM)
    html = as_(world.ines).get("/workflows/").content.decode()
    assert "is retired: superseded. Choose another." in html
    assert "/workflows/fake/submit/" not in html


def test_an_altered_workflow_is_not_valid(world: World, as_: SignIn):
    row = SignedDocument.objects.get(kind="workflow")
    SignedDocument.objects.filter(pk=row.pk).update(digest="0" * 64)
    html = as_(world.ines).get("/workflows/").content.decode()
    assert "not valid" in html
    assert "is not the document that was listed" in html


def test_past_runs_stand_on_the_card(world: World, as_: SignIn, ended: Run):
    html = plain(as_(world.ines).get("/workflows/").content.decode())
    assert "1 of 1 run in 30 days" in html
    assert "$3.30 at the median" in html
