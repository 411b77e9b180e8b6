"""What answers are made of. Money is dollars as text, six places at most, so that nothing is lost in a float."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from django.db.models import Model, QuerySet
from ninja import Schema
from pydantic import Field

from hybridops.domain.errors import BadInput
from hybridops.domain.money import from_micro

ROWS_MAX = 200


class Problem(Schema):
    """RFC 9457. `code` keeps its meaning: branch on it. `detail` is for people and may change."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None
    errors: list[dict[str, str]] | None = None


class Page[T](Schema):
    """`next` is the cursor of the following page, null on the last."""

    items: list[T]
    next: str | None


class Asked(Schema):
    """Which page: the cursor that the one before gave, and how many."""

    cursor: str = Field("", max_length=80)
    limit: int = Field(50, ge=1, le=ROWS_MAX)


type Id = Annotated[int, Field(gt=0, lt=2**63)]
NOS: dict[Any, Any] = dict.fromkeys((401, 403, 404, 422, 429), Problem)
WRITE_NOS: dict[Any, Any] = {**NOS, 400: Problem, 409: Problem}


def usd(micro: int) -> str:
    return f"{from_micro(micro):f}"


def each[M, T](shape: Callable[[M], T]) -> Callable[[Sequence[M]], list[T]]:
    """For rows that need nothing of each other."""
    return lambda rows: [shape(row) for row in rows]


def paged[M: Model, T](
    rows: QuerySet[M], asked: Asked, shapes: Callable[[Sequence[M]], list[T]]
) -> dict[str, Any]:
    """One page by key, newest first, however long the list is. Raises BadInput for a cursor that nobody gave.

    `shapes` gets the page's rows together, so that what they all need is asked for once.
    """
    if asked.cursor:
        rows = rows.filter(pk__lt=_place(asked.cursor))
    found = list(rows.order_by("-pk")[: asked.limit + 1])
    following = _cursor(found[asked.limit - 1].pk) if len(found) > asked.limit else None
    return {"items": shapes(found[: asked.limit]), "next": following}


def _cursor(place: int) -> str:
    return urlsafe_b64encode(f"before {place}".encode()).decode().rstrip("=")


def _place(cursor: str) -> int:
    try:
        word, _, place = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
        if word == "before" and 0 < int(place) < 2**63:
            return int(place)
    except ValueError:
        pass
    raise BadInput("This is no cursor of ours. Begin without one.", field="cursor")
