"""What every page wears: the rail, who is reading, the strips. Each part is worked out when it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from hybridops.approvals.queries import waiting_for
from hybridops.domain.errors import NotYours
from hybridops.quotas.queries import spending_stop
from hybridops.teams.access import is_alone, remember_rights
from hybridops.teams.models import User
from hybridops.teams.permissions import ROLE_PERMISSIONS, Permission, Role
from hybridops.teams.presence import demo_code

_P = Permission
# title, then label, URL name, icon and the permission without which the entry is not drawn
SECTIONS: tuple[tuple[str, tuple[tuple[str, str, str, Permission | None], ...]], ...] = (
    (
        "Work",
        (
            ("Today", "today", "today", None),
            ("Runs", "runs", "runs", _P.SEE_RUNS),
            ("New run", "workflows", "plus", _P.SUBMIT_RUNS),
            ("Schedules", "schedules", "clock", _P.SEE_RUNS),
            ("Workflows", "workflows", "tmpl", _P.SEE_RUNS),
            ("Definitions", "definitions", "seal", _P.SEE_RUNS),
            ("Data", "data", "lock", _P.SEE_RUNS),
            ("Compare", "compare", "cmp", _P.SEE_RUNS),
            ("Evidence", "evidence", "scale", _P.SEE_RUNS),
        ),
    ),
    (
        "Decide",
        (("Approvals", "approvals", "person", _P.SEE_RUNS), ("Policy", "policy", "scale", _P.SEE_RUNS)),
    ),
    ("Money", (("Cost", "cost", "cost", _P.SEE_COSTS),)),
    (
        "Operate",
        (
            ("Operations", "operations", "run", _P.OPERATE),
            ("Queues", "queues", "ops", _P.OPERATE),
            ("Backends", "backends", "chip", _P.SEE_RUNS),
            ("Audit", "audit", "audit", _P.SEE_AUDIT),
            ("People", "people", "people", _P.MANAGE_PEOPLE),
            ("Messages", "messages", "mail", None),
            ("Settings", "settings", "gear", None),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Item:
    label: str
    url: str
    icon: str
    current: bool
    count: int


def reader(request: HttpRequest) -> User:
    """Who reads this page. Only for views behind a sign-in."""
    if not isinstance(request.user, User):
        raise NotYours("Sign in first.")
    if request.method in ("GET", "HEAD"):
        remember_rights(request.user)
    return request.user


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context processor. Fragments do not draw the frame, so they do not pay for it either."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"demo": settings.DEMO, "demo_people": _demo_people()}
    roles = _once(lambda: sorted(set(user.memberships.values_list("role", flat=True))))
    return {
        "demo": settings.DEMO,
        "spending_stop": _once(spending_stop),
        "alone": _once(is_alone),
        "demo_code": _once(lambda: demo_code(user)) if settings.DEMO else "",
        "user_name": str(user),
        "user_role": _once(lambda: ", ".join(map(str, roles)).capitalize()),
        "nav": _once(lambda: _nav(request, user, {Role(str(role)) for role in roles})),
    }


def _demo_people() -> Any:
    """Whom a visitor of the demo may look around as: the sign-in page offers them, nothing else does."""
    return getattr(settings, "DEMO_PEOPLE", ()) if settings.DEMO else ()


def _once(make: Callable[[], Any]) -> Any:
    return SimpleLazyObject(make)


def _nav(request: HttpRequest, user: User, roles: set[Role]) -> list[dict[str, Any]]:
    """The sections this person can use; a page that is not built yet is not drawn."""
    held = {permission for role in roles for permission in ROLE_PERMISSIONS[role]}
    groups = []
    for title, entries in SECTIONS:
        items = [
            _item(request, user, *entry[:3]) for entry in entries if entry[3] is None or entry[3] in held
        ]
        if drawn := [item for item in items if item is not None]:
            groups.append({"title": title, "items": drawn})
    return groups


def _item(request: HttpRequest, user: User, label: str, name: str, icon: str) -> Item | None:
    try:
        url = reverse(name)
    except NoReverseMatch:
        return None
    here = icon != "plus" and (request.path == url or (url != "/" and request.path.startswith(url)))
    return Item(label, url, icon, here, waiting_for(user).count() if name == "approvals" else 0)
