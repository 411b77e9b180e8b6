"""The submit form: text to values, and refusals to the fields they name. What is allowed the engine says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms

from hybridops.domain.data import DATA_CLASSES
from hybridops.domain.errors import BadInput, HybridopsError
from hybridops.domain.money import to_micro
from hybridops.domain.risk import CLASSES
from hybridops.domain.workflow import Definition, Fallback, Parameter
from hybridops.experiments.models import DataSnapshot
from hybridops.experiments.services import Wanted
from hybridops.teams.models import Project
from hybridops.web import fmt

SLIDER_STEPS_MAX = 64
FALLBACKS = {
    Fallback.CLASSICAL: "Answer classically",
    Fallback.STOP: "Stop without an answer",
}


class MoneyField(forms.DecimalField):
    """45, $45.00 and 1 200.50 are amounts."""

    def clean(self, value: Any) -> Any:
        text = str(value or "").replace("$", "").replace(fmt.THIN, "").replace(" ", "")
        return super().clean(text)


class RegionsField(forms.CharField):
    """home, *, or names, with commas between them; nothing means what is usual."""

    def __init__(self) -> None:
        told = "Empty: any region for public data, its home region for all other. Or names such as home, eu-central."
        super().__init__(label="Regions it may reach", max_length=400, required=False, help_text=told)

    def clean(self, value: Any) -> list[str]:
        return [part.strip().lower() for part in str(super().clean(value)).split(",") if part.strip()]


class SubmitForm(forms.Form):
    """Always bound: a first visit brings the defaults, so that every page is a preview of something."""

    use_required_attribute = False

    title = forms.CharField(
        label="Run name", max_length=120, error_messages={"required": "Give the run a name."}
    )
    business_outcome = forms.CharField(
        label="What it is for",
        max_length=300,
        required=False,
        help_text="The business outcome, in the words of who pays. Reviewers read it.",
    )
    seed = forms.IntegerField(
        label="Seed",
        help_text="Same seed and data give the same circuit.",
        error_messages={"required": "Give a seed.", "invalid": "The seed is a whole number."},
        widget=forms.TextInput(attrs={"class": "box n", "inputmode": "numeric"}),
    )
    priority_class = forms.ChoiceField(
        label="Priority class",
        choices=[(name, name.capitalize()) for name in CLASSES],
        help_text="Customer-facing work always meets more questions.",
    )
    deadline = forms.DateTimeField(
        label="Finish by",
        required=False,
        help_text="UTC. An open request lapses then, too.",
        widget=forms.DateTimeInput(
            format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local", "class": "box n"}
        ),
        error_messages={"invalid": "Give a day and a time, or leave it empty."},
    )
    fallback = forms.ChoiceField(
        label="Without a QPU answer",
        choices=[(str(key), words) for key, words in FALLBACKS.items()],
        help_text="A classical answer marks the run as degraded.",
    )
    anyway = forms.CharField(
        label="Use a QPU even where it is not needed",
        max_length=300,
        required=False,
        help_text="Research only: say why, it stays on the run. Else a run that a classical solver or random bits "
        "answer as well ends without a QPU.",
    )
    cost_max = MoneyField(
        label="Spend at most on the QPU",
        max_digits=12,
        decimal_places=6,
        help_text="US dollars. The run never commits more than this.",
        widget=forms.TextInput(attrs={"class": "box n", "inputmode": "decimal"}),
        error_messages={
            "required": "Give a cap, 0 for nothing.",
            "invalid": "The cap is an amount such as 45.00.",
        },
    )
    backend = forms.CharField(label="Backend", required=False, max_length=60)
    submit_key = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any],
        *,
        definition: Definition,
        projects: Iterable[Project],
        snapshots: Iterable[DataSnapshot],
    ) -> None:
        super().__init__(data)
        self.parameters = definition.parameters
        found = [(str(project.pk), f"{project.team.name}, {project.name}") for project in projects]
        self.fields["project"] = forms.ChoiceField(
            label="Project",
            choices=found,
            widget=forms.Select if len(found) > 1 else forms.HiddenInput,
            error_messages={"invalid_choice": "Choose a project in which you may submit."},
        )
        self.fields["snapshot"] = forms.ChoiceField(
            label="Data",
            choices=[(str(row.pk), _described(row, many=len(found) > 1)) for row in snapshots],
            error_messages={"required": "Add data first.", "invalid_choice": "Choose data of this project."},
        )
        for parameter in definition.parameters:
            self.fields[f"p_{parameter.name}"] = _field(parameter)

    @property
    def sizes(self) -> list[forms.BoundField]:
        """The parameters of the signed definition, in its order."""
        return [self[f"p_{parameter.name}"] for parameter in self.parameters]

    def wanted(self) -> Wanted:
        """What is asked for; only where the form is valid."""
        value = self.cleaned_data
        return Wanted(
            project_id=int(value["project"]),
            snapshot_id=int(value["snapshot"]),
            title=value["title"],
            business_outcome=value["business_outcome"],
            parameters={one.name: value[f"p_{one.name}"] for one in self.parameters},
            seed=value["seed"],
            backend=value["backend"],
            priority_class=value["priority_class"],
            fallback=value["fallback"],
            anyway=value["anyway"],
            deadline=value["deadline"],
            cost_max_micro=_micro(value["cost_max"]),
        )

    def refuse(self, problem: HybridopsError) -> None:
        """The sentence beside the field it names, or above them all."""
        name = getattr(problem, "field", None) or ""
        at = next((key for key in (name, f"p_{name}") if key in self.fields), None)
        self.add_error(at, str(problem))


def _micro(amount: Decimal) -> int:
    try:
        return to_micro(amount)
    except BadInput as problem:
        raise BadInput("The cap is zero or more.", field="cost_max") from problem


def _described(row: DataSnapshot, *, many: bool) -> str:
    words = [row.name, str(row.summary.get("size", "")), row.project.name if many else ""]
    return ", ".join(word for word in words if word)


def _field(parameter: Parameter) -> forms.Field:
    """A choice, a slider where a hand can hit every step, or a box. The range is said, and checked elsewhere."""
    label = parameter.label or parameter.name
    if parameter.kind == "choice":
        return forms.ChoiceField(
            label=label,
            help_text=parameter.hint,
            choices=[(name, name.replace("_", " ").capitalize()) for name in parameter.choices],
        )
    low, high = parameter.low or 0, parameter.high or 0
    hint = f"{fmt.number(low)} to {fmt.number(high)}. {parameter.hint}"
    step = parameter.step or (1 if parameter.kind == "int" else None)
    slides = step is not None and (high - low) / step <= SLIDER_STEPS_MAX
    attrs = {"min": f"{low:g}", "max": f"{high:g}", "step": f"{step:g}" if step else "any"}
    attrs |= {"type": "range"} if slides else {"class": "box n"}
    kind = forms.IntegerField if parameter.kind == "int" else forms.FloatField
    return kind(label=label, help_text=hint, widget=forms.NumberInput(attrs=attrs))


def defaults_of(definition: Definition) -> dict[str, Any]:
    """The values the signed definition begins with."""
    return {f"p_{one.name}": one.default for one in definition.parameters}


class DataForm(forms.Form):
    """A file, or a set that comes installed. Its inputs stand among those of the submit form."""

    use_required_attribute = False
    prefix = "data"

    upload = forms.FileField(
        label="File",
        error_messages={"required": "Choose a file first.", "empty": "The file is empty."},
    )
    name = forms.CharField(label="Name", max_length=120, required=False)
    data_class = forms.ChoiceField(
        label="Class",
        choices=[(name, name.capitalize()) for name in DATA_CLASSES],
        initial="internal",
        help_text="Sensitive and restricted data meets more questions.",
    )
    regions = RegionsField()
    why = forms.CharField(
        label="Why it goes further", max_length=300, required=False,
        help_text="Only where it may reach more than its class usually does.",
    )  # fmt: skip

    def __init__(
        self,
        data: Any = None,
        files: Any = None,
        *,
        accepts: str,
        projects: Iterable[Project],
        with_file: bool = True,
    ) -> None:
        super().__init__(data, files)
        self.fields["upload"].required = with_file
        self.fields["upload"].help_text = f"{accepts}, at most 5 MB."
        found = [(str(project.pk), f"{project.team.name}, {project.name}") for project in projects]
        self.fields["project"] = forms.ChoiceField(
            label="Project",
            choices=found,
            initial=found[0][0] if found else "",
            widget=forms.Select if len(found) > 1 else forms.HiddenInput,
            error_messages={"invalid_choice": "Choose a project in which you may submit."},
        )
        for field in self.fields.values():
            field.widget.attrs["form"] = "data-form"

    def refuse(self, problem: HybridopsError) -> None:
        name = getattr(problem, "field", None) or ""
        self.add_error(name if name in self.fields else "upload", str(problem))
