"""Personal texts beside the log: names once a person, reasons once an event."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from hybridops.audit.models import Payload
from hybridops.domain.actors import Actor
from hybridops.trust.personal import Text, salted

OWNER = "owner"  # whose work it is, known by name only
# The digests of names by (whose, name), for each connection: another database may not know them.
_KNOWN: WeakKeyDictionary[BaseDatabaseWrapper, dict[tuple[str, str], str]] = WeakKeyDictionary()


def told(actor: Actor) -> dict[str, str]:
    """An actor as an event has it: kind and id, and digests for the names."""
    body = {"kind": actor.kind, "id": actor.id, "name": _named(actor.key, actor.name)}
    return body | {"on_behalf": _named(OWNER, actor.on_behalf)} if actor.on_behalf else body


def _named(about: str, name: str) -> str:
    """The digest of a name. Its text is written once; who knows it asks nothing."""
    known = _KNOWN.setdefault(connections[DEFAULT_DB_ALIAS], {})
    digest = known.get((about, name))
    if digest is None:
        rows = Payload.objects.filter(about=about, field="name", text=name)
        digest = rows.values_list("digest", flat=True).first() or _new(about, name)
        transaction.on_commit(partial(known.__setitem__, (about, name), digest))
    return digest


def _new(about: str, name: str) -> str:
    made = salted(about, "name", name)
    keep([made])
    return made.digest


def keep(texts: Iterable[Text]) -> None:
    """Writes texts beside the log, in one statement."""
    Payload.objects.bulk_create(
        Payload(digest=one.digest, about=one.about, field=one.field, salt=one.salt, text=one.text)
        for one in texts
    )


def forget(**_: Any) -> None:
    """A new connection, or an erased name: what was remembered here no longer counts."""
    _KNOWN.pop(connections[DEFAULT_DB_ALIAS], None)


connection_created.connect(forget, dispatch_uid=__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """A personal text as pages show it: the text, or when it was erased."""

    text: str
    erased_at: datetime | None = None


def said(digests: Iterable[str]) -> dict[str, Said]:
    """The texts behind digests, in one question."""
    rows = Payload.objects.filter(digest__in=set(digests)).values_list("digest", "text", "erased_at")
    return {digest: Said(text, erased_at) for digest, text, erased_at in rows}


def digests_in(body: Mapping[str, Any]) -> list[str]:
    """Every digest of a personal text in an event."""
    actor = body.get("actor") or {}
    found = [actor.get("name"), actor.get("on_behalf"), *(body.get("personal") or {}).values()]
    return [one for one in found if one]


def called(bodies: Iterable[str]) -> dict[str, str]:
    """For each actor of some events, as in `AuditEvent.actor`, the name they had; empty where it was erased."""
    actors = [json.loads(body)["actor"] for body in bodies]
    texts = said(actor["name"] for actor in actors)
    return {
        f"{actor['kind']}:{actor['id']}": texts[actor["name"]].text
        for actor in actors
        if actor["name"] in texts
    }
