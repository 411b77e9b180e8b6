"""The documents that come with the product. They bind the code they were shipped with, so they are
completed with its digest and signed by the installation when it is set up.
"""

from __future__ import annotations

import json
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


def sign_shipped(*, actor: Actor, author_id: int | None = None, approver_id: int | None = None) -> None:
    """Signs what is shipped and not signed yet; a new version of the code becomes a new version of its workflow."""
    for kind, name in (("policy", "policy"), ("pricebook", "pricebook"), ("workflow", "routing")):
        body = document(name)
        body_name = body["name"]
        newest = SignedDocument.objects.filter(kind=kind, name=body_name).order_by("-version").first()
        if newest is not None:
            if kind != "workflow" or _binds(newest, body["implementation"]):
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


def _binds(row: SignedDocument, implementation: str) -> bool:
    return bool(definitions.verified(row)["implementation"] == implementation)
