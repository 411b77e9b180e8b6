"""A run as an OpenTelemetry trace, made from its own records once it has ended.

Nothing is carried through queues, and a death on the way leaves no gap: the spans are what the trail says. Every id
follows from the run, so what is sent twice is one trace. Nobody's name and no title is in it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache as once
from typing import Any

from django.conf import settings
from django.core.cache import cache

from hybridops.domain import clock
from hybridops.experiments.history import Interval, What, timelines
from hybridops.experiments.models import Run, Submission
from hybridops.quotas.queries import costs_of
from hybridops.trust.canonical import digest

UNTIL, KEPT_SECONDS = "traces:until", 30 * 24 * 3600
BACK, SETTLED_AFTER = timedelta(hours=1), timedelta(seconds=30)
RUNS_MAX, EXPORT_SECONDS = 50, 5
_log = logging.getLogger(__name__)


def trace_of(run: Run) -> str:
    """The trace's id as 32 hexadecimal digits; the same wherever it is asked for."""
    return digest(f"trace {run.pk} {run.plan_digest}".encode())[:32]


def export_ended() -> int:
    """Sends the traces of runs that ended since the last time; how many. What could not be sent is sent next time."""
    now = clock.now()
    until: datetime = cache.get(UNTIL) or now - BACK
    rows = Run.objects.filter(ended_at__gt=until, ended_at__lte=now - SETTLED_AFTER)
    runs = list(rows.select_related("experiment__project__team").order_by("ended_at")[:RUNS_MAX])
    if not runs:
        return 0
    spans = [span for run in runs for span in spans_of(run)]
    if _exporter(settings.OTLP_ENDPOINT).export(spans).name != "SUCCESS":
        _log.warning("traces were not taken by %s; they are sent again", settings.OTLP_ENDPOINT)
        return 0
    cache.set(UNTIL, runs[-1].ended_at, KEPT_SECONDS)
    return len(runs)


@once
def _exporter(endpoint: str) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS)


def spans_of(run: Run) -> Iterator[Any]:
    """From the submit to the end, and under it every stage, wait, question and job as the trail has them."""
    ended = run.ended_at or clock.now()
    lanes = timelines([run], ended)[run.pk]
    jobs = {f"Submission {row.ordinal}": row for row in Submission.objects.filter(run=run)}
    yield _span(run, "run", 0, (run.made_at, ended), _of_run(run), failed=run.outcome == "failed")
    for number, lane in enumerate(lanes, start=1):
        job = jobs.get(lane.name.partition(",")[0])
        told = {
            "hybridops.lane": lane.lane,
            "hybridops.what": str(lane.what),
            **(_of_job(job) if job else {}),
        }
        ends = (lane.start, lane.end)
        yield _span(run, _named(lane), number, ends, told, failed=lane.what == What.FAILED)


def _named(lane: Interval) -> str:
    return f"{lane.lane} {lane.name}"


def _of_run(run: Run) -> dict[str, Any]:
    spent, _ = costs_of(Run.objects.filter(pk=run.pk).values("pk")).get(run.pk, (0, 0))
    return {
        "hybridops.run": run.pk,
        "hybridops.experiment": run.experiment_id,
        "hybridops.workflow": str(run.plan["workflow"]),
        "hybridops.definition": str(run.plan["definition"]),
        "hybridops.plan": run.plan_digest,
        "hybridops.snapshot": str(run.plan["data"]),
        "hybridops.team": run.experiment.project.team.slug,
        "hybridops.outcome": run.outcome,
        "hybridops.cost_micro_usd": spent,
    }


def _of_job(row: Submission) -> dict[str, Any]:
    return {
        "hybridops.provider": row.provider,
        "hybridops.backend": row.backend,
        "hybridops.job": row.job_id,
        "hybridops.calibration": row.snapshot,
        "hybridops.program": row.program,
        "hybridops.shots": row.shots,
        "hybridops.reservation": row.reservation,
        "hybridops.cost_micro_usd": row.cost_micro or 0,
    }


def _span(
    run: Run, name: str, number: int, ends: Sequence[datetime], told: dict[str, Any], *, failed: bool
) -> Any:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    def context(of: int) -> SpanContext:
        own = int(digest(f"span {trace_of(run)} {of}".encode())[:16], 16)
        return SpanContext(int(trace_of(run), 16), own, is_remote=False, trace_flags=TraceFlags(1))

    start, end = (int(moment.timestamp() * 1e9) for moment in ends)
    return ReadableSpan(
        name=name,
        context=context(number),
        parent=context(0) if number else None,
        resource=Resource({"service.name": "hybridops"}),
        attributes=told,
        kind=SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR if failed else StatusCode.OK),
        start_time=start,
        end_time=max(start, end),
    )
