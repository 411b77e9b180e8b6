"""What a stage function may propose. Proposals are data; advance.py disposes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hybridops.domain.assess import Assessment
from hybridops.domain.envelope import Envelope
from hybridops.domain.ledger import Amounts
from hybridops.domain.placement import Placement
from hybridops.experiments.models import Submission
from hybridops.experiments.transitions import Ending, SubmissionMove


@dataclass(frozen=True, slots=True)
class Done:
    """The stage has done its work. `ending` ends the run with it.

    `made_from` is the digest of all that went in, where a later run may take this over; `taken_from` names the run
    that this was taken from.
    """

    summary: Mapping[str, Any] = field(default_factory=dict)
    device: str = ""
    seconds: float | None = None
    peak_bytes: int | None = None
    placement: Placement | None = None
    ending: Ending | None = None
    made_from: str = ""
    taken_from: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """The stage waits for somebody; the reason says for whom."""

    why: str


@dataclass(frozen=True, slots=True)
class Fall:
    """The QPU part cannot be done: the definition's fallback decides between `ending` and going on."""

    why: str
    ending: Ending


@dataclass(frozen=True, slots=True)
class Ask:
    """A question for people, or for a policy that may answer it."""

    envelope: Envelope
    assessment: Assessment
    evidence: Mapping[str, Any]
    involved: frozenset[int]
    lapses_at: datetime
    policy_name: str
    summary: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reserve:
    """The intent to submit. `consume` is the envelope digest to use up first, or empty within an envelope; `listed`
    and `not_after` say where else and until when it may be sent.
    """

    submission: Submission
    slot: Amounts
    consume: str
    price_book: str
    listed: tuple[tuple[str, str], ...]
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """Written before a provider is called, so that a crash can tell "never sent" from "perhaps sent"."""

    submission: Submission


@dataclass(frozen=True, slots=True)
class Sent:
    """What the provider's answer does to a submission; the stage looks again afterwards."""

    move: SubmissionMove


@dataclass(frozen=True, slots=True)
class Reopen:
    """What was approved is no longer what would be sent: back to the gate."""

    why: str


type Proposal = Done | Hold | Fall | Ask | Reserve | Attempt | Sent | Reopen
