"""What an approval covers: one run, its inputs by digest, the programs that may be sent, and the limits.

An approval is given to the digest of `Envelope.document()`. Each submission must pass `check_within`;
a reviewer may only `narrow`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from hybridops.domain.errors import BadInput, Refused

SCHEMA = "hybridops.envelope/3"
VALUES_MAX = 4_000  # of all sets in one submission: each is put on record


@dataclass(frozen=True, slots=True)
class Listed:
    """A (backend, compiled program) pair that may be sent, with the snapshot it was compiled for."""

    provider: str
    backend: str
    program: str
    snapshot: str
    region: str


@dataclass(frozen=True, slots=True)
class Input:
    """An input of the template and the values it may have, in radians."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Envelope:
    """`assessment` is the digest of the score, the factors and the tier that are shown with it.

    One submission runs the template under at most `bindings_max` sets of values for its `inputs`; without inputs it
    runs as it is.
    """

    run: int
    definition: str
    plan: str
    data: str
    template: str
    made_by: str
    inputs: tuple[Input, ...]
    bindings_max: int
    programs: tuple[Listed, ...]
    submissions_max: int
    shots_max: int
    cost_usd_max: Decimal
    price_book: str
    policy: str
    assessment: str
    not_after: datetime

    def document(self) -> dict[str, Any]:
        """The JSON whose canonical bytes are approved. Money is a string: floats never carry money."""
        body = asdict(self)
        body["cost_usd_max"] = str(self.cost_usd_max)
        body["not_after"] = self.not_after.isoformat()
        body["inputs"] = [asdict(one) for one in self.inputs]
        body["programs"] = [asdict(listed) for listed in self.programs]
        return {"schema": SCHEMA, **body}


def read(document: Mapping[str, Any]) -> Envelope:
    """The envelope in a verified document."""
    body = {key: value for key, value in document.items() if key != "schema"}
    body["inputs"] = tuple(Input(**one) for one in body["inputs"])
    body["programs"] = tuple(Listed(**listed) for listed in body["programs"])
    body["cost_usd_max"] = Decimal(body["cost_usd_max"])
    body["not_after"] = datetime.fromisoformat(body["not_after"])
    return Envelope(**body)


@dataclass(frozen=True, slots=True)
class Planned:
    """One submission as it is about to be sent. `ordinal` counts from 1; money includes what is spent.

    `bindings` are the sets of values for the template's inputs.
    """

    run: int
    ordinal: int
    provider: str
    backend: str
    program: str
    shots_total: int
    cost_usd_total: Decimal
    at: datetime
    bindings: Sequence[Mapping[str, float]] = ()


def check_within(envelope: Envelope, planned: Planned) -> None:
    """Raises Refused with every way in which the submission leaves the envelope.

    `shots_total` and `cost_usd_total` are sums over the run including this submission's worst case.
    """
    pairs = {(listed.provider, listed.backend, listed.program) for listed in envelope.programs}
    limits = [
        (planned.run == envelope.run, f"the approval is for run {envelope.run}"),
        (
            (planned.provider, planned.backend, planned.program) in pairs,
            f"{planned.backend} with this program was not approved",
        ),
        (
            1 <= planned.ordinal <= envelope.submissions_max,
            f"at most {envelope.submissions_max} submissions were approved",
        ),
        (0 < planned.shots_total <= envelope.shots_max, f"at most {envelope.shots_max} shots were approved"),
        (planned.cost_usd_total <= envelope.cost_usd_max, f"at most ${envelope.cost_usd_max} was approved"),
        (planned.at <= envelope.not_after, f"the approval ended at {envelope.not_after.isoformat()}"),
        *_bound(envelope, planned.bindings),
    ]
    if broken := [sentence for kept, sentence in limits if not kept]:
        raise Refused("; ".join(broken) + ".")


def _bound(envelope: Envelope, bindings: Sequence[Mapping[str, float]]) -> list[tuple[bool, str]]:
    """As `check_within`'s limits: as many sets as allowed, each with one value inside its domain for every input."""
    least, most = (1, envelope.bindings_max) if envelope.inputs else (0, 0)
    inside = all(
        set(values) == {one.name for one in envelope.inputs}
        and all(one.low <= values[one.name] <= one.high for one in envelope.inputs)
        for values in bindings
    )
    return [
        (least <= len(bindings) <= most, f"{least} to {most} sets of values were approved"),
        (inside, "a value of the template is missing or outside what was approved"),
    ]


def narrow(
    envelope: Envelope,
    *,
    shots_max: int | None = None,
    cost_usd_max: Decimal | None = None,
    submissions_max: int | None = None,
    not_after: datetime | None = None,
    backends: Collection[str] | None = None,
) -> Envelope:
    """The same envelope with tighter limits; raises BadInput where a limit is not tighter or not possible.

    `backends` keeps some of the listed ones, in their order.
    """
    asked = {
        "shots_max": shots_max,
        "cost_usd_max": cost_usd_max,
        "submissions_max": submissions_max,
        "not_after": not_after,
    }
    limits: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    for name, value in limits.items():
        _check_tighter(name, value, getattr(envelope, name))
    if backends is not None:
        limits["programs"] = _kept(envelope, backends)
    if not any(value != getattr(envelope, name) for name, value in limits.items()):
        raise BadInput("No limit is tighter than what was asked for. Lower one, or approve as asked.")
    return replace(envelope, **limits)


def _kept(envelope: Envelope, backends: Collection[str]) -> tuple[Listed, ...]:
    kept = tuple(listed for listed in envelope.programs if listed.backend in backends)
    if not kept or set(backends) - {listed.backend for listed in kept}:
        raise BadInput("Keep at least one of the listed backends, and no other.", field="backends")
    return kept


def _check_tighter(name: str, value: Any, now: Any) -> None:
    if value > now:
        raise BadInput(f"{name} may only be lowered, from {now} to {value} is more.", field=name)
    if isinstance(value, int | Decimal) and value <= 0:
        raise BadInput(f"{name} must be more than zero.", field=name)
