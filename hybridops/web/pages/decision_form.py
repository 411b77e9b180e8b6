"""The four outcomes. None is preselected; limits belong to one of them, a reason to three."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from hybridops.approvals.models import Delegation
from hybridops.approvals.services import VERDICTS
from hybridops.domain import clock
from hybridops.web import fmt
from hybridops.web.pages.fields import Count, Dollars
from hybridops.web.proving import ProofFields

LIMITS = ("shots_max", "cost_usd_max", "submissions_max", "not_after")


class DecisionForm(ProofFields):
    """What a reviewer sends; whether they may, and whether a limit is tighter, the services say."""

    verdict = forms.ChoiceField(
        choices=[(verdict, verdict) for verdict in VERDICTS],
        label="Decision",
        error_messages={"required": "Choose one of the four.", "invalid_choice": "Choose one of the four."},
    )
    digest_shown = forms.CharField(max_length=64, widget=forms.HiddenInput)
    shots_max = Count(required=False, min_value=1, label="Shots at most")
    cost_usd_max = Dollars(
        required=False, min_value=0, max_digits=14, decimal_places=6, label="Spend at most"
    )
    submissions_max = Count(required=False, min_value=1, label="Submissions at most")
    not_after = forms.DateTimeField(
        required=False,
        label="Start before",
        input_formats=["%Y-%m-%dT%H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    backends = forms.MultipleChoiceField(required=False, label="Only on", widget=forms.CheckboxSelectMultiple)
    on_behalf = forms.TypedChoiceField(required=False, label="In whose place", coerce=int, empty_value=None)
    reason = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(
        self, envelope: Mapping[str, Any], places: Sequence[Delegation], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        ends = datetime.fromisoformat(envelope["not_after"])
        self.fields["shots_max"].help_text = f"Asked: {fmt.shots(envelope['shots_max'])}"
        self.fields["cost_usd_max"].help_text = f"Asked: {fmt.money(Decimal(envelope['cost_usd_max']))}"
        self.fields["submissions_max"].help_text = f"Asked: {fmt.shots(envelope['submissions_max'])}"
        zone = timezone.get_current_timezone_name()
        self.fields["not_after"].help_text = f"Lapses {fmt.day(ends)}, {fmt.clock(ends)} {zone}"
        self._choose("backends", [(one["backend"], one["backend"]) for one in envelope["programs"]])
        mine = [("", "For myself"), *((str(row.giver_id), f"For {row.giver}") for row in places)]
        self._choose("on_behalf", mine)

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """What is missing is said before a one-time code is used up."""
        given = super().clean() or self.cleaned_data
        if given.get("verdict", "approve") != "approve" and not given.get("reason", "").strip():
            self.add_error("reason", "Give a reason: the requester reads it, and it stays in the trail.")
        return given

    def clean_not_after(self) -> Any:
        moment = self.cleaned_data["not_after"]
        if moment is not None and moment <= clock.now():
            raise forms.ValidationError("Choose a time that is still ahead.")
        return moment

    def limits(self) -> dict[str, Any] | None:
        """Only what was filled in, and only for an approval with limits."""
        if self.cleaned_data["verdict"] != "narrow":
            return None
        found = {name: value for name in LIMITS if (value := self.cleaned_data[name]) is not None}
        kept = self.cleaned_data["backends"]
        return {**found, "backends": kept} if kept else found
