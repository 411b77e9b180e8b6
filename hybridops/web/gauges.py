"""The readings behind the metrics, a room at a time, in few questions that stay cheap as the house grows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min, Sum
from rq import Queue, Worker

from hybridops.approvals.models import ApprovalRequest
from hybridops.audit import queries as trail
from hybridops.backends.breakers import breakers
from hybridops.backends.models import Listing
from hybridops.domain import clock
from hybridops.domain.levels import WINDOWS
from hybridops.domain.states import BreakerState, NoticeState, RequestState, StageState, SubmissionState
from hybridops.engine.levels import standings
from hybridops.experiments.announce import broker
from hybridops.experiments.dbtime import db_now
from hybridops.experiments.models import Run, Stage, Submission
from hybridops.experiments.outcome import Tally
from hybridops.outbox.models import Delivery, Message
from hybridops.quotas.books import looked
from hybridops.quotas.models import Budget
from hybridops.quotas.queries import spending_stop

OPEN = (StageState.READY, StageState.RUNNING, StageState.HELD)
type Value = tuple[Sequence[object], float]


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric with its values by label. `counts`: it only grows."""

    name: str
    words: str
    labels: Sequence[str]
    values: list[Value]
    counts: bool = False


def _one(name: str, words: str, value: float) -> Reading:
    return Reading(name, words, (), [((), value)])


def _age(since: datetime | None) -> float:
    return 0.0 if since is None else max(0.0, (clock.now() - since).total_seconds())


def _counted(name: str, words: str, labels: Sequence[str], rows: Iterable[tuple[object, ...]]) -> Reading:
    return Reading(name, words, labels, [(row[:-1], float(str(row[-1]))) for row in rows])


def of_runs() -> Iterator[Reading]:
    rows = Run.objects.filter(ended_at=None).order_by().values_list("state").annotate(n=Count("pk"))
    yield _counted("hybridops_runs_open", "Runs that have not ended, by state.", ("state",), rows)
    ended = Tally.objects.order_by().values_list("outcome").annotate(n=Sum("runs"))
    values: list[Value] = [((outcome,), float(n)) for outcome, n in ended]
    yield Reading("hybridops_runs_ended", "Runs that ended, by outcome.", ("outcome",), values, counts=True)


def of_stages() -> Iterator[Reading]:
    rows = Stage.objects.filter(state__in=OPEN).order_by()
    found = rows.values_list("queue", "state").annotate(n=Count("pk"))
    yield _counted("hybridops_stages_open", "Stages at work or waiting.", ("queue", "state"), found)
    ready = (
        rows.filter(state=StageState.READY).values_list("queue").annotate(age=db_now() - Min("ready_since"))
    )
    words = "Seconds that the oldest ready stage waits for a worker."
    yield _counted("hybridops_stage_ready_oldest_seconds", words, ("queue",), ready)
    late = rows.filter(state=StageState.RUNNING, lease_until__lt=db_now()).count()
    yield _one("hybridops_stages_lease_expired", "Running stages whose worker is gone.", late)


def of_submissions() -> Iterator[Reading]:
    rows = Submission.objects.filter(settled=False).order_by()
    found = rows.values_list("provider", "state").annotate(n=Count("pk"))
    words = "Submissions whose bill is not booked."
    yield _counted("hybridops_submissions_unsettled", words, ("provider", "state"), found)
    doubt = rows.filter(state=SubmissionState.UNKNOWN).aggregate(first=Min("sent_at"))["first"]
    words = "Seconds since the oldest submission was sent of which nobody knows whether it was taken."
    yield _one("hybridops_submission_unknown_oldest_seconds", words, _age(doubt))


def of_approvals() -> Iterator[Reading]:
    rows = ApprovalRequest.objects.filter(state=RequestState.PENDING)
    told = rows.aggregate(n=Count("pk"), lapses=Min("lapses_at"))
    yield _one("hybridops_approvals_waiting", "Requests that wait for people.", told["n"])
    left = 0.0 if told["lapses"] is None else (told["lapses"] - clock.now()).total_seconds()
    yield _one("hybridops_approval_next_lapse_seconds", "Seconds until the next one lapses, 0 if none.", left)


