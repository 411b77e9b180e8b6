"""What each event says, as JSON schemas: the promise of docs/events.schema.json, which is made from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hybridops.outbox.kinds import KINDS

_ID = {"type": "integer", "minimum": 1}
_TEXT = {"type": "string"}
_RUN = {"run": _ID}
_REQUEST = {"request": _ID, "about": {"type": "string", "pattern": "^run:[0-9]+$"}, "what": _TEXT}
# Beside `subject` and `text`, which are for people; events for machines alone have neither.
DATA: Mapping[str, Mapping[str, Any]] = {
    **{kind: _REQUEST for kind in KINDS if kind.startswith("approval.")},
    "run.changed": {
        **_RUN,
        "state": _TEXT,
        "was": _TEXT,
        "version": _ID,
        "workflow": _TEXT,
        "requested_by": _ID,
    },
    "run.ended": {**_RUN, "outcome": _TEXT},
    "submission.unclear": {**_RUN, "ordinal": _ID, "key": _TEXT},
    "breaker.opened": {"provider": _TEXT, "backend": _TEXT, "state": _TEXT},
    "budget.frozen": {"budget": _ID, **_RUN, "over_micro": {"type": "integer"}},
    "budget.proposed": {},
    "spending.stopped": {},
    "definition.review": {},
    "schedule.refused": {"trigger": _ID, "what": {"enum": ["schedule", "hook"]}, "code": _TEXT},
    "audit.checkpoint": {"size": {"type": "integer", "minimum": 0}, "note": _TEXT},
    "audit.problem": {},
}


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of every event: CloudEvents 1.0 with one `type` a kind."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://hybridops.dev/events.schema.json",
        "title": "Events of hybridops",
        "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in KINDS],
        "$defs": {kind: _event(kind) for kind in KINDS},
    }


def _event(kind: str) -> dict[str, Any]:
    attributes = {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "format": "uri-reference"},
        "type": {"const": f"dev.hybridops.{kind}"},
        "subject": {"type": "string", "description": "the path of the page it leads to"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": _data(kind),
    }
    extensions = {
        "partitionkey": {"type": "string", "description": "what is in order among itself: run:7"},
        "team": {"type": "integer"},
    }
    return {
        "title": KINDS[kind].label,
        "type": "object",
        "properties": {**attributes, **extensions},
        "required": list(attributes),
        "additionalProperties": False,
    }


def _data(kind: str) -> dict[str, Any]:
    words = {} if KINDS[kind].machines else {"subject": _TEXT, "text": _TEXT}
    said = {**words, **DATA[kind]}
    return {"type": "object", "properties": said, "required": sorted(said), "additionalProperties": False}
