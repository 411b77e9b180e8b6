"""What the steps of every family that samples one register share: earlier results, and the subproblem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hybridops.domain.errors import BadInput
from hybridops.domain.ports import StepInput
from hybridops.trust.canonical import read


def earlier(step: StepInput, name: str) -> Mapping[str, Any] | None:
    """The summary that step `name` left, under whichever stage key, or None."""
    return next((found for found in step.results.values() if found.get("step") == name), None)


def needed(step: StepInput, name: str) -> Mapping[str, Any]:
    """The same, where a definition must provide it; raises BadInput where it does not."""
    found = earlier(step, name)
    if found is None:
        raise BadInput(f"this stage needs a stage that runs the step {name!r} before it", field="stages")
    return found


def subproblem(step: StepInput) -> dict[str, Any]:
    """The document that `narrow` stored, fetched by its digest: at least "ising" and "angles"."""
    document: dict[str, Any] = read(step.artifact(needed(step, "narrow")["artifacts"]["subproblem"]))
    return document
