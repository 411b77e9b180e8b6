"""Forms over the closed grammar of a workflow: ranges, rule, fallback. Policies and price books are edited as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from django import forms

from hybridops.definitions.review import VERDICTS
from hybridops.domain.errors import BadInput
from hybridops.domain.helping import METHODS
from hybridops.domain.verdict import ARMS, SLACKS
from hybridops.domain.workflow import Fallback, schema_of
from hybridops.trust.canonical import read as read_json
from hybridops.web.proving import ProofFields

JSON_BYTES_MAX = 64 * 1024
RANGE = ("default", "low", "high", "step")
HELPING = ("delta", "bound", "pairs")
SHARE, AMOUNT = SLACKS


class WorkflowForm(forms.Form):
    """The fields are those of the draft's own body; `body` puts what was typed back into it."""

    title = forms.CharField(max_length=80, label="Title")
    summary = forms.CharField(max_length=300, label="Summary", widget=forms.Textarea(attrs={"rows": 3}))
    against = forms.ChoiceField(
        choices=[(arm, arm) for arm in ARMS[:3]], label="Accepted when no worse than the"
    )
    worse_by_at_most = forms.FloatField(min_value=0, max_value=1, label="Or worse by this share at most")
    fallback = forms.ChoiceField(
        choices=[(one.value, one.value) for one in Fallback], label="Without a QPU answer"
    )
    submissions_max = forms.IntegerField(min_value=1, max_value=100, label="Submissions at most")
    delta = forms.FloatField(
        required=False, min_value=0, max_value=0.5, label="Helping: smallest gain worth having, a share"
    )
    bound = forms.FloatField(
        required=False, min_value=0, max_value=1, label="Helping: one pair counts as this share at most"
    )
    pairs = forms.IntegerField(required=False, min_value=2, label="Helping: pairs wanted")

    def __init__(self, body: Mapping[str, Any], data: Any = None) -> None:
        initial = {name: body.get(name) for name in ("title", "summary", "fallback", "submissions_max")}
        rule = body.get("acceptance", {})
        initial |= dict(body.get("helping", {}))
        super().__init__(data, initial={**initial, **rule, SHARE: rule.get(SHARE, rule.get(AMOUNT))})
        self.slack = AMOUNT if AMOUNT in rule else SHARE
        if self.slack == AMOUNT:
            self.fields[SHARE] = forms.FloatField(
                min_value=0, label=f"Or above it by this much at most, in {body.get('unit') or 'its unit'}"
            )
        self.drafted = body
        for parameter in body.get("parameters", []):
            self._add(parameter)

    def _add(self, parameter: Mapping[str, Any]) -> None:
        label = parameter.get("label") or parameter["name"]
        if parameter["kind"] == "choice":
            self.fields[f"{parameter['name']}-choices"] = forms.CharField(
                label=f"{label}: choices",
                initial=", ".join(parameter["choices"]),
                help_text="With commas between.",
            )
            self.fields[f"{parameter['name']}-default"] = forms.CharField(
                label=f"{label}: default", initial=parameter["default"]
            )
            return
        for part in RANGE:
            self.fields[f"{parameter['name']}-{part}"] = forms.FloatField(
                label=f"{label}: {part}", initial=parameter.get(part), required=part != "step",
                widget=forms.TextInput(attrs={"inputmode": "decimal"}),
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """All of the rule for helping, or none of it: without one its evidence is not judged."""
        given: dict[str, Any] = super().clean() or {}
        told = [given.get(name) is not None for name in HELPING]
        if any(told) and not all(told):
            raise forms.ValidationError("A rule for helping has a gain, a bound and a number of pairs.")
        return given

    def body(self) -> dict[str, Any]:
        given, body = self.cleaned_data, deepcopy(dict(self.drafted))
        body |= {name: given[name] for name in ("title", "summary", "fallback", "submissions_max")}
        body["acceptance"] = {"against": given["against"], self.slack: given[SHARE]}
        self._put_rule(body, given)
        for parameter in body["parameters"]:
            self._put(parameter, given)
        return body

    def _put_rule(self, body: dict[str, Any], given: Mapping[str, Any]) -> None:
        kept = body.pop("helping", {})
        kept = {"method": METHODS[0], **{name: kept[name] for name in ("method", "scale") if name in kept}}
        if given["delta"] is not None:
            body["helping"] = {**{name: given[name] for name in HELPING}, **kept}
        body["schema"] = schema_of(body)

    def _put(self, parameter: dict[str, Any], given: Mapping[str, Any]) -> None:
        name = parameter["name"]
        if parameter["kind"] == "choice":
            parameter["choices"] = [
                part.strip() for part in given[f"{name}-choices"].split(",") if part.strip()
            ]
            parameter["default"] = given[f"{name}-default"].strip()
            return
        for part in RANGE:
            value = given[f"{name}-{part}"]
            if value is None:
                parameter.pop(part, None)
            else:
                parameter[part] = int(value) if value == int(value) else value


class JsonForm(forms.Form):
    text = forms.CharField(
        max_length=JSON_BYTES_MAX, strip=False, label="The document",
        help_text="JSON. Fields nobody knows are refused.",
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false", "class": "mono"}),
    )  # fmt: skip

    def __init__(self, body: Mapping[str, Any], data: Any = None) -> None:
        super().__init__(data, initial={"text": json.dumps(body, indent=2, ensure_ascii=False)})

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        try:
            found = read_json(text.encode())
        except BadInput as problem:
            raise forms.ValidationError(str(problem)) from problem
        if not isinstance(found, dict):
            raise forms.ValidationError("Expected named fields: { … }.")
        return text

    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = read_json(self.cleaned_data["text"].encode())
        return found


type EditForm = WorkflowForm | JsonForm


def edit_form(kind: str, body: Mapping[str, Any], data: Any = None) -> EditForm:
    return (WorkflowForm if kind == "workflow" else JsonForm)(body, data)


class ReviewForm(ProofFields):
    """Three outcomes, none of them preselected."""

    verdict = forms.ChoiceField(
        choices=[(one, one) for one in VERDICTS], label="Your review",
        error_messages={"required": "Choose one of the three.", "invalid_choice": "Choose one of the three."},
    )  # fmt: skip
    digest_shown = forms.CharField(max_length=64, widget=forms.HiddenInput)
    reason = forms.CharField(
        required=False, max_length=2000, label="Reason", widget=forms.Textarea(attrs={"rows": 4})
    )
