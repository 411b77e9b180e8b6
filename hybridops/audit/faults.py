"""What is wrong with one event: its bytes, the columns people filter by, the texts it names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from hybridops.audit.models import Payload
from hybridops.audit.names import digests_in
from hybridops.trust.merkle import leaf_hash

COLUMNS = ("stream", "seq", "at", "action", "actor", "body", "leaf_hash")


def faults_of(
    stream: str, seq: int, at: datetime | None, action: str, actor: str, body: str, own_hash: bytes
) -> Iterator[str]:
    """What is wrong with one event: its bytes, and the columns that people filter by."""
    if leaf_hash(body.encode("utf-8", "surrogatepass")) != bytes(own_hash):
        yield "was altered: its bytes do not give its hash"
        return
    try:
        told = json.loads(body)
        by = told["actor"]
        said = {
            "stream": (told["stream"], stream),
            "number": (told["seq"], seq),
            "action": (told["action"], action),
            "time": (told["at"], at and at.isoformat()),
            "actor": (f"{by['kind']}:{by['id']}", actor),
        }
    except (ValueError, KeyError, TypeError):
        yield "was altered: its bytes are no event"
        return
    wrong = [name for name, (signed, column) in said.items() if signed != column]
    if wrong:
        yield f"was altered: the {' and the '.join(wrong)} in the table is not what its bytes say"
    if missing := [digest for digest in digests_in(told) if not has_text(digest)]:
        yield f"has lost a personal text: nothing is kept for {missing[0][:16]}…, not even that it was erased"


@lru_cache(maxsize=4096)
def has_text(digest: str) -> bool:
    return Payload.objects.filter(digest=digest).exists()
