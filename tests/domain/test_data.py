"""Where data may go: both its owner and the policy have a no, and nothing gets looser without a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.domain.data import DATA_CLASSES, USUAL, Reach, chosen_regions, covers, is_looser, is_tighter
from hybridops.domain.errors import BadInput

REGIONS = st.lists(st.sampled_from(["*", "home", "dk", "eu", "us"]), min_size=1, max_size=4)
PLACES = ("dk", "eu", "us", "jp")


@given(REGIONS, REGIONS, st.sampled_from(PLACES))
def test_a_place_is_reached_where_owner_and_policy_both_say_so(
    owner: list[str], policy: list[str], at: str
) -> None:
    reach = Reach("internal", tuple(owner), tuple(policy), "dk")
    both = covers(owner, at, home="dk") and covers(policy, at, home="dk")
    assert (reach.why_not(at) == "") is both
    assert both or at in reach.why_not(at)


@given(REGIONS, REGIONS)
def test_looser_means_that_some_place_is_new(regions: list[str], than: list[str]) -> None:
    new = [at for at in PLACES if covers(regions, at, home="dk") and not covers(than, at, home="dk")]
    assert is_looser(regions, than=than, home="dk") is bool(new)


@given(st.sampled_from(DATA_CLASSES), REGIONS)
def test_without_a_reason_nothing_is_looser_than_its_class(data_class: str, regions: list[str]) -> None:
    try:
        kept = chosen_regions(data_class, regions, " ", home="dk")
    except BadInput:
        assert is_looser(regions, than=USUAL[data_class], home="dk")
    else:
        assert not is_looser(kept, than=USUAL[data_class], home="dk")


@given(st.sampled_from(DATA_CLASSES), REGIONS, st.sampled_from(DATA_CLASSES), REGIONS)
def test_two_marks_are_equal_or_one_way_is_tighter(a: str, there: list[str], b: str, here: list[str]) -> None:
    forth = is_tighter(b, here, than=(a, there), home="dk")
    back = is_tighter(a, there, than=(b, here), home="dk")
    same = a == b and all(covers(here, at, home="dk") == covers(there, at, home="dk") for at in PLACES)
    assert (forth or back) is not same


def test_a_reason_opens_what_is_sensitive_and_never_what_is_restricted() -> None:
    assert chosen_regions("sensitive", ["eu"], "the client runs there", home="dk") == ("eu",)
    with pytest.raises(BadInput, match="stays in its home region, dk"):
        chosen_regions("restricted", ["eu"], "the client runs there", home="dk")
    assert chosen_regions("restricted", ["dk"], "", home="dk") == ("dk",)
    assert chosen_regions("public", [], "", home="dk") == ("*",)


@pytest.mark.parametrize("wrong", ["EU", "", "a b", "<b>", "x" * 41])
def test_a_region_is_a_plain_name(wrong: str) -> None:
    with pytest.raises(BadInput, match="A region is"):
        chosen_regions("public", [wrong], "why", home="dk")
