"""The client's shapes are the description's, field by field, and read nothing else as one."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.client import BadAnswer, run_shapes, shapes
from hybridops.client.reading import read
from hybridops.web.api import v1
from tests.client.test_wire import run_body

COMPONENTS = v1.api.get_openapi_schema(path_prefix="")["components"]["schemas"]
SHAPES: dict[str, Any] = {
    "MeOut": shapes.Me, "MembershipOut": shapes.Membership, "ProjectOut": shapes.Project, "WorkflowOut": shapes.Workflow,
    "ParameterOut": shapes.Parameter, "DecisionOut": shapes.Decision, "SnapshotOut": shapes.Snapshot, "BackendOut": shapes.Backend, "EventOut": shapes.Event,
    "LogOut": shapes.Log, "RequestOut": shapes.RequestShort, "RequestWhole": shapes.Request, "BudgetOut": shapes.Budget,
    "TotalOut": shapes.Total, "CostsOut": shapes.Costs, "FindingOut": shapes.Finding, "ProposalOut": shapes.Proposal,
    "QuoteOut": run_shapes.Quote, "ChoiceOut": run_shapes.Choice, "RunOut": run_shapes.RunShort, "RunWhole": run_shapes.Run,
    "StageOut": run_shapes.Stage, "SubmissionOut": run_shapes.Submission, "CostOut": run_shapes.Cost,
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_has_the_fields_that_are_described(name: str) -> None:
    assert {one.name for one in fields(SHAPES[name])} == set(COMPONENTS[name]["properties"])


def test_every_answer_that_is_described_has_its_shape() -> None:
    answers = {
        name for name in COMPONENTS if name.endswith(("Out", "Whole")) and not name.startswith("Page_")
    }
    assert answers == set(SHAPES)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(run_body())), JSON)
def test_anything_in_any_field_is_a_run_or_a_clear_no(name: str, value: Any) -> None:
    try:
        run = read(run_shapes.Run, run_body(**{name: value}))
    except BadAnswer as said:
        assert name in str(said)  # noqa: PT017  either is right, and both are looked at
        return
    assert isinstance(run._repr_html_(), str) and 0 <= run.progress <= 1


@given(JSON)
def test_any_json_for_a_run(body: Any) -> None:
    with pytest.raises(BadAnswer):
        read(run_shapes.Run, body)


def test_what_a_newer_site_adds_is_left_out() -> None:
    assert "colour" not in asdict(read(run_shapes.Run, run_body(colour="red")))
