"""Eight stages of nothing, so that what is measured is the orchestration: moves, money, approval, trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hybridops.domain.ports import Backend, Capability, Estimate, Program, StepInput, StepOutput
from hybridops.trust.canonical import digest


def _nothing(given: StepInput) -> StepOutput:
    return StepOutput({})


def _encode(given: StepInput) -> StepOutput:
    return StepOutput({"circuit": {"qubits": 1, "template_digest": digest(b"t")}}, {"circuit": b"nothing"})


def _score(given: StepInput) -> StepOutput:
    return StepOutput(
        {"arms": {name: {"objective": 1.0} for name in ("heuristic", "baseline", "random", "quantum")}}
    )


class Noop:
    name = "noop"
    accepts = "Any file"
    quadratic = True
    steps = {"nothing": _nothing, "encode": _encode, "score": _score}

    def describe(self, data: bytes, filename: str) -> dict[str, object]:
        return {}

    def estimate(self, problem: object, parameters: object) -> Estimate:
        return Estimate(1, 1, 1, 1, 0.0, 1, 0.1, 0.1)


class Null:
    capabilities = frozenset({Capability.FIND_BY_KEY})
    consistency_seconds = 0.0

    def __init__(self, key: str) -> None:
        self.key = key

    def backends(self) -> Sequence[Backend]:
        seen = datetime(2026, 1, 1, tzinfo=UTC)
        return [
            Backend(
                "null",
                "null",
                "ideal simulator",
                True,
                20,
                100,
                None,
                {},
                0,
                0.0,
                0.0,
                "here",
                seen,
                digest(b"null"),
            )
        ]

    def compile(self, circuit: str, backend: Backend, *, seed: int) -> Program:
        return Program("null", "null", circuit, digest(circuit.encode()), digest(b"t"), 1, 1, 0, 1, 0.0, 1.0)


def _stage(key: str, kind: str, needs: list[str], step: str) -> dict[str, Any]:
    return {
        "key": key,
        "kind": kind,
        "resource": "cpu",
        "needs": needs,
        "step": step,
        "seconds_max": 5,
        "label": key,
        "light": True,
    }


DEFINITION: dict[str, Any] = {
    "schema": "hybridops.workflow/1", "name": "noop", "version": 1, "title": "No-op", "summary": "Eight stages of nothing.",
    "author": "bench", "workflow": "noop", "unit": "m",
    "stages": [
        _stage("validate", "validate", [], "nothing"),
        _stage("one", "compute", ["validate"], "nothing"),
        _stage("two", "compute", ["one"], "nothing"),
        _stage("encode", "compute", ["two"], "encode"),
        _stage("compile", "compute", ["encode"], "compile"),
        _stage("gate", "gate", ["compile"], ""),
        _stage("three", "compute", ["gate"], "nothing"),
        _stage("score", "score", ["three"], "score"),
    ],
    "parameters": [{"name": "shots", "kind": "int", "default": 10, "low": 1, "high": 100, "label": "Shots"}],
    "acceptance": {"against": "heuristic", "worse_by_at_most": 0.0},
    "providers": ["null"], "fallback": "stop", "submissions_max": 1,
}  # fmt: skip
PRICES: dict[str, Any] = {
    "schema": "hybridops.pricebook/1", "name": "null", "currency": "USD", "source": "none", "dated": "2026-01-01",
    "valid_to": "2099-01-01", "cpu_second": "0.00005", "gpu_second": "0",
    "rules": [{"provider": "null", "backend": "*", "kind": "task+shot", "task": "0", "shot": "0"}],
}  # fmt: skip
