"""Who decides proves to be there. What the passkey signed is checked again when the approval is used."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from hybridops.approvals import services as approvals
from hybridops.approvals import votes as voting
from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.audit import keyring
from hybridops.domain.actors import SYSTEM
from hybridops.domain.errors import Refused, Unsigned
from hybridops.domain.presence import Method, Presence
from hybridops.experiments import services
from hybridops.teams.access import actor
from hybridops.teams.presence import passkey_challenge, prove_by_passkey
from hybridops.trust import dsse
from hybridops.trust.assertion import challenge_of, check_assertion
from hybridops.trust.personal import fresh
from tests.approvals.asking import ask, decide, state, unguarded, votes
from tests.presence import here
from tests.teams.authenticator import Passkey
from tests.world import World


def by_passkey(world: World, request: ApprovalRequest, verdict: str = "approve", **told: Any) -> Presence:
    seed = fresh()
    digest = voting.to_sign(request, by=actor(world.mikkel), seed=seed, verdict=verdict, **told)
    answer = Passkey(world.mikkel).answer(passkey_challenge(world.mikkel, digest, seed))
    return prove_by_passkey(world.mikkel, digest=digest, assertion=answer)


def consume(request: ApprovalRequest) -> None:
    fresh = ApprovalRequest.objects.get(pk=request.pk)
    with transaction.atomic():
        approvals.consume(request_id=request.pk, digest=fresh.digest, actor=SYSTEM)


PROOFS: list[tuple[str, Callable[[], Presence]]] = [
    ("signed in, no more", lambda: here(Method.SESSION)),
    ("a rehearsed past", lambda: here(Method.REHEARSAL)),
    ("six minutes ago", lambda: here(Method.CODE, ago=360)),
    ("from the future", lambda: here(Method.CODE, ago=-60)),
]


@pytest.mark.parametrize(("what", "proof"), PROOFS, ids=[case[0] for case in PROOFS])
@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_without_a_fresh_proof_that_the_tier_accepts_nothing_is_decided(
    world: World, what: str, proof: Callable[[], Presence], verdict: str
) -> None:
    request = ask(world)
    with pytest.raises(Refused):
        decide(world.mikkel, request, verdict, presence=proof())
    assert (state(request), votes(request)) == ("pending", [])


def test_the_record_says_how_it_was_proved(world: World) -> None:
    request = ask(world)
    decide(world.mikkel, request)
    vote = Decision.objects.get()
    said, _ = dsse.verify(vote.envelope, kind="decision", trusted=keyring.trusted("decision"))
    assert (vote.presence, said["presence"]["method"]) == ("one-time code", "one-time code")


@pytest.mark.parametrize("verdict", ["approve", "narrow"])
def test_a_passkey_signs_what_is_approved_and_anybody_can_check_it(world: World, verdict: str) -> None:
    request = ask(world)
    told: dict[str, Any] = {"reason": "enough", "limits": {"shots_max": 60} if verdict == "narrow" else None}
    proof = by_passkey(world, request, verdict, **told)
    with transaction.atomic():
        services.decide(
            user=world.mikkel,
            request_id=request.pk,
            verdict=verdict,
            digest_shown=request.digest,
            presence=proof,
            **told,
        )
    said, _ = dsse.verify(
        Decision.objects.get().envelope, kind="decision", trusted=keyring.trusted("decision")
    )
    assert said["subject"] == ApprovalRequest.objects.get().digest
    check_assertion(said["presence"]["evidence"], challenge=challenge_of(said))
    for name, other in (
        ("verdict", "reject"),
        ("subject", "0" * 64),
        ("personal", {"reason": "0" * 64}),
        ("personal", {}),
        ("limits", {"shots_max": "9"}),
    ):
        with pytest.raises(Unsigned, match="something else"):
            check_assertion(said["presence"]["evidence"], challenge=challenge_of({**said, name: other}))
    consume(request)
    assert state(request) == "consumed"


def forged(request: ApprovalRequest, change: dict[str, Any]) -> None:
    """As a server that signs what it likes: the decision's key is its own, the passkey is not."""
    vote = Decision.objects.get()
    said, _ = dsse.verify(vote.envelope, kind="decision", trusted=keyring.trusted("decision"))
    said = copy.deepcopy(said) | change
    Decision.objects.update(
        envelope=dsse.sign(kind="decision", name=str(request), document=said, pair=keyring.pair("decision")),
        verdict=said["verdict"],
    )  # fmt: skip
    ApprovalRequest.objects.update(state="approved", ended_at=None)


def test_the_server_cannot_make_a_yes_out_of_a_no(world: World) -> None:
    request = ask(world)
    decide(
        world.mikkel,
        request,
        "reject",
        reason="no",
        presence=by_passkey(world, request, "reject", reason="no"),
    )
    unguarded()
    forged(request, {"verdict": "approve"})
    with pytest.raises(Unsigned, match="something else"):
        consume(request)


SPOILT = ["client_data", "authenticator_data", "signature", "public_key", "rp_id"]


@pytest.mark.parametrize("part", SPOILT)
def test_a_proof_with_one_part_altered_does_not_hold(world: World, part: str) -> None:
    request = ask(world)
    told = {"reason": "because"}
    proof = by_passkey(world, request, **told)
    decide(world.mikkel, request, presence=proof)
    evidence = dict(proof.evidence)
    at = len(evidence[part]) // 2
    evidence[part] = (
        evidence[part][:at] + ("A" if evidence[part][at] != "A" else "B") + evidence[part][at + 1 :]
    )
    unguarded()
    forged(request, {"presence": {**proof.document(), "evidence": evidence}})
    with pytest.raises(Unsigned):
        consume(request)


def test_a_code_that_was_old_when_it_was_used_does_not_count_later(world: World) -> None:
    request = ask(world)
    decide(world.mikkel, request)
    unguarded()
    forged(request, {"presence": here(Method.CODE, ago=600).document()})
    with pytest.raises(Refused, match="older than five minutes"):
        consume(request)
    forged(request, {"presence": {"method": "a wink"}})
    with pytest.raises(Refused, match="how it was proved"):
        consume(request)
