"""Who makes a move. Names are kept beside ids, so the trail outlives the account."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`kind` is person, service, agent, worker, policy or system; `on_behalf` names the owner of the work."""

    kind: str
    id: str
    name: str
    on_behalf: str = ""

    @property
    def key(self) -> str:
        """Who it is in one word, `person:12`: in columns, and as whose a text is."""
        return f"{self.kind}:{self.id}"

    def document(self) -> dict[str, str]:
        """As a signed statement says it: never by name, a name can be erased."""
        return {"kind": self.kind, "id": self.id}


SYSTEM = Actor("system", "0", "hybridops")
