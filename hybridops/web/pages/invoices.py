"""Bills of vendors: imported, line by line beside what was booked, what is left for a person first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from hybridops.domain.errors import BadInput, Conflict, Refused
from hybridops.domain.invoices import BYTES_MAX
from hybridops.domain.money import from_micro
from hybridops.experiments import invoices as work
from hybridops.quotas import queries
from hybridops.quotas.models import InvoiceLine
from hybridops.teams.access import check_may, may, teams_with
from hybridops.teams.models import Team, User
from hybridops.teams.permissions import Permission
from hybridops.web import fmt
from hybridops.web.answers import money as answers
from hybridops.web.context import reader
from hybridops.web.errors import page, whole
from hybridops.web.pages.budgets import change_row
from hybridops.web.spreadsheets import csv_of

NEEDS = "Bills need the Finance or the Auditor role."
ROWS = 50


class ImportForm(forms.Form):
    """A vendor's bill as CSV with the columns job, amount and currency."""

    use_required_attribute = False

    team = forms.ModelChoiceField(queryset=Team.objects.none(), label="Team", empty_label=None)
    provider = forms.ChoiceField(label="Vendor")
    number = forms.CharField(max_length=60, label="Its number", strip=True)
    file = forms.FileField(
        label="CSV", help_text="With the columns job, amount and currency, and date if it is there."
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(Any, self.fields["team"]).queryset = teams_with(user, Permission.MANAGE_BUDGETS)
        cast(Any, self.fields["provider"]).choices = [(name, name) for name in sorted(settings.PROVIDERS)]

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > BYTES_MAX:
            raise forms.ValidationError(f"At most {BYTES_MAX // 1_000_000} MB are read.")
        return bytes(file.read())


@page(refusal=NEEDS)
@require_GET
def invoices(request: HttpRequest) -> HttpResponse:
    return _list(request)


@page(refusal=NEEDS, second_factor=True)
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Imports a bill; the same file again leads to the same one."""
    user = reader(request)
    check_may(user, Permission.MANAGE_BUDGETS)
    form = ImportForm(user, request.POST, request.FILES)
    status = 422
    if form.is_valid():
        given = form.cleaned_data
        try:
            with whole():
                made = work.import_invoice(
                    user=user,
                    team_id=given["team"].pk,
                    provider=given["provider"],
                    number=given["number"],
                    data=given["file"],
                )
        except (BadInput, Conflict, Refused) as wrong:
            field = getattr(wrong, "field", None) or ("file" if isinstance(wrong, BadInput) else None)
            form.add_error(field, str(wrong))
            status = 409 if isinstance(wrong, Conflict) else 422
        else:
            return cast(HttpResponse, redirect("invoice", made.pk))
    return _list(request, form, status)


def _list(request: HttpRequest, form: ImportForm | None = None, status: int = 200) -> HttpResponse:
    user = reader(request)
    rows = _bills(user)
    listed = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    manages = may(user, Permission.MANAGE_BUDGETS)
    told = {
        "answer": answers.invoices(
            queries.left_over(queries.open_lines(user, Permission.SEE_COSTS)), rows.count()
        ),
        "listed": listed,
        "rows": [_invoice(one) for one in listed],
        "form": (form or ImportForm(user)) if manages else None,
    }
    return render(request, "cost/invoices.html", told, status=status)


def _bills(user: User) -> QuerySet[Any]:
    """The bills that this person may see, newest first, with the sums of their lines."""
    check_may(user, Permission.SEE_COSTS)
    return queries.invoices_with(user, Permission.SEE_COSTS).annotate(
        lines_count=Count("lines"),
        open_count=Count("lines", filter=Q(lines__how="")),
        billed=Sum("lines__billed_micro", default=0),
        booked=Sum("lines__booked_micro", default=0),
    )


@page(refusal=NEEDS)
@require_GET
def list_export(request: HttpRequest) -> HttpResponse:
    """All bills as CSV."""
    return csv_of("bills", _list_csv(_bills(reader(request))))


def _list_csv(rows: Iterable[Any]) -> Iterator[list[str]]:
    yield [*("bill", "vendor", "team", "lines", "open", "billed_usd", "booked_usd"), *("imported_at", "by")]
    for one in rows:
        usd = (fmt.csv_number(from_micro(micro)) for micro in (one.billed, one.booked))
        yield [
            *(one.number, one.provider, one.team.name, str(one.lines_count), str(one.open_count), *usd),
            *(fmt.utc(one.imported_at), str(one.by)),
        ]


def _invoice(one: Any) -> dict[str, Any]:
    return {
        "invoice": one,
        "lines": one.lines_count,
        "open": one.open_count,
        "billed": from_micro(one.billed),
        "booked": from_micro(one.booked),
        "apart": _apart(one.billed - one.booked),
    }


def _apart(micro: int) -> str:
    """A difference as the pages say it."""
    if not micro:
        return "the same"
    return f"{fmt.money(from_micro(abs(micro)))} {'more' if micro > 0 else 'less'}"


@page(refusal="")
@require_GET
def invoice(request: HttpRequest, pk: int) -> HttpResponse:
    return _one(request, pk)


def _one(request: HttpRequest, pk: int, problem: str = "", status: int = 200) -> HttpResponse:
    user = reader(request)
    found = queries.invoice_seen(user, pk)
    lines = found.lines.select_related("reservation").order_by("line")
    left = lines.filter(how="")
    over = queries.left_over(left)
    done = Paginator(lines.exclude(how=""), ROWS).get_page(request.GET.get("page"))
    waiting = {one.line_id: change_row(one, user) for one in queries.open_changes(user)}
    told = {
        "invoice": found,
        "answer": answers.invoices(over, 1),
        "left": [_line(one, waiting.get(one.pk)) for one in left[:ROWS]],
        "left_count": over.lines,
        "done": [_line(one, None) for one in done],
        "listed": done,
        "manages": may(user, Permission.MANAGE_BUDGETS, found.team_id),
        "problem": problem,
    }
    return render(request, "cost/invoice.html", told, status=status)


@page(refusal="")
@require_GET
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """Every line of a bill as CSV, with what was booked and what became of it."""
    found = queries.invoice_seen(reader(request), pk)
    return csv_of("bill", _csv(found.lines.select_related("reservation").order_by("line")))


def _csv(lines: Iterable[InvoiceLine]) -> Iterator[list[str]]:
    yield [
        *("line", "job", "day", "billed", "currency", "rate", "billed_usd", "booked_usd", "difference_usd"),
        *("run", "became", "why"),
    ]
    for one in lines:
        usd = (one.billed_micro, one.booked_micro, one.difference_micro)
        yield [
            *(str(one.line), one.job, one.day.isoformat() if one.day else ""),
            *(fmt.csv_number(from_micro(one.amount_micro)), one.currency, one.rate),
            *(fmt.csv_number(None if micro is None else from_micro(micro)) for micro in usd),
            f"R-{one.reservation.run_id}" if one.reservation else "",
            *(one.how or "open", one.why),
        ]


def _line(one: InvoiceLine, change: dict[str, Any] | None) -> dict[str, Any]:
    difference = one.difference_micro
    return {
        "line": one,
        "billed": from_micro(one.billed_micro),
        "own": f"{fmt.number(from_micro(one.amount_micro))} {one.currency}" if one.rate else "",
        "booked": None if one.booked_micro is None else from_micro(one.booked_micro),
        "apart": None if difference is None else _apart(difference),
        "run": one.reservation.run_id if one.reservation else None,
        "before": one.reservation is not None and one.booked_micro is None,
        "change": change,
    }


@page(second_factor=True)
@require_POST
def match(request: HttpRequest, pk: int) -> HttpResponse:
    """Looks again for what was not booked yet when the bill came."""
    with whole():
        found = work.match_again(user=reader(request), invoice_id=pk)
    messages.success(request, f"{found} more found." if found else "Nothing more was found.")
    return cast(HttpResponse, redirect("invoice", pk))


@page(second_factor=True)
@require_POST
def line(request: HttpRequest, pk: int) -> HttpResponse:
    """Books a line's difference, or sets the line aside; a verb that is neither does nothing."""
    user, verb, why = reader(request), request.POST.get("verb", ""), request.POST.get("why", "")[:300]
    found = queries.managed_line(user, pk)
    if verb not in ("accept", "aside"):
        raise BadInput("Book the difference or set the line aside.")
    said = "Set aside."
    try:
        with whole():
            if verb == "aside":
                work.set_aside(user=user, line_id=pk, why=why)
            elif work.accept(user=user, line_id=pk, why=why) is None:
                said = "The difference is booked."
            else:
                said = "Proposed. It is booked once another person of finance confirms it."
    except BadInput as wrong:
        return _one(request, found.invoice_id, str(wrong), 422)
    messages.success(request, said)
    return cast(HttpResponse, redirect("invoice", found.invoice_id))
