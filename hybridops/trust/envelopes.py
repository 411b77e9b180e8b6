"""What was asked for in a bundle: each revision as logged, about this run, its signed documents and its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from hybridops.domain import envelope
from hybridops.domain.errors import Refused
from hybridops.trust import dsse
from hybridops.trust.bundle import Bundle, Event
from hybridops.trust.canonical import digest, digest_of
from hybridops.trust.keyring import Ring

# A kind of signed document → the field of an envelope that names one by its digest.
REFERS = {"workflow": "definition", "policy": "policy", "pricebook": "price_book"}
_LIMITS = ("shots_max", "submissions_max", "cost_usd_max", "not_after")

type Documents = dict[tuple[str, str], dict[str, Any]]  # by kind and digest


def read_document(
    bundle: Bundle, ring: Ring, events: Sequence[Event], name: str, documents: Documents
) -> str:
    """Adds a signed document, by a key that was believed at the place where its signature was logged."""
    kind, found = name.removeprefix("documents/").partition("-")[0], digest(bundle.file(name))
    signed = (event for event in events if event.action == "document.signed")
    logged = [event for event in signed if event.facts.get("envelope") == found]
    if len(logged) != 1:
        raise Refused(f"{name} is not a document whose signature stands in the log.")
    document, signer = dsse.verify(
        bundle.json(name), kind=kind, trusted=ring.at("definition", logged[0].index)
    )
    documents[kind, digest_of(document)] = document
    words = f"{document.get('name')}, version {document.get('version', logged[0].facts.get('version'))}"
    return f"The {kind} ({words}) was signed by {signer} with Ed25519 and ML-DSA-65, entry {logged[0].index}."


def check_envelopes(
    name: str, bundle: Bundle, folder: str, asked: Sequence[Event], documents: Documents
) -> str:
    """Each revision is the one that was logged, narrower than the one before, and about this run."""
    for number, event in enumerate(asked, 1):
        file = f"{folder}revision-{number}.json"
        if digest(bundle.file(file)) != event.facts.get("digest"):
            raise Refused(f"{file} is not what {event.name} says was asked.")
    if len(bundle.names(f"{folder}revision-")) != len(asked):
        raise Refused(f"The bundle has other revisions of {name} than the log.")
    revisions = [bundle.json(f"{folder}revision-{number}.json") for number, _ in enumerate(asked, 1)]
    for before, after in pairwise(revisions):
        _check_narrower(name, before, after)
    _check_refers(name, bundle, folder, revisions[0], documents)
    digests = ", ".join(event.facts["digest"][:16] + "…" for event in asked)
    return f"What {name} asked for was digested again and is what the log says: {digests}."


def _check_refers(
    name: str, bundle: Bundle, folder: str, first: Mapping[str, Any], documents: Documents
) -> None:
    """The plan, the assessment and the signed documents are those that the envelope names by digest."""
    meant = {
        "run": bundle.run,
        "plan": digest(bundle.file("plan.json")),
        "assessment": digest(bundle.file(f"{folder}assessment.json")),
    }
    for field, value in meant.items():
        if first.get(field) != value:
            raise Refused(f"{name} was about another {field} than the bundle's.")
    for kind, field in REFERS.items():
        if (kind, first.get(field)) not in documents:
            raise Refused(f"{name} was about a {kind} that is not in the bundle.")


def _check_narrower(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """A revision only ever takes away: lower limits, fewer programs, everything else the same."""
    try:
        first, then = envelope.read(before), envelope.read(after)
    except (KeyError, TypeError, ValueError, ArithmeticError) as problem:
        raise Refused(f"A revision of {name} cannot be read: {problem}") from problem
    same = {key: value for key, value in before.items() if key not in (*_LIMITS, "programs")}
    more = [limit for limit in _LIMITS if getattr(then, limit) > getattr(first, limit)]
    if more or not set(then.programs) <= set(first.programs) or same.items() - after.items():
        raise Refused(f"A later revision of {name} allows more than the one before it.")
