"""What an administrator fills in: a person, a service, a role. Choices are only what is theirs to give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from hybridops.teams.models import Team, User
from hybridops.teams.permissions import Role


class _OfTeams(forms.Form):
    team = forms.ChoiceField(label="Team")

    def __init__(self, *args: Any, teams: Sequence[Team], **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"{type(self).__name__.lower()}_%s")
        super().__init__(*args, **kwargs)
        choices = [(str(team.pk), str(team)) for team in teams]
        self.fields["team"] = forms.ChoiceField(label="Team", choices=choices)


class PersonForm(_OfTeams):
    username = forms.SlugField(max_length=40, label="Sign-in name")
    name = forms.CharField(max_length=80, label="Name")
    email = forms.EmailField(label="Mail", help_text="Single sign-on finds the person by it.")
    role = forms.ChoiceField(choices=[(role.value, role.value.capitalize()) for role in Role], label="Role")
    field_order = ("username", "name", "email", "team", "role")


class ServiceForm(_OfTeams):
    username = forms.SlugField(max_length=40, label="Short name")
    name = forms.CharField(max_length=80, label="Name")
    kind = forms.ChoiceField(choices=[(User.SERVICE, "Service"), (User.AGENT, "Agent")], label="Kind")
    sponsor = forms.ChoiceField(label="Who answers for it")
    field_order = ("username", "name", "kind", "team", "sponsor")

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(person.pk), str(person)) for person in people]
        told = "This person does not decide on what it asks for."
        self.fields["sponsor"] = forms.ChoiceField(
            label="Who answers for it", choices=choices, help_text=told
        )
        self.order_fields(self.field_order)


class RoleForm(_OfTeams):
    role = forms.ChoiceField(choices=[(role.value, role.value.capitalize()) for role in Role], label="Role")
    take = forms.BooleanField(required=False, label="Take it away")
