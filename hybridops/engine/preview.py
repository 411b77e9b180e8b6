"""What a submit would mean now: cost, risk, who has to agree, for every backend anybody has seen.

Closed-form estimates and what workers last saw of the backends: no quantum package and no provider is
called in a web process. The exact numbers come at the gate, from the compiled circuit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from functools import cache

from hybridops.approvals.queries import missing_for
from hybridops.backends import breakers
from hybridops.backends.services import known
from hybridops.backends.waiting import waits
from hybridops.definitions.queries import policy, price_book, workflow_named
from hybridops.domain import clock, work
from hybridops.domain.assess import Assessment, assess
from hybridops.domain.decide import Needed, missing_words
from hybridops.domain.errors import BadInput
from hybridops.domain.money import from_micro
from hybridops.domain.placement import NEVER_SEEN
from hybridops.domain.ports import Backend, Estimate
from hybridops.domain.quotes import Quote, quote
from hybridops.domain.rules import too_long
from hybridops.domain.waits import Waits
from hybridops.domain.workflow import Definition
from hybridops.engine import wiring
from hybridops.engine.bills import classical_micro, seconds_max
from hybridops.engine.programs import guard
from hybridops.engine.reach import reach_of
from hybridops.engine.risks import facts_of, involved_with
from hybridops.experiments import services
from hybridops.experiments.models import DataSnapshot
from hybridops.experiments.queries import snapshots_for
from hybridops.experiments.services import Wanted
from hybridops.quotas.models import Budget
from hybridops.quotas.periods import today
from hybridops.quotas.queries import budgets_for
from hybridops.teams.models import Project, User
from hybridops.trust.canonical import digest_of

CAP_MARGIN = Decimal("1.2")  # the compiled circuit decides; the preview's closed form may be a little low


@dataclass(frozen=True, slots=True)
class Choice:
    """One backend as the form offers it, with the waits seen there. `blocked` says why it cannot be chosen, `shut` why
    nothing goes there for now; or they are empty.
    """

    backend: Backend
    quote: Quote | None
    blocked: str
    assessment: Assessment | None
    calibration_age_hours: float | None
    waits: Waits
    shut: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a submit would mean now. `digest` names exactly what was previewed: the submit brings it back."""

    definition: Definition
    wanted: Wanted
    estimate: Estimate
    choices: tuple[Choice, ...]
    chosen: Choice
    classical_usd: Decimal
    budgets: tuple[Budget, ...]
    lapses_at: datetime
    fidelity_given_up: float
    digest: str

    @property
    def likely_usd(self) -> Decimal:
        return self.classical_usd + (self.chosen.quote.likely if self.chosen.quote else Decimal(0))

    @property
    def high_usd(self) -> Decimal:
        return self.classical_usd + (self.chosen.quote.high if self.chosen.quote else Decimal(0))

    @property
    def qpu_high_usd(self) -> Decimal:
        return self.chosen.quote.high if self.chosen.quote else Decimal(0)

    @property
    def over_cap(self) -> bool:
        return self.qpu_high_usd > from_micro(self.wanted.cost_max_micro)

    @property
    def cap_that_fits(self) -> Decimal:
        """The cap to suggest, in whole dollars: the worst case with a margin."""
        return max(Decimal(1), (self.qpu_high_usd * CAP_MARGIN).to_integral_value(ROUND_CEILING))


def preview(*, user: User, workflow_name: str, wanted: Wanted) -> Preview:
    """Cost, risk and who has to agree for what is wanted; raises BadInput with the field that is wrong."""
    definition, digest = workflow_named(workflow_name)
    services.check_project(user, wanted.project_id)
    snapshot = snapshots_for(user).filter(pk=wanted.snapshot_id, project_id=wanted.project_id).first()
    if snapshot is None:
        raise BadInput("Choose data of this project.", field="snapshot")
    parameters = definition.check_parameters(wanted.parameters)
    estimate = wiring.workflow(definition.workflow).estimate(snapshot.summary, parameters)
    project = Project.objects.get(pk=wanted.project_id)
    choices = _choices(definition, digest, user, wanted, estimate, snapshot, project)
    chosen = _chosen(choices, wanted.backend)
    lapses = chosen.assessment.lapses_after_seconds if chosen.assessment else 0
    return Preview(
        definition=definition,
        wanted=wanted,
        estimate=estimate,
        choices=choices,
        chosen=chosen,
        classical_usd=from_micro(classical_max_micro(definition)),
        budgets=tuple(_budgets(project, chosen.backend.name)),
        lapses_at=clock.now() + timedelta(seconds=lapses),
        fidelity_given_up=policy()[0].fidelity_given_up,
        digest=_digest(wanted, chosen),
    )


