"""What is true of a document is what was signed. Columns, copies and keys that say otherwise end its use."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from hybridops.audit import keyring
from hybridops.audit.models import AuditEvent
from hybridops.definitions import queries, services
from hybridops.definitions.models import SignedDocument
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import BadInput, Refused, Unsigned
from hybridops.engine import wiring
from hybridops.engine.builtin import document
from hybridops.engine.inline import drive
from hybridops.experiments.models import Run, Stage
from hybridops.trust import dsse, keys
from hybridops.trust.canonical import canonical, digest_of
from hybridops.trust.keyring import Ring
from tests.engine.fake import CLOUD
from tests.world import FAKE, World, publish, submit


def row() -> SignedDocument:
    return SignedDocument.objects.get(kind="workflow", name="fake", version=1)


def change(**values: Any) -> None:
    """As the owner of the database could."""
    SignedDocument.objects.filter(pk=row().pk).update(**values)


def other(kind: str) -> str:
    """The envelope of another kind of document, rightly signed."""
    return str(SignedDocument.objects.get(kind=kind).envelope)


def flipped(world: World) -> None:
    text = row().envelope
    at = text.index('"payload":"') + 60
    change(envelope=text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])


def one_signature(world: World) -> None:
    body = json.loads(row().envelope)
    change(envelope=canonical({**body, "signatures": body["signatures"][:1]}).decode())


def no_signature(world: World) -> None:
    change(envelope=canonical({**json.loads(row().envelope), "signatures": []}).decode())


def bare(world: World) -> None:
    change(envelope=json.dumps(FAKE))


def no_json(world: World) -> None:
    change(envelope="{")


def emptied(world: World) -> None:
    change(envelope="")


def signed_by_a_stranger(world: World) -> None:
    body = {**FAKE, "submissions_max": 9, "implementation": wiring.implementation("fake")}
    made = dsse.sign(kind="workflow", name="fake", document=body, pair=keys.make("definition-stranger"))
    change(envelope=canonical(made).decode(), digest=digest_of(body))


def signed_for_decisions(world: World) -> None:
    body = {**FAKE, "submissions_max": 9, "implementation": wiring.implementation("fake")}
    made = dsse.sign(kind="workflow", name="fake", document=body, pair=keyring.pair("decision"))
    change(envelope=canonical(made).decode(), digest=digest_of(body))


def a_policy(world: World) -> None:
    change(envelope=other("policy"))


def a_policy_with_its_digest(world: World) -> None:
    change(envelope=other("policy"), digest=SignedDocument.objects.get(kind="policy").digest)


def another_digest(world: World) -> None:
    change(digest="0" * 64)


def a_newer_number(world: World) -> None:
    change(version=9)


def another_version_s_bytes(world: World) -> None:
    publish({**FAKE, "version": 2}, "workflow")
    newer = SignedDocument.objects.get(name="fake", version=2)
    SignedDocument.objects.filter(pk=newer.pk).update(state="retired")
    change(envelope=newer.envelope, digest=newer.digest)


def under_another_name(world: World) -> None:
    """Rightly signed, but as another workflow."""
    body = {**FAKE, "name": "lookalike", "implementation": wiring.implementation("fake")}
    services.publish(kind="workflow", name="lookalike", version=1, document=body, actor=SYSTEM)
    twin = SignedDocument.objects.get(name="lookalike")
    change(envelope=twin.envelope, digest=twin.digest)


def retired(world: World) -> None:
    services.retire(document_id=row().pk, why="it is old", actor=SYSTEM)


SPOILT: list[Callable[[World], None]] = [
    flipped, one_signature, no_signature, bare, no_json, emptied, signed_by_a_stranger, signed_for_decisions,
    a_policy, a_policy_with_its_digest, another_digest, a_newer_number, another_version_s_bytes, under_another_name,
    retired,
]  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILT, ids=[one.__name__ for one in SPOILT])
def test_what_is_not_as_signed_does_not_run(world: World, spoil: Callable[[World], None]) -> None:
    run = submit(world, fallback="stop")
    spoil(world)
    with pytest.raises(Unsigned):
        queries.workflow_named("fake")
    listed = {found.name: (definition, why) for found, definition, why in queries.workflows()}
    assert listed["fake"][0] is None
    assert listed["fake"][1]
    drive(run.pk)
    ended = Run.objects.get(pk=run.pk)
    assert (ended.outcome, CLOUD.jobs) == ("refused", {}), ended.why


def test_the_same_untouched_runs(world: World) -> None:
    run = submit(world)
    assert queries.workflow_named("fake")[0].submissions_max == 3
    assert drive(run.pk).state == "awaiting_approval"


def test_a_document_retired_between_approval_and_dispatch_is_not_sent(world: World) -> None:
    from tests.approvals.asking import ask, decide

    request = ask(world, fallback="stop")
    decide(world.mikkel, request)
    retired(world)
    drive(request.envelope["run"])
    ended = Run.objects.get()
    assert (ended.outcome, CLOUD.jobs) == ("refused", {})
    assert "retired" in ended.why
    assert AuditEvent.objects.filter(action="document.retired").count() == 1
    retired(world)
    assert AuditEvent.objects.filter(action="document.retired").count() == 1


@pytest.fixture
def ring() -> Iterator[Ring]:
    """The trust file, put back afterwards."""
    kept = keyring.ring()
    yield kept
    keyring.write(kept)


def test_a_key_taken_away_ends_what_it_signed_at_once(world: World, ring: Ring) -> None:
    assert queries.workflow_named("fake")
    others = tuple(pair for pair in ring.pairs if pair.purpose != "definition")
    keyring.write(Ring(ring.origin, others))
    for read in (lambda: queries.workflow_named("fake"), queries.policy, queries.price_book):
        with pytest.raises(Unsigned, match="No trusted key"):
            read()
    keyring.write(Ring(ring.origin, (*others, keys.make("definition").public)))
    with pytest.raises(Unsigned):
        queries.workflow_named("fake")
    keyring.write(ring)
    assert queries.workflow_named("fake")
    revoked = (replace(pair, revoked=pair.purpose == "definition") for pair in ring.pairs)
    keyring.write(Ring(ring.origin, tuple(revoked)))
    with pytest.raises(Unsigned):
        queries.workflow_named("fake")


def test_a_key_put_beside_it_is_trusted_and_one_of_another_purpose_is_not(world: World, ring: Ring) -> None:
    partner = keys.make("definition-partner")
    body = {**FAKE, "submissions_max": 2, "implementation": wiring.implementation("fake")}
    made = dsse.sign(kind="workflow", name="fake", document=body, pair=partner)
    change(envelope=canonical(made).decode(), digest=digest_of(body))
    for name, trusted in (("decision-partner", False), ("definition-partner", True)):
        keyring.write(Ring(ring.origin, (*ring.pairs, replace(partner.public, name=name))))
        assert keyring.pair("definition").name == "definition", "a partner's key never signs here"
        if trusted:
            assert queries.workflow_named("fake")[0].submissions_max == 2
        else:
            with pytest.raises(Unsigned):
                queries.workflow_named("fake")
    keyring.write(ring)
    with pytest.raises(Unsigned):
        queries.workflow_named("fake")


def test_a_version_is_published_once(world: World) -> None:
    publish(FAKE, "workflow")
    assert SignedDocument.objects.filter(name="fake").count() == 1
    with pytest.raises(Refused, match="Raise the version"), transaction.atomic():
        publish({**FAKE, "title": "Other"}, "workflow")
    publish({**FAKE, "title": "Other", "version": 2}, "workflow")
    assert queries.workflow_named("fake")[0].title == "Other"


WRONG: list[tuple[dict[str, Any], dict[str, Any], type[Exception], str]] = [
    ({"kind": "poem"}, {}, BadInput, "no kind of document"),
    ({}, {"stages": []}, BadInput, "stage"),
    ({}, {"schema": "x"}, BadInput, "expected schema"),
    ({}, {"version": 1}, BadInput, "does not call itself fake version 7"),
    ({}, {"name": "other"}, BadInput, "does not call itself fake version 7"),
    ({"author_id": 1, "approver_id": 1}, {}, Refused, "second person"),
]


@pytest.mark.parametrize(("told", "body", "error", "says"), WRONG)
def test_what_is_not_signed(
    world: World, told: dict[str, Any], body: dict[str, Any], error: type[Exception], says: str
) -> None:
    before = SignedDocument.objects.count()
    right = {**FAKE, "version": 7, "implementation": wiring.implementation("fake")}
    wanted: dict[str, Any] = {"kind": "workflow", "name": "fake", "version": 7, "actor": SYSTEM}
    with pytest.raises(error, match=says), transaction.atomic():
        services.publish(document={**right, **body}, **(wanted | told))
    assert SignedDocument.objects.count() == before
    services.publish(document=right, **wanted)


def test_the_database_as_well_knows_that_nobody_approves_their_own(world: World) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        SignedDocument.objects.update(author=world.mikkel, approver=world.mikkel)


def test_other_code_than_was_signed_is_refused_with_the_sentence(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = submit(world)
    monkeypatch.setattr(wiring, "implementation", cache(lambda _: "f" * 64))
    drive(run.pk)
    ended = Run.objects.get(pk=run.pk)
    assert ended.outcome == "refused"
    assert ended.why == (
        "Check: Fake v1 was signed for other code than runs here. It has to be reviewed and signed again."
    )
    assert set(Stage.objects.exclude(key="validate").values_list("state", flat=True)) == {"skipped"}


def test_the_digest_of_the_code_sees_every_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "twostep.py").write_text("A = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("django.conf.settings.EXTRA_WORKFLOWS", {"two": "twostep:Two"})
    before = wiring.implementation("two")
    (tmp_path / "twostep.py").write_text("A = 2\n")
    wiring.implementation.cache_clear()
    assert wiring.implementation("two") != before


def test_no_policy_no_price_no_approval(world: World) -> None:
    SignedDocument.objects.filter(kind__in=("policy", "pricebook")).update(state="retired")
    for read in (queries.policy, queries.price_book):
        with pytest.raises(Unsigned, match="There is no signed"):
            read()
    with pytest.raises(Unsigned):
        submit(world)


def test_a_weaker_policy_does_not_come_back_by_its_number(world: World) -> None:
    first = queries.policy()[0]
    publish({**document("policy"), "version": first.version + 1, "rules": []}, "policy")
    assert queries.policy()[0].rules == ()
    SignedDocument.objects.filter(kind="policy", version=first.version).update(version=first.version + 2)
    with pytest.raises(Unsigned, match="not the document that was listed"):
        queries.policy()
