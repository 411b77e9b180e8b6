"""What another policy would have made of what was asked lately. It reads kept facts and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hybridops.approvals.models import ApprovalRequest
from hybridops.domain.assess import Assessment, assess
from hybridops.domain.policy import Policy
from hybridops.domain.risk import facts_in


@dataclass(frozen=True, slots=True)
class Moved:
    """A request that would stand in another tier, or need other people."""

    request: ApprovalRequest
    before: Assessment
    after: Assessment


@dataclass(frozen=True, slots=True)
class DryRun:
    """`asked_before` and `asked_after`: how many of `total` meet people."""

    total: int
    asked_before: int
    asked_after: int
    denied_after: int
    moved: tuple[Moved, ...]

    @property
    def dearest_that_would_pass(self) -> Moved | None:
        """Of those that met people and would not any more."""
        passing = [one for one in self.moved if one.after.by_policy and not one.before.by_policy]
        return max(passing, key=lambda one: one.before.facts.cost_usd_max, default=None)


def dry_run(requests: Iterable[ApprovalRequest], *, now: Policy, candidate: Policy) -> DryRun:
    """Both policies on the same kept facts, so that nothing differs but the policy."""
    pairs = [_both(request, now, candidate) for request in requests]
    return DryRun(
        total=len(pairs),
        asked_before=sum(one.before.people > 0 for one in pairs),
        asked_after=sum(one.after.people > 0 for one in pairs),
        denied_after=sum(bool(one.after.denied) for one in pairs),
        moved=tuple(one for one in pairs if _told(one.before) != _told(one.after)),
    )


def _both(request: ApprovalRequest, now: Policy, candidate: Policy) -> Moved:
    facts = facts_in(request.assessment["facts"])
    return Moved(request, assess(facts, now), assess(facts, candidate))


def _told(found: Assessment) -> tuple[object, ...]:
    return (found.tier, found.denied, found.by_policy, found.need)
