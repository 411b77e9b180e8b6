"""Classes of data and the regions each may reach. The owner says one, the policy the other: both must allow it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hybridops.domain.errors import BadInput

DATA_CLASSES = ("public", "internal", "sensitive", "restricted")  # from loose to tight
ANYWHERE, HOME = "*", "home"
# Where data of a class goes unless its owner says something else.
USUAL: Mapping[str, tuple[str, ...]] = {
    "public": (ANYWHERE,),
    "internal": (HOME,),
    "sensitive": (HOME,),
    "restricted": (HOME,),
}
FIXED = "restricted"  # no reason lets it go further than usual
REGIONS_MAX = 10
_REGION = re.compile(r"\*|[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Reach:
    """Where one snapshot may go: `regions` as its owner says, `allowed` as the policy says of its class."""

    data_class: str
    regions: tuple[str, ...]
    allowed: tuple[str, ...]
    home: str

    def why_not(self, region: str) -> str:
        """Why a backend in this region may not see the data, or nothing."""
        if not covers(self.regions, region, home=self.home):
            said = in_words(self.regions, home=self.home)
            return f"the data may reach {said}, and this is in {region}"
        if not covers(self.allowed, region, home=self.home):
            said = in_words(self.allowed, home=self.home)
            return f"the policy lets {self.data_class} data reach {said}, and this is in {region}"
        return ""


def covers(regions: Collection[str], region: str, *, home: str) -> bool:
    """Whether a region is one of these."""
    return ANYWHERE in regions or region in _named(regions, home)


def is_looser(regions: Collection[str], *, than: Collection[str], home: str) -> bool:
    """Whether some region may be reached that the others do not name."""
    if ANYWHERE in than or ANYWHERE in regions:
        return ANYWHERE not in than
    return not _named(regions, home) <= _named(than, home)


def _named(regions: Collection[str], home: str) -> set[str]:
    return {home if region == HOME else region for region in regions}


def is_tighter(
    data_class: str, regions: Collection[str], *, than: tuple[str, Collection[str]], home: str
) -> bool:
    """Whether data so marked is held tighter than before: what was agreed to under the old marks is no longer."""
    before, reached = than
    raised = DATA_CLASSES.index(data_class) > DATA_CLASSES.index(before)
    return raised or is_looser(reached, than=regions, home=home)


def check_class(data_class: str) -> None:
    """Raises BadInput for a class of data that there is not."""
    if data_class not in DATA_CLASSES:
        raise BadInput(f"Say what the data is: {', '.join(DATA_CLASSES)}.", field="data_class")


def chosen_regions(data_class: str, regions: Collection[str], why: str, *, home: str) -> tuple[str, ...]:
    """The regions as they are kept; none given means the usual ones. Raises BadInput for what may not be.

    Looser than the usual needs a reason, and restricted data has no looser.
    """
    usual = USUAL[data_class]
    found = tuple(dict.fromkeys(regions)) or usual
    if len(found) > REGIONS_MAX or not all(_REGION.fullmatch(region) for region in found):
        raise BadInput(
            f"A region is home, * or a name such as eu-central; at most {REGIONS_MAX}.", field="regions"
        )
    if is_looser(found, than=usual, home=home):
        if data_class == FIXED:
            raise BadInput(f"Restricted data stays in its home region, {home}.", field="regions")
        if not why.strip():
            said = f"{data_class.capitalize()} data usually reaches {in_words(usual, home=home)}."
            raise BadInput(f"{said} Say why this one goes further.", field="why")
    return found


def in_words(regions: Collection[str], *, home: str) -> str:
    """Regions as half a sentence."""
    if ANYWHERE in regions:
        return "any region"
    named = [f"its home region {home}" if region == HOME else region for region in regions]
    return " or ".join(named) or "no region"
