"""Everything the run page shows, read once: the machines, the money, the approval, what the stages found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.conf import settings
from django.utils.text import slugify

from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.approvals.queries import by_subject, decisions_of
from hybridops.artifacts.services import fetch
from hybridops.backends.services import snapshot
from hybridops.definitions.queries import workflow_by_digest
from hybridops.domain import clock
from hybridops.domain.control import control
from hybridops.domain.errors import BadInput, Unsigned
from hybridops.domain.states import LIVE_SUBMISSION, RunState, StageState, SubmissionState
from hybridops.domain.workflow import Definition
from hybridops.engine.traces import trace_of
from hybridops.experiments import history
from hybridops.experiments.conduct import APPROVAL, PROVIDER, subject
from hybridops.experiments.history import Event, Interval
from hybridops.experiments.models import Placement, Run, Stage, Submission
from hybridops.experiments.queries import stages_of, submissions_of
from hybridops.quotas.queries import reservations
from hybridops.web.answers.run import Told
from hybridops.web.viewmodels.machine import Calibration, calibration
from hybridops.web.viewmodels.money import Cost, cost_of
from hybridops.web.viewmodels.results import Answer, answer_of
from hybridops.web.viewmodels.weighed import Decided, decided

DECLINED = ("reject", "changes")


@dataclass(frozen=True)
class Story:
    """One run that its reader may see. What is read late is read once."""

    run: Run

    @cached_property
    def stages(self) -> list[Stage]:
        return stages_of(self.run)

    @cached_property
    def submissions(self) -> list[Submission]:
        return submissions_of(self.run)

    @cached_property
    def events(self) -> list[Event]:
        return history.events_of(self.run)

    @cached_property
    def intervals(self) -> list[Interval]:
        nodes = {row.key: history.node_of(row.key, row.spec, row.device) for row in self.stages}
        return history.intervals(self.events, nodes, clock.now())

    @cached_property
    def placements(self) -> list[Placement]:
        return history.placements_of(self.run)

    @property
    def trace_url(self) -> str:
        """Where its trace is looked at, where traces are sent and it has ended."""
        sent = settings.OTLP_ENDPOINT and settings.TRACE_URL and self.run.outcome
        return settings.TRACE_URL.replace("{trace}", trace_of(self.run)) if sent else ""

    @property
    def decided(self) -> list[Decided]:
        return [decided(row) for row in self.placements]

    @cached_property
    def request(self) -> ApprovalRequest | None:
        return by_subject(subject(self.run.pk))

    @cached_property
    def decisions(self) -> list[Decision]:
        return list(decisions_of(self.request)) if self.request else []

    @cached_property
    def cost(self) -> Cost:
        cap = self.run.experiment.cost_max_micro
        return cost_of(list(reservations(self.run.pk)), self.submissions, cap)

    @cached_property
    def definition(self) -> Definition | None:
        """None where it may not run any more: the page stands, its past is recorded."""
        try:
            return workflow_by_digest(self.run.plan["definition"])
        except Unsigned:
            return None

    def stage(self, kind: str) -> Stage | None:
        return next((row for row in self.stages if row.spec["kind"] == kind), None)

    def summary_with(self, name: str) -> Mapping[str, Any]:
        return next((row.summary for row in self.stages if name in row.summary), {})

    @property
    def control(self) -> Mapping[str, Any] | None:
        """What the controls reached, by the run's own rule; None before them and where the definition is retired."""
        found = self.summary_with("control").get("control")
        return control(self.definition.acceptance, found).document() if found and self.definition else None

    @cached_property
    def scored(self) -> Mapping[str, Any]:
        """The score's summary; empty before it."""
        found = self.stage("score")
        return found.summary if found else {}

    @cached_property
    def found(self) -> Answer:
        return answer_of(self.scored.get("arms") or {})

    @cached_property
    def unit(self) -> str:
        return str(self.scored.get("unit") or (self.definition.unit if self.definition else ""))

    @cached_property
    def programs(self) -> list[Mapping[str, Any]]:
        """What was compiled, the chosen one first."""
        return list(self.summary_with("programs").get("programs") or ())

    @cached_property
    def program(self) -> Mapping[str, Any] | None:
        """The program that was sent last, or that would be sent."""
        if self.submissions:
            sent = self.submissions[-1].program
            return next((body for body in self.programs if body["digest"] == sent), None)
        return next(iter(self.programs), None)

    @cached_property
    def calibration(self) -> Calibration | None:
        if self.program is None:
            return None
        return calibration(snapshot(self.program["snapshot"]), self.text(self.program["digest"]))

    def text(self, digest: str) -> str:
        """An artifact as text; empty where it is missing or altered, which its download tells."""
        try:
            return fetch(digest).decode()
        except (BadInput, UnicodeDecodeError):
            return ""

    def artifact(self, step_key: str, name: str) -> bytes | None:
        """The named artifact of the stage whose summary has this key."""
        digest = (self.summary_with(step_key).get("artifacts") or {}).get(name)
        try:
            return fetch(digest) if digest else None
        except BadInput:
            return None

    @cached_property
    def downloads(self) -> dict[str, tuple[str, str, str]]:
        """By name: digest, file name, media type."""
        found: dict[str, tuple[str, str, str]] = {}
        for row in self.stages:
            for name, digest in (row.summary.get("artifacts") or {}).items():
                found[name] = (digest, *_file(name))
        for body in self.programs:
            name = f"compiled-{slugify(body['backend'])}"
            found[name] = (body["digest"], f"{name}.qasm", QASM)
        for sent in self.submissions:
            if sent.result:
                found[f"result-{sent.ordinal}"] = (sent.result, f"result-{sent.ordinal}.json", JSON)
        return found

    @property
    def backend(self) -> str:
        if self.submissions:
            return self.submissions[-1].backend
        return str(self.program["backend"]) if self.program else ""

    def told(self) -> Told:
        """The facts behind the answer line."""
        last = self.submissions[-1] if self.submissions else None
        quantum, request = self.stage("quantum"), self.request
        held = quantum.why if quantum and quantum.state == StageState.HELD else ""
        approved = next((row for row in reversed(self.decisions) if row.verdict not in DECLINED), None)
        return Told(
            state=RunState(self.run.state),
            why=self.run.why,
            unit=self.unit,
            value=self.found.value,
            change=self.found.change,
            credit=str(self.scored.get("verdict", {}).get("credit", "")),
            spent=self.cost.billed if self.cost.reported else None,
            cap=self.cost.cap,
            asked_for=Decimal(request.envelope["cost_usd_max"]) if request else None,
            backend=self.backend,
            doing=tuple(row.spec["label"] for row in self.stages if row.state == StageState.RUNNING),
            submission=last.ordinal if last else 0,
            submissions_max=int(request.envelope["submissions_max"]) if request else 0,
            unknown=last is not None and last.state == SubmissionState.UNKNOWN,
            cancelling=self.run.cancel_requested,
            held="" if held in (APPROVAL, PROVIDER) else held,
            asked_at=request.asked_at if request else None,
            lapses_at=request.lapses_at if request else None,
            approved_by=approved.by if approved else "",
            now=clock.now(),
        )

    @property
    def live(self) -> bool:
        """Whether anything may still move: also a bill that follows the run's end."""
        return not self.run.outcome or any(row.state in LIVE_SUBMISSION for row in self.submissions)

    def document(self) -> str:
        """The plan as it was signed, for reading and copying."""
        return json.dumps(self.run.plan, indent=1, sort_keys=True)


QASM, JSON = "text/x-openqasm", "application/json"


def _file(name: str) -> tuple[str, str]:
    return (f"{name}.qasm", QASM) if name == "circuit" else (f"{name}.json", JSON)
