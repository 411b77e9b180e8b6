"""The forms that open a budget and close a period."""

from __future__ import annotations

from typing import Any

from django import forms

from hybridops.domain.money import to_micro
from hybridops.quotas.periods import month, today
from hybridops.quotas.queries import manages_all
from hybridops.teams.access import projects_with, teams_with
from hybridops.teams.models import User
from hybridops.teams.permissions import Permission
from hybridops.web.pages.fields import Count, Dollars

ORGANISATION = "organisation"
_DAY = {"type": "date"}


class OpenForm(forms.Form):
    """A new budget of this person's teams."""

    use_required_attribute = False

    whose = forms.ChoiceField(label="For")
    run = Count(
        required=False, min_value=1, label="Only the experiment of run", help_text="The number in R-12."
    )
    backend = forms.RegexField(
        r"^[\w.:/-]{1,60}$", required=False, label="Only on backend", help_text="Empty is every backend."
    )
    name = forms.CharField(max_length=120, label="Name", strip=True)
    limit = Dollars(min_value=0, max_digits=14, decimal_places=2, label="Limit in USD")
    shots = Count(min_value=0, max_value=10**15, required=False, label="Shots at most")
    qpu_seconds = Dollars(
        min_value=0, max_digits=12, decimal_places=3, required=False, label="QPU seconds at most"
    )
    starts_on = forms.DateField(label="First day", widget=forms.DateInput(_DAY))
    ends_on = forms.DateField(label="Last day", widget=forms.DateInput(_DAY))

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        first, last = month(today())
        kwargs.setdefault("initial", {"starts_on": first.isoformat(), "ends_on": last.isoformat()})
        super().__init__(*args, **kwargs)
        whose = self.fields["whose"]
        assert isinstance(whose, forms.ChoiceField)
        whose.choices = _whose(user, projects=True)

    def asked(self) -> dict[str, Any]:
        """As the service takes it; whose it is comes from the list, so it is this person's to manage."""
        given = self.cleaned_data
        kind, _, number = given["whose"].partition(":")
        team, _, project = number.partition("/")
        seconds = given["qpu_seconds"]
        return {
            "team_id": int(team) if kind != ORGANISATION else None,
            "project_id": int(project) if project else None,
            "backend": given["backend"],
            "name": given["name"],
            "limit_micro": to_micro(given["limit"]),
            "limit_shots": given["shots"],
            "limit_qpu_ms": None if seconds is None else int(seconds * 1000),
            "starts_on": given["starts_on"],
            "ends_on": given["ends_on"],
        }


class CloseForm(forms.Form):
    """Whose periods are closed, and up to which last day."""

    use_required_attribute = False

    whose = forms.ChoiceField(label="Of")
    last = forms.DateField(label="That ended by", widget=forms.DateInput(_DAY))

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        whose = self.fields["whose"]
        assert isinstance(whose, forms.ChoiceField)
        whose.choices = _whose(user, projects=False)

    def clean_whose(self) -> int | None:
        kind, _, number = self.cleaned_data["whose"].partition(":")
        return None if kind == ORGANISATION else int(number)


def _whose(user: User, *, projects: bool) -> list[tuple[str, str]]:
    made = [(f"team:{team.pk}", str(team)) for team in teams_with(user, Permission.MANAGE_BUDGETS)]
    if projects:
        rows = projects_with(user, Permission.MANAGE_BUDGETS)
        made += [(f"project:{row.team_id}/{row.pk}", f"{row}, {row.team}") for row in rows]
    return [(ORGANISATION, "The organisation"), *made] if manages_all(user) else made
