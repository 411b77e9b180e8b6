"""Classical stages: the input a step may look at, the step, and its output as a summary with artifacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from time import monotonic, process_time
from typing import Any

from hybridops.artifacts.services import store
from hybridops.definitions.queries import workflow_by_digest
from hybridops.domain.errors import BadInput, Refused
from hybridops.domain.ports import StepInput, StepOutput
from hybridops.domain.states import RunState, StageState
from hybridops.domain.verdict import Verdict, judge
from hybridops.engine import wiring
from hybridops.engine.authoring import other_code
from hybridops.engine.context import Context
from hybridops.engine.programs import compile_programs
from hybridops.engine.proposals import Done, Proposal
from hybridops.engine.reuse import digest_of_input, earlier_with, placed_on, taken_from
from hybridops.experiments.announce import nudge
from hybridops.experiments.models import Stage
from hybridops.experiments.transitions import Ending
from hybridops.quotas.periods import day_of
from hybridops.quotas.queries import budgets_for

REPORT_EVERY_SECONDS = 0.5


def step_input(ctx: Context) -> StepInput:
    """What a step sees: digests are checked at every read."""
    return StepInput(
        problem=ctx.fetch(ctx.run.plan["data"]),
        parameters=ctx.run.parameters,
        seed=ctx.run.plan["seed"],
        results=ctx.results(),
        artifact=ctx.fetch,
        samples=ctx.samples(),
        bindings=[row.bindings for row in ctx.retrieved()],
        deadline_seconds=ctx.spec.seconds_max,
        report=Reporter(ctx.stage),
    )


class Reporter:
    """Progress of a stage, at most twice a second. Not a move: nothing depends on it."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.last = stage, 0.0

    def __call__(self, share: float, text: str) -> None:
        if monotonic() - self.last < REPORT_EVERY_SECONDS:
            return
        self.last = monotonic()
        values = {"progress": max(0.0, min(1.0, share)), "progress_text": text[:120]}
        Stage.objects.filter(pk=self.stage.pk, fence=self.stage.fence).update(**values)
        nudge(f"run:{self.stage.run_id}", progress=values["progress"], stage=self.stage.key)


def validate(ctx: Context) -> Proposal:
    """Signature, code, ranges, data and money: everything that can be refused before work is done."""
    definition = workflow_by_digest(ctx.run.plan["definition"])
    if problem := other_code(definition):
        raise Refused(problem)
    definition.check_parameters(ctx.run.parameters)
    project = ctx.run.experiment.project
    on = day_of(ctx.run.made_at)
    if not budgets_for(team_id=project.team_id, project_id=project.pk, backend="", on=on):
        raise Refused(f"{project} has no budget for this period. Finance can set one.")
    return _run_step(ctx, ctx.spec.step)


def compute(ctx: Context) -> Proposal:
    """One step of the workflow, or the compilation, which needs the providers."""
    if ctx.spec.step == "compile":
        started = monotonic()
        done = compile_programs(ctx)
        return Done(done.summary, "CPU", monotonic() - started, None, done.placement)
    return _run_step(ctx, ctx.spec.step)


def score(ctx: Context) -> Proposal:
    """The answer against the baselines; without a QPU answer, the classical one and a degraded run."""
    quantum = ctx.by_kind("quantum")
    fell_back = quantum is not None and quantum.state != StageState.DONE
    done = _run_step(ctx, "answer_classically" if fell_back else ctx.spec.step)
    if fell_back:
        gate = ctx.by_kind("gate")
        why = quantum.why if quantum and quantum.state == StageState.FELL_BACK else gate.why if gate else ""
        return _ended(done, RunState.DEGRADED, f"Answered classically: {why}", None)
    verdict = judge(ctx.definition().acceptance, _arms(done.summary))
    if quantum is not None and quantum.summary.get("partial"):
        share = f"{quantum.summary.get('shots')} of {quantum.summary.get('asked')} shots"
        return _ended(
            done, RunState.DEGRADED, f"Scored with a partial result, {share}. {verdict.why}", verdict
        )
    outcome = RunState.ACCEPTED if verdict.accepted else RunState.NOT_ACCEPTED
    return _ended(done, outcome, verdict.why, verdict)


def _arms(summary: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: arm.get("objective") for name, arm in summary.get("arms", {}).items()}


def _ended(done: Done, outcome: RunState, why: str, verdict: Verdict | None) -> Done:
    """The end of a run. An arm that the step could not tell from the answer gives no gap, improvement or credit."""
    undecided = done.summary.get("arms", {}).get("quantum", {}).get("undecided", ())
    if verdict:
        verdict = replace(
            verdict,
            gap=None if "baseline" in undecided else verdict.gap,
            improvement=None if "heuristic" in undecided else verdict.improvement,
            credit="nobody" if "heuristic" in undecided else verdict.credit,
        )
    told = {
        "outcome": outcome,
        "why": why,
        "accepted": verdict.accepted if verdict else False,
        "gap": verdict.gap if verdict else None,
        "improvement": verdict.improvement if verdict else None,
        "credit": verdict.credit if verdict else "classical",
    }
    return Done(
        {**done.summary, "verdict": told},
        done.device,
        done.seconds,
        done.peak_bytes,
        done.placement,
        Ending(outcome, f"{why.rstrip('.')}."),
    )


def _run_step(ctx: Context, step: str) -> Done:
    """Runs a step and keeps its artifacts; seconds are this process's CPU time, which is what is charged."""
    workflow = wiring.workflow(ctx.family())
    if step not in workflow.steps:
        raise BadInput(f"{workflow.name} has no step {step!r}.")
    made_from = digest_of_input(ctx, step) if ctx.spec.reuse else ""
    if made_from and (earlier := earlier_with(made_from, ctx.run)):
        return taken_from(earlier, ctx)
    started = process_time()
    output: StepOutput = workflow.steps[step](step_input(ctx))
    seconds = process_time() - started
    names = {name: store(data) for name, data in output.artifacts.items()}
    placed = None if ctx.spec.light else placed_on(ctx, output.device)
    summary = {**output.summary, "artifacts": names}
    return Done(summary, output.device, seconds, output.peak_bytes, placed, made_from=made_from)