def _digest(wanted: Wanted, chosen: Choice) -> str:
    """Of what was asked and what it was said to cost: a price that moved since gives another digest."""
    high = str(chosen.quote.high) if chosen.quote else ""
    told = [wanted.project_id, wanted.snapshot_id, dict(wanted.parameters), wanted.seed, wanted.backend]
    return digest_of([*told, wanted.fallback, wanted.cost_max_micro, chosen.backend.name, high])


def classical_max_micro(definition: Definition) -> int:
    cpu, gpu = seconds_max(definition)
    return classical_micro(price_book()[0], cpu_seconds=cpu, gpu_seconds=gpu)


def _budgets(project: Project, backend: str) -> list[Budget]:
    return budgets_for(team_id=project.team_id, project_id=project.pk, backend=backend, on=today())


def _choices(
    definition: Definition,
    digest: str,
    user: User,
    wanted: Wanted,
    estimate: Estimate,
    snapshot: DataSnapshot,
    project: Project,
) -> tuple[Choice, ...]:
    """Every backend anybody has seen here: those that can take the work first, then those that can later; the cheapest
    first.
    """
    book, _ = price_book()
    rules, _ = policy()
    shots = int(definition.check_parameters(wanted.parameters).get("shots", 1))
    involved, where = involved_with(digest, snapshot, user), reach_of(snapshot, rules)
    found, queues, may = [], waits(), breakers.passage()
    missing = cache(lambda need: missing_for(need, project.team_id, involved))
    for backend in known():
        seen = queues.get((backend.provider, backend.name), NEVER_SEEN)
        blocked = guard(backend, definition, book, where, qubits=estimate.qubits, shots=shots)
        if blocked:
            found.append(Choice(backend, None, blocked, None, None, seen))
            continue
        rule = book.rule_for(backend.provider, backend.name)
        asked = work.estimated(estimate, backend, shots=shots)
        if stopped := too_long(rule, asked):
            found.append(Choice(backend, None, stopped, None, None, seen))
            continue
        price = quote(
            book,
            rule,
            asked,
            submissions_max=definition.submissions_max,
            submissions_likely=min(estimate.submissions_max, definition.submissions_max),
        )
        facts = facts_of(
            definition=digest,
            backend=backend,
            cost_usd=price.high,
            shots=asked.shots,
            project=project,
            snapshot=snapshot,
            priority_class=wanted.priority_class,
            requester=user,
        )
        judged = _judged(backend, price, assess(facts, rules), missing, seen)
        found.append(replace(judged, shut=may.why_not((backend.provider, backend.name))[0]))
    return tuple(
        sorted(found, key=lambda c: (bool(c.blocked), bool(c.shut), c.quote.high if c.quote else Decimal(0)))
    )


def _judged(
    backend: Backend,
    price: Quote,
    found: Assessment,
    missing: Callable[[tuple[Needed, ...]], Mapping[str, int]],
    seen: Waits,
) -> Choice:
    """Blocked where the policy denies it, or where too few people could ever agree to it."""
    blocked = found.denied.rstrip(".")
    if lacking := missing(found.need):
        blocked = f"it needs {missing_words(lacking)} than this team has beside who is involved"
    return Choice(backend, price, blocked, found, found.facts.calibration_age_hours, seen)


def _chosen(choices: tuple[Choice, ...], asked: str) -> Choice:
    """The backend asked for, or the cheapest that can take it; raises BadInput where there is none."""
    free = [choice for choice in choices if not choice.blocked]
    if not choices:
        raise BadInput(
            "No backend has been seen yet. The workers look within seconds; try again.", field="backend"
        )
    if not free:
        raise BadInput(
            f"No backend can take this: {choices[0].backend.name}: {choices[0].blocked}.", field="backend"
        )
    if asked:
        wanted = next((choice for choice in choices if choice.backend.name == asked), None)
        if wanted is None or wanted.blocked:
            why = wanted.blocked if wanted else "it is not known here"
            raise BadInput(f"{asked} cannot take this: {why}.", field="backend")
        return wanted
    return free[0]
