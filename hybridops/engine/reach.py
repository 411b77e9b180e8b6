"""Where the data of a run may go now: read again at each step, because its owner may have changed their mind."""

from __future__ import annotations

from hybridops.domain.data import Reach, is_tighter
from hybridops.domain.policy import Policy
from hybridops.domain.risk import RiskFacts
from hybridops.experiments.models import DataSnapshot


def snapshot_of(snapshot_id: int) -> DataSnapshot:
    return DataSnapshot.objects.select_related("project").get(pk=snapshot_id)


def reach_of(snapshot: DataSnapshot, rules: Policy) -> Reach:
    """What its owner says, under the policy in force."""
    allowed = rules.data_regions.get(snapshot.data_class, ())
    return Reach(snapshot.data_class, tuple(snapshot.regions), allowed, snapshot.project.home_region)


def held_tighter(snapshot: DataSnapshot, facts: RiskFacts) -> str:
    """Why what was agreed to under these facts is no longer, or nothing."""
    before = (facts.data_class, facts.data_regions)
    home = snapshot.project.home_region
    if is_tighter(snapshot.data_class, snapshot.regions, than=before, home=home):
        return "the data is held tighter since the approval"
    return ""
