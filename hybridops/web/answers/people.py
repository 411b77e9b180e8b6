"""The answer line of People: how many there are, and who is out."""

from __future__ import annotations

from collections.abc import Sequence

from hybridops.teams.models import User
from hybridops.web import fmt


def answer(rows: Sequence[User]) -> str:
    people = [row for row in rows if row.kind == User.PERSON]
    active = sum(row.is_active for row in people)
    machines = sum(row.kind != User.PERSON and row.is_active for row in rows)
    parts = [f"{fmt.number(active)} {'person works' if active == 1 else 'people work'} here"]
    if machines:
        ask = "service or agent asks" if machines == 1 else "services or agents ask"
        parts.append(f"{fmt.number(machines)} {ask} on their behalf")
    if out := len(people) - active:
        parts.append(f"{fmt.number(out)} {'was' if out == 1 else 'were'} deactivated")
    return f"{', '.join(parts)}."