def of_backends() -> Iterator[Reading]:
    rows = Listing.objects.order_by("provider", "name")
    found = list(rows.values_list("provider", "name", "available", "seen_at"))
    labels = ("provider", "backend")
    yield Reading(
        "hybridops_backend_available", "1 where it takes work.", labels, [((p, b), a) for p, b, a, _ in found]
    )
    ages: list[Value] = [((p, b), _age(at)) for p, b, _, at in found]
    yield Reading("hybridops_backend_seen_seconds", "Seconds since a worker looked at it.", labels, ages)
    shut: list[Value] = [(key, row.state != BreakerState.CLOSED) for key, row in breakers().items()]
    yield Reading("hybridops_breaker_open", "1 where a breaker is not closed.", labels, shut)


def of_money() -> Iterator[Reading]:
    yield _one("hybridops_spending_stopped", "1 while QPU spending is stopped.", spending_stop() is not None)
    today, labels = clock.now().date(), ("budget",)
    rows = list(Budget.objects.filter(starts_on__lte=today, ends_on__gte=today).order_by("pk"))
    used: list[Value] = [
        ((row.pk,), (row.pending_micro + row.posted_micro) / max(1, row.limit_micro)) for row in rows
    ]
    yield Reading("hybridops_budget_used_ratio", "Promised and spent over the limit.", labels, used)
    frozen: list[Value] = [((row.pk,), row.frozen) for row in rows]
    yield Reading("hybridops_budget_frozen", "1 after an overrun, until finance clears it.", labels, frozen)
    words = "Differences that the last look at the ledger found."
    yield _one("hybridops_ledger_differences", words, len(looked().differences))


def of_the_log() -> Iterator[Reading]:
    now = trail.state()
    yield _one("hybridops_audit_unsealed_events", "Events not yet under a signed root.", now.tail)
    words = "Seconds since the newest checkpoint."
    yield _one("hybridops_audit_checkpoint_age_seconds", words, _age(now.made_at))
    yield _one("hybridops_audit_alarm", "1 where the log refuses to be signed on.", bool(now.alarm))


def of_notices() -> Iterator[Reading]:
    values: list[Value] = [
        ((kind, state.value), rows.filter(state=state).count())
        for kind, rows in (("mail", Message.objects), ("webhook", Delivery.objects))
        for state in (NoticeState.QUEUED, NoticeState.GIVEN_UP)
    ]
    words = "Notices that wait or were given up."
    yield Reading("hybridops_notices", words, ("kind", "state"), values)


def of_levels() -> Iterator[Reading]:
    found, loud = standings(), {"ticket": 1, "page": 2}
    alarms: list[Value] = [((one.level.key,), loud[one.alarm[0]] if one.alarm else 0) for one in found]
    words = "2 where an error budget burns so fast that somebody must come, 1 where somebody must look."
    yield Reading("hybridops_slo_alarm", words, ("level",), alarms)
    left: list[Value] = [((one.level.key,), one.left) for one in found]
    yield Reading("hybridops_slo_budget_left_ratio", "Of the error budget of 28 days.", ("level",), left)
    burns: list[Value] = [
        ((one.level.key, window.replace(" ", "")), one.burn(window) or 0.0)
        for one in found
        for window in WINDOWS
    ]
    words = "How many times as fast as allowed the budget is used."
    yield Reading("hybridops_slo_burn_rate", words, ("level", "window"), burns)


def of_the_broker() -> Iterator[Reading]:
    connection = broker()
    queues = [Queue(name, connection=connection) for name in settings.RQ_QUEUES]
    values: list[Value] = [((queue.name,), queue.count) for queue in queues]
    yield Reading("hybridops_queue_jobs", "Calls in the broker.", ("queue",), values)
    staffed: list[Value] = [((queue.name,), len(Worker.all(queue=queue))) for queue in queues]
    yield Reading("hybridops_workers", "Workers that the broker knows.", ("queue",), staffed)
