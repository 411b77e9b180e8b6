"""Who makes a move. Names are kept beside ids, so the trail outlives the account."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`kind` is person, service, agent, worker, policy or system; `on_behalf` names the owner of the work."""

    kind: str
    id: str
    name: str
    on_behalf: str = ""

    def document(self) -> dict[str, str]:
        return asdict(self)


SYSTEM = Actor("system", "0", "hybridops")
