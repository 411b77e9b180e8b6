"""The filters of the trail. A value that makes no sense is said, never ignored."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from hybridops.audit.queries import Filter

FAMILIES = (
    *("run", "approval", "money", "budget", "change", "invoice", "spending", "document"),
    *("snapshot", "team", "project", "person", "audit"),
)
_OBJECT = re.compile(r"^(?:(?P<letter>[RA])-(?P<number>\d{1,18})|(?P<stream>[a-z]+(?::[\w-]{1,60})?))$")
_BOX = {"class": "box"}
_STREAMS = {"R": "run", "A": "request"}


class AuditForm(forms.Form):
    person = forms.CharField(required=False, max_length=80, label="Person", widget=forms.TextInput(_BOX))
    action = forms.ChoiceField(
        required=False,
        label="Action",
        choices=[("", "Any"), *((family, family.capitalize()) for family in FAMILIES)],
        widget=forms.Select(_BOX),
    )
    object = forms.CharField(
        required=False,
        max_length=80,
        label="Object",
        widget=forms.TextInput({**_BOX, "size": 12, "placeholder": "R-12, A-3"}),
    )
    since = forms.DateField(required=False, label="From", widget=forms.DateInput({**_BOX, "type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput({**_BOX, "type": "date"}))
    before = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def clean_object(self) -> str:
        asked = self.cleaned_data["object"].strip()
        if not asked:
            return ""
        found = _OBJECT.match(asked)
        if found is None:
            raise forms.ValidationError("Write an object like R-12, A-3 or budget:1.")
        if found["letter"]:
            return f"{_STREAMS[found['letter']]}:{int(found['number'])}"
        return str(found["stream"])

    def clean(self) -> dict[str, Any]:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", "The end lies before the beginning.")
        return self.cleaned_data

    def wanted(self) -> Filter:
        """What a valid form asks for; both days are included."""
        given = self.cleaned_data
        return Filter(
            person=given["person"].strip(),
            action=f"{given['action']}." if given["action"] else "",
            stream=given["object"],
            since=_midnight(given["since"]),
            until=_midnight(given["until"] and given["until"] + timedelta(days=1)),
        )


def _midnight(day: Any) -> datetime | None:
    return None if day is None else timezone.make_aware(datetime.combine(day, time.min))
