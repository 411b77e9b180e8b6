"""Bundles as the tests of the offline verifier need them: made once by the real services, then altered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.test import override_settings

from hybridops.approvals.models import ApprovalRequest
from hybridops.approvals.votes import to_sign
from hybridops.audit import keyring
from hybridops.domain.actors import SYSTEM
from hybridops.engine.bundle import export
from hybridops.engine.inline import ask_providers, drive
from hybridops.experiments.models import Run
from hybridops.teams.access import actor
from hybridops.teams.presence import passkey_challenge, prove_by_passkey
from hybridops.trust import bundle, checkpoint, dsse, offline, proof
from hybridops.trust.canonical import canonical, digest_of, read
from hybridops.trust.keyring import Ring
from hybridops.trust.merkle import leaf_hash
from hybridops.trust.personal import fresh
from hybridops.trust.tiles import Tree, grown
from tests.approvals.asking import ask, decide
from tests.teams.authenticator import Passkey
from tests.world import World

LOCAL = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


@dataclass(frozen=True, slots=True)
class Made:
    data: bytes
    ring: Ring
    run: int
    request: int

    def altered(self, change: Callable[[dict[str, bytes]], Any]) -> bytes:
        """The same bundle with other files, its manifest and container in order again: what a forger would hand over."""
        files = dict(bundle.open_bundle(self.data).files)
        change(files)
        return bundle.write(self.run, files)

    def document(self, name: str, change: Callable[[Any], Any]) -> bytes:
        """The same bundle with one JSON document altered."""

        def alter(files: dict[str, bytes]) -> None:
            body = read(files[name])
            change(body)
            files[name] = canonical(body)

        return self.altered(alter)

    def says(self, data: bytes | None = None, **more: Any) -> str:
        return "\n".join(offline.verify(data or self.data, self.ring, **more))


def finished(world: World, reason: str = "because", **changed: Any) -> ApprovalRequest:
    """A run that was approved by one person with a passkey, sent, and scored."""
    request = ask(world, **changed)
    with override_settings(CACHES=LOCAL):
        reviewer = world.mikkel
        key = Passkey(reviewer)
        seed = fresh()
        shown = to_sign(request, by=actor(reviewer), seed=seed, verdict="approve", reason=reason)
        presence = prove_by_passkey(
            reviewer, digest=shown, assertion=key.answer(passkey_challenge(reviewer, shown, seed))
        )
    decide(reviewer, request, presence=presence, reason=reason)
    return driven(request)


def driven(request: ApprovalRequest) -> ApprovalRequest:
    """An approved run to its end."""
    for _ in range(20):
        run = drive(request.envelope["run"])
        if run.outcome:
            break
        ask_providers(run.pk)
    return request


def made(world: World) -> Made:
    return exported(finished(world))


def exported(request: ApprovalRequest) -> Made:
    run = Run.objects.get(pk=request.envelope["run"])
    assert run.outcome == "accepted", run.why
    return Made(export(run=run, actor=SYSTEM), keyring.ring(), run.pk, request.pk)


def relogged(made: Made, change: Callable[[list[dict[str, Any]], dict[str, bytes]], Any]) -> bytes:
    """As a dishonest installation would: other events in another log of the same name, rightly proved and signed."""
    files = dict(bundle.open_bundle(made.data).files)
    order = sorted(
        (proof.read(files[name.removesuffix("json") + "tlog-proof"].decode()).index, name)
        for name in files
        if name.startswith("events/") and name.endswith(".json")
    )
    events = [read(files[name]) for _, name in order]
    change(events, files)
    files = {name: data for name, data in files.items() if not name.startswith("events/")}
    seen: Counter[str] = Counter()
    for event in events:
        seen[event["stream"]] += 1
        event["seq"] = seen[event["stream"]]
    bodies = [canonical(event) for event in events]
    tiles = grown(leaf_hash(body) for body in bodies)
    tree = Tree(lambda level, index: tiles.get((level, index), b""))
    point = checkpoint.Checkpoint(made.ring.origin, len(bodies), tree.root(len(bodies)))
    note = checkpoint.seal(point, [keyring.pair("log")], at=1_790_000_000)
    for index, (event, body) in enumerate(zip(events, bodies, strict=True)):
        name = bundle.event_file(event["stream"], event["seq"])
        files[f"{name}.json"] = body
        files[f"{name}.tlog-proof"] = proof.write(index, tree.inclusion(index, len(bodies)), note).encode()
    return bundle.write(made.run, {**files, "checkpoint": note.encode()})


def resigned(made: Made, change: Callable[[dict[str, Any]], Any]) -> Callable[..., None]:
    """A change for `relogged`: the decision says something else, and the log has that one's digest."""

    def alter(events: list[dict[str, Any]], files: dict[str, bytes]) -> None:
        name = f"requests/{made.request}/decision-1.json"
        said, _ = dsse.verify(read(files[name]), kind="decision", trusted=made.ring.of("decision"))
        change(said)
        envelope = dsse.sign(kind="decision", name="A-1", document=said, pair=keyring.pair("decision"))
        files[name] = canonical(envelope)
        for event in events:
            if event["action"] == "approval.voted":
                event["facts"]["envelope"] = digest_of(envelope)

    return alter
