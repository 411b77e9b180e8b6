"""What was approved in a bundle, by whom, and whether that was enough: recomputed from signatures alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from hybridops.domain import assess, envelope, policy
from hybridops.domain.decide import is_agreed
from hybridops.domain.erasure import GONE
from hybridops.domain.errors import BadInput, Refused
from hybridops.domain.presence import Method, Presence, check_presence
from hybridops.trust import dsse
from hybridops.trust.assertion import challenge_of, check_assertion
from hybridops.trust.bundle import Bundle, Event
from hybridops.trust.canonical import digest
from hybridops.trust.envelopes import Documents, check_envelopes, read_document
from hybridops.trust.keyring import Ring
from hybridops.trust.personal import Text
from hybridops.trust.submissions import check_submissions

YES = ("approve", "narrow")
EMERGENCY = "break glass"


def verify(bundle: Bundle, ring: Ring, events: list[Event], texts: Mapping[str, Text]) -> Iterator[str]:
    """Documents, then each request with its votes, then what was sent under it.

    `texts`: names and words by their digest, as far as they were not erased.
    """
    documents: Documents = {}
    for name in bundle.names("documents/"):
        yield read_document(bundle, ring, events, name, documents)
    asked = [event for event in events if event.action == "approval.asked"]
    if not asked:
        yield "Nobody was asked for an approval in this run."
    approved: envelope.Envelope | None = None
    for event in asked:
        about = [other for other in events if other.stream == event.stream]
        request = _Request(bundle, ring, event, about, texts)
        yield check_envelopes(request.name, bundle, request.folder, request.asked_events, documents)
        yield from request.check_votes(_requester(bundle.run, events))
        yield request.check_outcome(documents)
        approved = request.approved or approved
    _check_nothing_loose(bundle, asked)
    yield check_submissions(bundle.run, events, approved)


def _requester(run: int, events: list[Event]) -> str:
    """Who submitted the run: the actor of its first event."""
    first = next(event for event in events if event.stream == f"run:{run}")
    return f"{first.actor['kind']}:{first.actor['id']}"


@dataclass(slots=True)
class _Vote:
    """One signed decision: who gave it, and the event that logged it."""

    said: Mapping[str, Any]
    by: str
    signer: str
    event: Event

    @property
    def index(self) -> int:
        return self.event.index


class _Request:
    """One question: its envelopes, its assessment, its votes."""

    def __init__(
        self, bundle: Bundle, ring: Ring, asked: Event, events: list[Event], texts: Mapping[str, Text]
    ) -> None:
        self.bundle, self.ring, self.asked, self.events = bundle, ring, asked, events
        self.texts = texts
        self.id = asked.stream.partition(":")[2]
        self.folder = f"requests/{self.id}/"
        if asked.facts.get("subject") != f"run:{bundle.run}":
            raise Refused(f"{asked.name} is about another run.")
        self.assessment = bundle.json(f"{self.folder}assessment.json")
        self.assessed = digest(bundle.file(f"{self.folder}assessment.json"))
        self.asked_events = [asked, *(e for e in events if e.action == "approval.narrowed")]
        self.envelopes = [
            bundle.json(f"{self.folder}revision-{n}.json") for n, _ in enumerate(self.asked_events, 1)
        ]
        self.votes: list[_Vote] = []
        self.approved: envelope.Envelope | None = None

    @property
    def name(self) -> str:
        return f"A-{self.id}"

    def check_votes(self, requester: str) -> Iterator[str]:
        """Each logged vote has its signed statement and each statement its place in the log."""
        logged = {e.facts.get("envelope"): e for e in self.events if e.action == "approval.voted"}
        for name in self.bundle.names(f"{self.folder}decision-"):
            event = logged.pop(digest(self.bundle.file(name)), None)
            if event is None:
                raise Refused(f"{name} does not stand in the log: nobody can say when it was signed.")
            vote = self._vote(name, event)
            self.votes.append(vote)
            yield self._words(vote) + self._presence(vote)
        if logged:
            raise Refused(f"The bundle lacks the signed decision of {next(iter(logged.values())).name}.")
        self._check_people(requester)

    def _vote(self, name: str, event: Event) -> _Vote:
        said, signer = dsse.verify(
            self.bundle.json(name), kind="decision", trusted=self.ring.at("decision", event.index)
        )
        revision = said.get("revision")
        if type(revision) is not int or not 0 < revision <= len(self.envelopes):
            raise Refused(f"{name} is about a revision that there was not.")
        asked = digest(self.bundle.file(f"{self.folder}revision-{revision}.json"))
        meant = {
            "request": int(self.id), "subject": asked, "assessment": self.assessed,
            "verdict": event.facts.get("verdict"), "revision": event.facts.get("revision"),
        }  # fmt: skip
        for field, value in meant.items():
            if said.get(field) != value:
                raise Refused(f"{name} was signed for another {field} than it is shown with.")
        if said["personal"] != event.personal:
            raise Refused(f"{name} was signed with other words than {event.name} names.")
        by = f"{said['by']['kind']}:{said['by']['id']}"
        if by != f"{event.actor['kind']}:{event.actor['id']}":
            raise Refused(f"{name} was signed for somebody else than {event.name} names.")
        return _Vote(said, by, signer, event)

    def _words(self, vote: _Vote) -> str:
        who = self._text(vote, "name", vote.event.actor["name"])
        who = f"{vote.by} {GONE}" if who == GONE else who
        what = f"{self.name}, revision {vote.said['revision']}: {who} said “{vote.said['verdict']}”"
        told = vote.said["personal"].items()
        said = "".join(f", {field} {self._text(vote, field, digest)}" for field, digest in told)
        return f"{what}{said} (entry {vote.index}, signed by {vote.signer})"

    def _text(self, vote: _Vote, field: str, digest: str) -> str:
        """What they said or are called, on one line without what a terminal would obey; or that it was erased."""
        text = self.texts.get(digest)
        if text is None:
            return GONE
        if (text.about, text.field) != (vote.by, field):
            raise Refused(
                f"{vote.event.name} has the {text.field} of {text.about} as the {field} of {vote.by}."
            )
        return "".join(one if one.isprintable() else " " for one in text.text)

    def _presence(self, vote: _Vote) -> str:
        """How it was proved who was there; a passkey's own signature is checked here again."""
        if not vote.by.startswith("person:"):
            return "; the signed policy itself."
        told = vote.said["presence"]
        try:
            presence = Presence(
                Method(told["method"]), datetime.fromisoformat(told["at"]), told.get("evidence", {})
            )
            at = datetime.fromisoformat(vote.said["at"])
        except (KeyError, TypeError, ValueError) as problem:
            raise Refused(
                f"A decision on {self.name} does not say how it was proved who made it."
            ) from problem
        check_presence(presence, accepted=self._accepted(vote), now=at)
        if presence.method == Method.PASSKEY:
            check_assertion(presence.evidence, challenge=challenge_of(vote.said))
            return "; the passkey's own signature over that digest and answer is valid."
        return f"; presence by {presence.method.value}, on the installation's word."

    def _accepted(self, vote: _Vote) -> tuple[Method, ...]:
        if vote.said["verdict"] == EMERGENCY:
            return tuple(Method(name) for name in str(vote.said["limits"]["step_up"]).split(", "))
        if vote.said["verdict"] in YES:
            return tuple(Method(name) for name in self.assessment["step_up"])
        return tuple(Method)  # a no may be said in any way

    def _check_people(self, requester: str) -> None:
        """Nobody decides on their own work, and nobody twice on one revision."""
        involved = {requester, *(f"person:{pk}" for pk in self.asked.facts.get("involved", ()))}
        seen: set[tuple[int, str]] = set()
        for vote in self.votes:
            if not vote.by.startswith("person:"):
                continue
            people = {vote.by}
            if vote.said.get("on_behalf") is not None:
                people.add(f"person:{vote.said['on_behalf']}")
            if people & involved:
                raise Refused(
                    f"{self.name} was decided by somebody who asked for the run or made part of it."
                )
            places = {(vote.said["revision"], person) for person in people}
            if places & seen:
                raise Refused(f"One person decided twice on a revision of {self.name}.")
            seen |= places

    def check_outcome(self, documents: Documents) -> str:
        """Where the log says that it was approved: that the policy asks for no more than was given."""
        policy_document = documents["policy", self.envelopes[0]["policy"]]
        self._check_assessment(policy_document)
        ends = [e for e in self.events if e.action == "approval.approved"]
        if not ends:
            last = self.events[-1].action.removeprefix("approval.").replace("_", " ")
            return f"{self.name} was not approved; the last that happened to it is: {last}."
        final = len(self.envelopes)
        votes = [v for v in self.votes if v.said["revision"] == final and v.index < ends[-1].index]
        emergency = [v for v in votes if v.said["verdict"] == EMERGENCY]
        words = self._emergency(emergency[0], policy_document) if emergency else self._agreed(votes)
        used = [e for e in self.events if e.action == "approval.consumed"]
        asked = digest(self.bundle.file(f"{self.folder}revision-{final}.json"))
        if len(used) > 1 or any(event.facts.get("digest") != asked for event in used):
            raise Refused(f"{self.name} was used twice, or for something else than was approved.")
        self.approved = envelope.read(self.envelopes[-1])
        return words

    def _check_assessment(self, document: Mapping[str, Any]) -> None:
        """The signed policy gives this score, this tier and this need for the facts that were kept."""
        try:
            kept = assess.read(self.assessment)
            again = assess.assess(kept.facts, policy.parse(document)).document()
        except (BadInput, KeyError, TypeError, ValueError, ArithmeticError) as problem:
            raise Refused(f"The assessment of {self.name} cannot be read: {problem}") from problem
        if again != self.assessment:
            wrong = sorted(name for name in again if again[name] != self.assessment.get(name))
            raise Refused(
                f"The signed policy does not give the {', '.join(wrong)} that {self.name} was assessed with."
            )

    def _agreed(self, votes: list[_Vote]) -> str:
        kept = assess.read(self.assessment)
        yes = [v for v in votes if v.said["verdict"] in YES]
        people = {v.by: frozenset(map(str, v.said["roles"])) for v in yes if v.by.startswith("person:")}
        if kept.need:
            seats = dict(enumerate(people.values()))
            if not is_agreed(kept.need, seats):
                raise Refused(f"{self.name} was approved with fewer votes than its tier {kept.tier!r} needs.")
            need = " and ".join(f"{one.count} of {one.of}" for one in kept.need)
            agreed = f"{len(people)} distinct people agreed, so {self.name} was approved"
            return f"The tier “{kept.tier}” needs {need}; {agreed}."
        if kept.denied or not kept.by_policy or not any(v.by.startswith("policy:") for v in yes):
            raise Refused(f"{self.name} was approved, and nobody who may do so agreed.")
        return f"The tier “{kept.tier}” needs nobody: the signed policy approved {self.name} by itself."

    def _emergency(self, vote: _Vote, document: Mapping[str, Any]) -> str:
        door = policy.parse(document).break_glass
        cost = Decimal(self.envelopes[-1]["cost_usd_max"])
        if door is None or assess.read(self.assessment).denied or cost > door.usd_max:
            raise Refused(f"{self.name} was opened as an emergency that its policy does not allow.")
        ticket = self._text(vote, "ticket", vote.said["personal"]["ticket"])
        return f"{self.name} was opened in an emergency, ticket {ticket}; the policy allows it up to ${door.usd_max}."


def _check_nothing_loose(bundle: Bundle, asked: list[Event]) -> None:
    known = {f"requests/{event.stream.partition(':')[2]}/" for event in asked}
    for name in bundle.files:
        if name.startswith("requests/") and not any(name.startswith(folder) for folder in known):
            raise Refused(f"{name} belongs to no request that the log knows.")
