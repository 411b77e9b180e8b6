"""Who did what, and can I prove it. Reading here is an event as well."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET, require_POST

from hybridops.audit import queries
from hybridops.audit.queries import Seen, State
from hybridops.audit.report import Report
from hybridops.audit.services import note_read
from hybridops.domain import clock
from hybridops.domain.errors import Refused
from hybridops.engine.signatures import verify_all
from hybridops.teams.access import actor, check_may
from hybridops.teams.permissions import Permission
from hybridops.web import figures, fmt
from hybridops.web.answers import audit as answers
from hybridops.web.context import reader
from hybridops.web.errors import page
from hybridops.web.pages.audit_form import AuditForm

NEEDS = "The audit log needs the Auditor, Operator or Administrator role."
ROWS = 50
DAYS = 30
VERIFY_MAX = 100_000  # a few seconds; a longer log is verified on the server


@page(refusal=NEEDS)
@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    check_may(reader(request), Permission.SEE_AUDIT)
    sought = ", ".join(f"{field} {value}" for field, value in request.GET.items() if value)
    note_read(actor=actor(reader(request)), what="the list", sought=sought[:300])
    return _list(request, None)


@page(refusal=NEEDS)
@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Recomputes the whole log, here and now."""
    check_may(reader(request), Permission.SEE_AUDIT)
    if queries.state().events > VERIFY_MAX:
        raise Refused(
            f"The log has more than {fmt.number(VERIFY_MAX)} events; run `manage.py verify` on the server instead."
        )
    report = verify_all()
    facts = {"events": report.events, "findings": len(report.findings)}
    note_read(actor=actor(reader(request)), what="the whole log, to verify it", facts=facts)
    return _list(request, report)


def _list(request: HttpRequest, report: Report | None) -> HttpResponse:
    form, now = AuditForm(request.GET), queries.state()
    told: dict[str, Any] = {"rows": [], "found": 0, "older": None}
    if form.is_valid():
        told = _found(request, form, now)
    told |= {
        "form": form,
        "state": now,
        "report": report,
        "answer": answers.answer(now, report),
        "strip": _strip(now, report),
        "too_long": now.events > VERIFY_MAX,
        "run": _run(form.cleaned_data.get("object", "")) if form.is_valid() else None,
    }
    return render(request, "audit/audit.html", told, status=200 if form.is_valid() else 422)


def _found(request: HttpRequest, form: AuditForm, now: State) -> dict[str, Any]:
    wanted = form.wanted()
    rows = queries.events(wanted)
    shown, older = queries.before(rows, form.cleaned_data["before"], ROWS)
    query = request.GET.copy()
    query.pop("before", None)
    found = now.events if wanted.any else rows.count()
    return {
        "rows": [_row(one, now) for one in queries.seen(shown)],
        "found": found,
        "older": older,
        "query": query.urlencode(),
        "filtered": not wanted.any,
    }


def _row(seen: Seen, now: State) -> dict[str, Any]:
    leaf = getattr(seen.event, "leaf", None)
    return {
        "event": seen.event,
        "who": seen.who,
        "kind": seen.kind,
        "did": answers.did(seen.event),
        "detail": answers.detail(seen.facts),
        "object": named(seen.event.stream),
        "sealed": leaf is not None and leaf.index < now.sealed,
    }


def _run(stream: str) -> int | None:
    """The run that an object is: its proofs can be exported."""
    room, _, number = stream.partition(":")
    return int(number) if room == "run" and number.isdecimal() else None


def named(stream: str) -> dict[str, str]:
    """An object as people name it, with its page where it has one."""
    room, _, number = stream.partition(":")
    if room == "run" and number.isdecimal():
        return {"words": f"R-{number}", "url": reverse("run", args=[number])}
    if room == "request" and number.isdecimal():
        return {"words": f"A-{number}", "url": reverse("decision", args=[number])}
    return {"words": f"{room} {number}".strip(), "url": ""}


def _strip(now: State, report: Report | None) -> figures.Figure:
    since = clock.now() - timedelta(days=DAYS)
    known = {on: (count, late) for on, count, late in queries.per_day(since, now.sealed)}
    every = (since.date() + timedelta(days=ahead) for ahead in range(DAYS + 1))
    drawn = figures.day_strip(figures.Days(tuple(figures.Day(on, *known.get(on, (0, 0))) for on in every)))
    return drawn if report is not None and report.verified else _claimless(drawn)


def _claimless(drawn: figures.Figure) -> figures.Figure:
    """The same strip where nothing was recomputed: it says what is in a checkpoint, not what is verified."""
    svg, words = (text.replace("verified", "in a checkpoint") for text in (str(drawn.svg), drawn.sentence))
    rows = tuple(
        tuple(cell.replace("verified", "in a checkpoint") for cell in row) for row in drawn.table.rows
    )
    table = replace(drawn.table, rows=rows)
    return figures.Figure(mark_safe(svg), words, table)  # noqa: S308 - the figure's own markup


@page(refusal="")
@require_GET
def event(request: HttpRequest, pk: int) -> HttpResponse:
    """One event: its exact bytes, and the path from them to the signed root."""
    check_may(reader(request), Permission.SEE_AUDIT)
    found, now = queries.event_at(pk), queries.state()
    (seen,) = queries.seen([found])
    note_read(actor=actor(reader(request)), what=f"event {pk}")
    told = {
        **_row(seen, now),
        "state": now,
        "facts": [
            *((name, _shown(value)) for name, value in seen.facts.items()),
            *((name, _gone(moment)) for name, moment in seen.erased.items()),
        ],
        "bytes": len(found.body.encode()),
        "leaf_hash": bytes(found.leaf_hash).hex(),
        "leaf": getattr(found, "leaf", None),
        "proof": queries.prove(found, now),
        "run": _run(found.stream),
    }
    return render(request, "audit/event.html", told)


@page(refusal="")
@require_GET
def proof(request: HttpRequest, pk: int) -> HttpResponse:
    """The event's proof as a file that other tools read (c2sp.org/tlog-proof)."""
    check_may(reader(request), Permission.SEE_AUDIT)
    found = queries.event_at(pk)
    text = queries.proof_file(found, queries.state())
    note_read(actor=actor(reader(request)), what=f"the proof of event {pk}")
    return _download(text.encode(), f"event-{pk}.tlog-proof", "text/plain; charset=utf-8")


@page(refusal="")
@require_GET
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest signed checkpoint, to be kept outside."""
    check_may(reader(request), Permission.SEE_AUDIT)
    now = queries.state()
    if not now.note:
        raise Refused("No checkpoint is signed yet.")
    note_read(actor=actor(reader(request)), what=f"the checkpoint of {now.sealed} events")
    return _download(now.note.encode(), f"checkpoint-{now.sealed}.txt", "text/plain; charset=utf-8")


def _download(data: bytes, name: str, media: str) -> HttpResponse:
    answered = HttpResponse(data, content_type=media)
    answered["Content-Disposition"] = f'attachment; filename="{name}"'
    answered["X-Content-Type-Options"] = "nosniff"
    return answered


def _gone(moment: datetime) -> str:
    return f"erased on {fmt.day(moment)}"


def _shown(value: Any) -> str:
    if value is None:
        return fmt.NOT_SET
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
