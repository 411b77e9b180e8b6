"""After a restore: asks each provider, by key, about all that may have been sent since the copy was made.

The key of a submission follows from its run, so a job is found although its row was lost. A run that was lost as a
whole has no key here; neither has a provider that cannot look one up an answer. Those are for a person with the
provider's console, and the report says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime

from django.conf import settings

from hybridops.definitions.queries import workflow_by_digest
from hybridops.domain.actors import Actor
from hybridops.domain.errors import HybridopsError, ProviderError
from hybridops.domain.ports import Capability, Provider
from hybridops.domain.states import LIVE_SUBMISSION
from hybridops.engine import wiring
from hybridops.engine.slots import submission_key
from hybridops.experiments.models import Run, Submission
from hybridops.quotas.queries import spending_stop
from hybridops.quotas.stops import all_asked


@dataclass(frozen=True, slots=True)
class Lost:
    """A job at a provider that this house has no submission of."""

    run: int
    ordinal: int
    provider: str
    job: str
    status: str


@dataclass(slots=True)
class Report:
    """`known` submissions were found by their key, `absent` ones not: they wait for the poller. `consoles`: where a
    person has to look, and why. `failed`: providers that did not answer; with one of them nothing is concluded.
    """

    backup_at: datetime
    known: int = 0
    absent: int = 0
    lost: list[Lost] = field(default_factory=list)
    consoles: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def reconcile(*, actor: Actor) -> Report | None:
    """Asks all; None where no restored house waits for it. It may be run again, and must be where one failed."""
    stop = spending_stop()
    if stop is None or stop.backup_at is None:
        return None
    report = Report(stop.backup_at)
    for key in _providers():
        try:
            _ask(key, report)
        except HybridopsError as problem:
            kind = problem.kind if isinstance(problem, ProviderError) else type(problem).__name__
            report.failed.append(f"{key}: {kind}, {problem}")
    if not report.failed:
        all_asked(found=[asdict(one) for one in report.lost], actor=actor)
    return report


def _providers() -> list[str]:
    """Those of the settings, and those that something was sent to: one that is no longer set up cannot answer."""
    rows = Submission.objects.filter(settled=False).order_by()
    return sorted({*settings.PROVIDERS, *rows.values_list("provider", flat=True)})


def _ask(key: str, report: Report) -> None:
    provider = wiring.provider(key)
    since = f"{report.backup_at:%Y-%m-%d %H:%M} UTC"
    if Capability.FIND_BY_KEY not in provider.capabilities:
        report.consoles.append(f"{key} cannot look a job up: compare every job in its console since {since}")
        return
    report.consoles.append(f"{key}: jobs of runs that were submitted after {since} are in its console only")
    for row in Submission.objects.filter(provider=key, settled=False, state__in=LIVE_SUBMISSION, job_id=""):
        if provider.find(row.key) is None:
            report.absent += 1
        else:
            report.known += 1
    report.lost.extend(_lost(key, provider))


def _lost(key: str, provider: Provider) -> Iterator[Lost]:
    for run in Run.objects.filter(outcome="").order_by("pk"):
        definition = workflow_by_digest(run.plan["definition"])
        if key not in definition.providers:
            continue
        have = set(Submission.objects.filter(run=run).values_list("ordinal", flat=True))
        for ordinal in range(1, definition.submissions_max + 1):
            found = None if ordinal in have else provider.find(submission_key(run, ordinal))
            if found is not None:
                yield Lost(run.pk, ordinal, key, found.job_id, found.raw_status[:60])
