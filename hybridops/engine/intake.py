"""What the doors call before a run exists: check an upload, preview cost, risk and time, submit.

Previews use closed-form estimates and what workers last saw of the backends: no quantum package and no
provider is called in a web process. The exact numbers come at the gate, from the compiled circuit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_CEILING, Decimal

from django.db import IntegrityError

from hybridops.artifacts.services import store
from hybridops.backends.services import known
from hybridops.definitions.queries import policy, price_book, workflow_named
from hybridops.domain import clock
from hybridops.domain.budget import Quote, from_micro, quote, to_micro
from hybridops.domain.errors import BadInput, Conflict, Refused
from hybridops.domain.ports import Backend, Estimate
from hybridops.domain.risk import Assessment, assess
from hybridops.domain.workflow import Definition
from hybridops.engine import wiring
from hybridops.engine.bills import classical_micro, seconds_max
from hybridops.engine.programs import guard
from hybridops.engine.risks import facts_of
from hybridops.experiments import services
from hybridops.experiments.models import DataSnapshot, Run
from hybridops.experiments.queries import run_by_key, run_for, runs_for, snapshots_for
from hybridops.experiments.services import Wanted
from hybridops.quotas.models import Budget
from hybridops.quotas.queries import budgets_for
from hybridops.teams.models import Project, User
from hybridops.trust.canonical import digest_of
from hybridops.workflows.carshare import TITLE, carshare_montreal

UPLOAD_BYTES_MAX = 5 * 1024 * 1024
CAP_MARGIN = Decimal("1.2")  # the compiled circuit decides; the preview's closed form may be a little low


@dataclass(frozen=True, slots=True)
class Choice:
    """One backend as the form offers it. `blocked` says why it cannot be chosen, or is empty."""

    backend: Backend
    quote: Quote | None
    blocked: str
    assessment: Assessment | None
    calibration_age_hours: float | None


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


@dataclass(frozen=True, slots=True)
class Builtin:
    """Public data that comes installed, offered beside an upload."""

    key: str
    name: str
    filename: str
    data: Callable[[], bytes]


BUILTINS: Mapping[str, tuple[Builtin, ...]] = {
    "routing": (Builtin("carshare-montreal", TITLE, "montreal-car-share.csv", carshare_montreal),)
}


def add_snapshot(
    *, user: User, project_id: int, workflow_name: str, name: str, filename: str, data: bytes, data_class: str
) -> DataSnapshot:
    """Checks an upload and lists it; raises BadInput with line and column, and then nothing was kept."""
    services.check_project(user, project_id)
    if len(data) > UPLOAD_BYTES_MAX:
        raise BadInput("The file is larger than 5 MB. Send fewer stops.", field="upload")
    definition, _ = workflow_named(workflow_name)
    summary = dict(wiring.workflow(definition.workflow).describe(data, filename))
    return services.add_snapshot(
        user=user,
        project_id=project_id,
        name=name.strip() or str(summary.get("name", filename)),
        filename=filename,
        workflow=definition.workflow,
        digest=store(data, media_type="text/plain"),
        summary=summary,
        data_class=data_class,
    )


def builtin_snapshots(workflow_name: str) -> tuple[Builtin, ...]:
    """The data that comes installed and that this workflow can read."""
    return BUILTINS.get(workflow_named(workflow_name)[0].workflow, ())


def add_builtin(*, user: User, project_id: int, workflow_name: str, key: str) -> DataSnapshot:
    """Lists installed data in a project; raises BadInput for a key nobody offers."""
    found = next((one for one in builtin_snapshots(workflow_name) if one.key == key), None)
    if found is None:
        raise BadInput("Choose one of the data sets listed here.", field="upload")
    return add_snapshot(
        user=user,
        project_id=project_id,
        workflow_name=workflow_name,
        name=found.name,
        filename=found.filename,
        data=found.data(),
        data_class="public",
    )


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
    rules, _ = policy()
    return Preview(
        definition=definition,
        wanted=wanted,
        estimate=estimate,
        choices=choices,
        chosen=chosen,
        classical_usd=from_micro(_classical(definition)),
        budgets=tuple(_budgets(project, chosen.backend.name)),
        lapses_at=clock.now() + rules.lapses_after,
        digest=_digest(wanted, chosen),
    )


def _digest(wanted: Wanted, chosen: Choice) -> str:
    """Of what was asked and what it was said to cost: a price that moved since gives another digest."""
    high = str(chosen.quote.high) if chosen.quote else ""
    told = [wanted.project_id, wanted.snapshot_id, dict(wanted.parameters), wanted.seed, wanted.backend]
    return digest_of([*told, wanted.fallback, wanted.cost_max_micro, chosen.backend.name, high])


def _classical(definition: Definition) -> int:
    cpu, gpu = seconds_max(definition)
    return classical_micro(price_book()[0], cpu_seconds=cpu, gpu_seconds=gpu)


def _budgets(project: Project, backend: str) -> list[Budget]:
    return budgets_for(team_id=project.team_id, project_id=project.pk, backend=backend, on=clock.now().date())


def _choices(
    definition: Definition,
    digest: str,
    user: User,
    wanted: Wanted,
    estimate: Estimate,
    snapshot: DataSnapshot,
    project: Project,
) -> tuple[Choice, ...]:
    """Every backend anybody has seen here: those that can take the work first, the cheapest first."""
    book, _ = price_book()
    rules, _ = policy()
    shots = int(definition.check_parameters(wanted.parameters).get("shots", 1))
    found = []
    for backend in known():
        blocked = guard(backend, definition, book, qubits=estimate.qubits, shots=shots)
        if blocked:
            found.append(Choice(backend, None, blocked, None, None))
            continue
        rule = book.rule_for(backend.provider, backend.name)
        each = backend.rep_delay_seconds + (
            estimate.circuit_seconds if backend.kind != "ideal simulator" else 0
        )
        price = quote(book, rule, submissions_max=definition.submissions_max, shots=shots, shot_seconds=each)
        facts = facts_of(
            definition=digest,
            backend=backend,
            cost_usd=price.high,
            shots=shots,
            project=project,
            snapshot=snapshot,
            priority_class=wanted.priority_class,
            requester=user,
        )
        found.append(Choice(backend, price, "", assess(facts, rules), facts.calibration_age_hours))
    return tuple(sorted(found, key=lambda c: (bool(c.blocked), c.quote.high if c.quote else Decimal(0))))


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


def submit(
    *, user: User, workflow_name: str, wanted: Wanted, submit_key: str, replay_of: Run | None = None
) -> Run:
    """Makes the run; raises BadInput with the field, NoRoom, or Unsigned where the workflow may not run."""
    definition, digest = workflow_named(workflow_name)
    _, book_digest = price_book()
    try:
        return services.submit(
            user=user,
            wanted=wanted,
            definition=definition,
            definition_digest=digest,
            classical_micro=_classical(definition),
            price_book=book_digest,
            submit_key=submit_key,
            replay_of=replay_of,
        )
    except IntegrityError:  # the same form, sent twice at the same moment: the other one won
        return run_by_key(user, submit_key)


def submit_previewed(
    *,
    user: User,
    workflow_name: str,
    wanted: Wanted,
    submit_key: str,
    digest_shown: str,
    raise_cap: bool = False,
) -> Run:
    """Submits what was shown: raises Conflict where price or wish moved since, BadInput above the cap.

    `raise_cap` takes the cap that the preview suggested. The same key again answers the same run.
    """
    known_run = runs_for(user).filter(submit_key=submit_key).first()
    if known_run is not None:
        return known_run
    seen = preview(user=user, workflow_name=workflow_name, wanted=wanted)
    if digest_shown and digest_shown != seen.digest:
        raise Conflict("This is not what was shown last. Check the price and send it again.")
    if seen.over_cap:
        if not raise_cap:
            raise BadInput(
                f"The QPU may cost ${seen.qpu_high_usd:.2f}, above your cap of "
                f"${from_micro(wanted.cost_max_micro):.2f}. Ask for less, or raise the cap.",
                field="cost_max",
            )
        wanted = replace(wanted, cost_max_micro=to_micro(seen.cap_that_fits))
    return submit(user=user, workflow_name=workflow_name, wanted=wanted, submit_key=submit_key)


def replay(*, user: User, run_id: int, submit_key: str) -> Run:
    """A new, linked run of the same question, with its own approval and cost."""
    old = run_for(user, run_id)
    services.check_replayable(old)
    name = old.experiment.workflow
    wanted = services.wanted_again(old)
    if wanted.backend and not any(backend.name == wanted.backend for backend in known()):
        raise Refused(f"{wanted.backend} is not known here any more. Submit anew with another backend.")
    return submit(user=user, workflow_name=name, wanted=wanted, submit_key=submit_key, replay_of=old)
