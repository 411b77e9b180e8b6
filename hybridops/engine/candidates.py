"""What a placement weighs beside the compiled program: the queue, the run's cap and budgets, the time left."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hybridops.backends import breakers
from hybridops.backends.waiting import waits
from hybridops.domain import clock
from hybridops.domain.money import from_micro, to_micro
from hybridops.domain.placement import NEVER_SEEN, Option
from hybridops.domain.ports import Backend, Program
from hybridops.domain.quotes import Quote
from hybridops.domain.states import LIVE_SUBMISSION
from hybridops.domain.waits import Waits
from hybridops.domain.work import Work
from hybridops.engine.context import Context
from hybridops.experiments.models import Submission
from hybridops.quotas.periods import today
from hybridops.quotas.queries import budgets_for


class Candidates:
    """The candidates of one run, as things stand now."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._may = breakers.passage()
        self._waits: Mapping[tuple[str, str], Waits] = waits()

    @property
    def seconds_left(self) -> float | None:
        """Until the experiment's deadline; None without one."""
        deadline = self._ctx.run.experiment.deadline
        return None if deadline is None else (deadline - clock.now()).total_seconds()

    def option(
        self, backend: Backend, program: Program, asked: Work, price: Quote, blocked: str = ""
    ) -> Option:
        """One backend with its numbers; blocked where it may cost more than the run's cap."""
        if not blocked and to_micro(price.high) > self._ctx.run.plan["cost_max_micro"]:
            blocked = f"it may cost ${price.high:.2f}, more than the run's cap"
        seconds = float(asked.seconds)
        return Option(
            provider=backend.provider,
            backend=backend.name,
            cost_usd=price.high,
            fidelity=program.fidelity,
            waits=self._waits.get((backend.provider, backend.name), NEVER_SEEN),
            run_seconds=seconds,
            ahead_seconds=seconds * self._sent_since(backend),
            budget_usd=self._budget(backend),
            blocked=blocked,
            shut=self._may.why_not((backend.provider, backend.name))[0],
        )

    def _sent_since(self, backend: Backend) -> int:
        """How many jobs of ours went there after its queue was looked at. Each is taken to be like this one."""
        rows = Submission.objects.filter(provider=backend.provider, backend=backend.name)
        return rows.filter(state__in=LIVE_SUBMISSION, sent_at__gt=backend.observed_at).count()

    def _budget(self, backend: Backend) -> Decimal | None:
        project = self._ctx.run.experiment.project
        rows = budgets_for(team_id=project.team_id, project_id=project.pk, backend=backend.name, on=today())
        free = [row.free_micro for row in rows]
        return from_micro(max(0, min(free))) if free else None
