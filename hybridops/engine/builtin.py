"""The documents that come with the product. They bind the code they were shipped with, so they are
completed with its digest and signed by the installation when it is set up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hybridops.definitions import services as definitions
from hybridops.definitions.models import SignedDocument
from hybridops.domain.actors import Actor
from hybridops.engine import wiring

_FOLDER = Path(__file__).parent / "documents"


def document(name: str) -> dict[str, Any]:
    """One shipped document; a workflow gets the digest of the code it runs."""
    loaded: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text())
    if "workflow" in loaded:
        loaded["implementation"] = wiring.implementation(loaded["workflow"])
    return loaded


def sign_shipped(
    *,
    actor: Actor,
    author_id: int | None = None,
    approver_id: int | None = None,
    policy: Mapping[str, Any] | None = None,
    again: bool = False,
) -> None:
    """Signs what is shipped and not signed yet; `policy` takes the shipped one's place.

    After an upgrade only the demo signs `again` by itself; elsewhere a second person does, from a prepared draft.
    """
    workflows = [("workflow", name) for name in wiring.WORKFLOWS]
    for kind, name in (("policy", "policy"), ("pricebook", "pricebook"), *workflows):
        body = dict(policy or document(name)) if kind == "policy" else document(name)
        body_name = body["name"]
        newest = SignedDocument.objects.filter(kind=kind, name=body_name).order_by("-version").first()
        if newest is not None:
            if not again or not _is_outdated(newest, body):
                continue
            body["version"] = newest.version + 1
        definitions.publish(
            kind=kind,
            name=body_name,
            version=body.get("version", 1),
            document=body,
            actor=actor,
            author_id=author_id,
            approver_id=approver_id,
        )


def _is_outdated(row: SignedDocument, body: Mapping[str, Any]) -> bool:
    """Whether what is signed binds other code, or is of a schema that is read no more."""
    signed = definitions.verified(row)
    return any(signed.get(name) != body.get(name) for name in ("schema", "implementation"))
